from __future__ import annotations

from collections.abc import Iterator

import pytest
from notify_events import Story, read_story
from notify_world import World, source

from services.kernel.settings import Settings
from services.notify.main import NOTIFY
from services.runtime import Platform


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    settings = Settings(home=tmp_path / "home", port=0)
    sources = (source("intake", ""), source("media", "assets"), source("review", "rounds"))
    platform = Platform(settings, definitions=(*sources, NOTIFY))
    platform.start()
    yield World(platform)
    platform.stop()


@pytest.fixture(scope="session")
def story() -> Story:
    return read_story()
