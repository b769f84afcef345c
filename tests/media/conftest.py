from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from services.campaigns.files import read_campaign
from services.campaigns.findings import Finding
from services.campaigns.models import Campaign
from services.campaigns.slots import AnyRule, Slot
from services.media.domain.judging import judge
from services.media.domain.measures import Measured
from services.media.tools.check import measure

sys.path.insert(0, str(Path(__file__).parent))

from clips import Clips

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    return Clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def s0() -> Campaign:
    return read_campaign(ROOT / "campaigns" / "s0-shanghai-2024-stories.yaml")


def slot_of(*rules: AnyRule, medium: str = "video", label: str = "故事视频") -> Slot:
    return Slot(id="material", label=label, medium=medium, cite="附件1", rules=rules)


Judged = Callable[..., tuple[Finding, ...]]


@pytest.fixture(scope="session")
def measured() -> Callable[[Path, str], Measured]:
    """Measure a file once a session, whatever rules ask of it."""
    known: dict[tuple[Path, str], Measured] = {}

    def once(path: Path, medium: str = "video") -> Measured:
        if (path, medium) not in known:
            known[path, medium] = measure(path, slot_of(medium=medium))
        return known[path, medium]

    return once


@pytest.fixture
def judged(measured: Callable[[Path, str], Measured]) -> Judged:
    def check(path: Path, *rules: AnyRule, medium: str = "video", label: str = "故事视频") -> tuple[Finding, ...]:
        return judge(measured(path, medium), slot_of(*rules, medium=medium, label=label))

    return check
