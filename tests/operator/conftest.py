from __future__ import annotations

import pytest
from operator_home import Home


@pytest.fixture
def home(tmp_path) -> Home:
    made = Home(tmp_path / "home")
    made.deliver()
    return made
