from __future__ import annotations

import shutil
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


@pytest.fixture(scope="session")
def run(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A life that went from a draft to a locked list without a fault, idle and stopped."""
    home = tmp_path_factory.mktemp("run") / "home"
    life = Life(Path(shutil.copytree(prepared.home, home)), prepared).start()
    try:
        life.whole()
        life.idle()
    finally:
        life.stop()
    return life


@pytest.fixture
def finished(run: Life, tmp_path: Path) -> Life:
    """A copy of that life's home, with what it was answered."""
    home = Path(shutil.copytree(run.home, tmp_path / "home"))
    return Life(home, run.prepared, receipts=[*run.receipts], works=[*run.works])


@pytest.fixture(scope="session")
def review(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A life that went on to a published result, idle and stopped."""
    home = tmp_path_factory.mktemp("review") / "home"
    life = Life(Path(shutil.copytree(prepared.home, home)), prepared).start()
    try:
        life.reviewed()
        life.idle()
    finally:
        life.stop()
    return life


@pytest.fixture
def decided(review: Life, tmp_path: Path) -> Life:
    """A copy of that life's home, with what it was answered."""
    home = Path(shutil.copytree(review.home, tmp_path / "home"))
    return Life(home, review.prepared, receipts=[*review.receipts], works=[*review.works])
