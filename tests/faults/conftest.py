from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from life import Life, Prepared, prepare


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A home on which a campaign is published and one unit's two people have accounts."""
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def home(prepared: Prepared, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared.home, tmp_path / "home", ignore=shutil.ignore_patterns("lock")))


def lived(prepared: Prepared, folder: Path, play: Callable[[Life], None]) -> Life:
    """Return a life on a copy of the prepared home that played a part of the story without a fault: idle, and stopped."""
    life = Life(Path(shutil.copytree(prepared.home, folder / "home")), prepared).start()
    try:
        play(life)
        life.idle()
    finally:
        life.stop()
    return life


def copied(life: Life, folder: Path) -> Life:
    """Return a copy of a life's home, with what it was answered."""
    home = Path(shutil.copytree(life.home, folder / "home"))
    return Life(home, life.prepared, receipts=[*life.receipts], works=[*life.works])


@pytest.fixture(scope="session")
def run(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """From a draft to a locked list."""
    return lived(prepared, tmp_path_factory.mktemp("run"), Life.whole)


@pytest.fixture
def finished(run: Life, tmp_path: Path) -> Life:
    """A copy of that."""
    return copied(run, tmp_path)


@pytest.fixture(scope="session")
def review(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """From drafts to a published result."""
    return lived(prepared, tmp_path_factory.mktemp("review"), Life.reviewed)


@pytest.fixture
def decided(review: Life, tmp_path: Path) -> Life:
    """A copy of that."""
    return copied(review, tmp_path)
