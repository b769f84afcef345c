"""A platform in a process of its own, in rehearsal, driven through the public API; one a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flow_world import World

from demo.clips import Clip, make
from demo.platform import Platform

FAST = {"LAUREL_ARGON2_MEMORY_KIB": "8192", "LAUREL_ARGON2_TIME_COST": "1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A running platform where the office is registered and nothing is published yet."""
    platform = Platform(tmp_path_factory.mktemp("home") / "home", environment=FAST).start()
    try:
        yield World(platform)
    finally:
        assert platform.stop() == 0


@pytest.fixture(scope="module")
def published(world: World) -> World:
    """The same platform with the rehearsal copy of S0 published."""
    world.publish()
    return world


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def good_clip(clips: Path) -> Path:
    """Seven seconds of 720p that the rehearsal's rules accept."""
    return make(Clip("夜班后的课堂", "云栈区", duration_s=7, bitrate="1M"), clips / "good.mp4", scratch=clips)


@pytest.fixture(scope="session")
def short_clip(clips: Path) -> Path:
    """The shortest and lightest film that the rehearsal's rules accept."""
    return make(Clip("灯下三代人", "云栈区", duration_s=5.2, width=720, bitrate="300k"), clips / "short.mp4", scratch=clips)


@pytest.fixture(scope="session")
def faulty_clip(clips: Path) -> Path:
    """Too long, too small, and H.265."""
    shape = Clip("夜班后的课堂", "云栈区", duration_s=10, width=640, height=360, codec="libx265")
    return make(shape, clips / "faulty.mp4", scratch=clips)
