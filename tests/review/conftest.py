"""Settings and the world of this folder's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from review_world import World, world_in

settings.register_profile("review", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("review")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_in(tmp_path) as made:
        yield made
