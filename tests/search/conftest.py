"""Search running beside the services whose events it takes, on the embedded engines, reached over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection
from starlette.testclient import TestClient
from waiting import until

from services.campaigns.files import read_campaign
from services.intake.main import INTAKE
from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.contracts.envelope import Event
from services.kernel.contracts.events import (
    AccountOpened,
    CampaignPublished,
    Compared,
    ConsentRecorded,
    Contact,
    ExclusionChecked,
    ListedWork,
    ListLocked,
    ReleaseDecided,
    ResultPublished,
    ResultWork,
    WorkContent,
    WorkSaved,
    WorkSubmitted,
)
from services.kernel.service import Context
from services.kernel.settings import Settings
from services.media.main import MEDIA
from services.review.main import REVIEW
from services.runtime import Platform
from services.search.main import SEARCH

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
NOW = datetime(2025, 4, 1, 1, 0, tzinfo=UTC)
DEFINITIONS = (INTAKE, MEDIA, REVIEW, SEARCH)


@dataclass
class World:
    """The platform, and the events with which others speak to search."""

    platform: Platform
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)

    @property
    def search(self) -> Context:
        return self.platform.services["search"].context

    def emit(self, service: str, *events: Event) -> None:
        database = self.platform.services[service].context.database
        database.call(lambda transaction: [transaction.emit(event) for event in events])

    def settle(self) -> None:
        until(self.platform.idle)
        until(lambda: not self.rows("SELECT 1 FROM story WHERE dirty"))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        def look(connection: Connection) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

        return self.search.database.look(look)

    def told(self) -> list[ExclusionChecked]:
        query = "SELECT data FROM outbox WHERE type = 'laurel.exclusion.checked.v1' ORDER BY id"
        return [ExclusionChecked.model_validate_json(data) for (data,) in self.rows(query)]

    def dead(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT type, state, reason FROM deferred")

    def as_(self, role: Role, *, unit: str | None = None, campaign: str | None = None) -> dict[str, str]:
        who = Principal(f"{role}-1", "s1", role, unit, campaign)
        now = self.search.clock.now()
        token = mint(self.search.keys, who, begun_at=now, now=now, limits=Limits())
        return {"Authorization": f"Bearer {token}"}

    def get(self, path: str, role: Role | None = None, **who: Any) -> httpx.Response:
        return self.client.get(path, headers=self.as_(role, **who) if role else {})

    def post(self, path: str, role: Role, *, content: bytes | None = None, json: Any = None, **who: Any) -> httpx.Response:
        return self.client.post(path, headers=self.as_(role, **who), content=content, json=json)


@pytest.fixture(scope="session")
def fresh_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose schema stands: tests start from copies of it."""
    home = tmp_path_factory.mktemp("fresh") / "home"
    platform = Platform(Settings(home=home), definitions=DEFINITIONS)
    platform.start()
    platform.stop()
    return home


@pytest.fixture
def open_world(tmp_path: Path, fresh_home: Path) -> Iterator[Callable[[str], World]]:
    opened: list[Platform] = []

    def opening(name: str = "home") -> World:
        shutil.copytree(fresh_home, tmp_path / name)
        platform = Platform(Settings(home=tmp_path / name), definitions=DEFINITIONS)
        platform.start()
        opened.append(platform)
        return World(platform, TestClient(platform.app(), base_url="http://127.0.0.1"))

    yield opening
    for platform in opened:
        platform.stop()


@pytest.fixture
def world(open_world: Callable[..., World]) -> World:
    return open_world()


# What others say


def campaign(name: str) -> CampaignPublished:
    read = read_campaign(CAMPAIGNS / f"{name}.yaml")
    return CampaignPublished(
        campaign_id=read.id,
        version=1,
        campaign_hash="h",
        title=read.title,
        host="江州市学习型社会建设与终身教育促进委员会办公室",
        rehearsal=False,
        published_at=NOW,
        normalised=read.model_dump(mode="json"),
        units=(),
    )


def hash_of(title: str) -> str:
    return sha256(title.encode()).hexdigest()


def head(work_id: str, title: str, **other: Any) -> dict[str, Any]:
    known = {
        "work_id": work_id,
        "campaign_id": "jiangzhou-2025",
        "campaign_version": 1,
        "campaign_hash": "h",
        "unit_id": "u-yunzhan",
        "unit_name": "云栈区",
        "unit_type": "district",
        "region_code": "990101",
        "track": "stories",
        "title": title,
        "revision": 1,
        "compared_hash": hash_of(title),
    }
    return known | {name: value for name, value in other.items() if name in known}


def content(**other: Any) -> WorkContent:
    compared = {name: value for name, value in other.items() if name in Compared.model_fields}
    return WorkContent(compared=Compared(**compared), story=other.get("story", ""))


def saved(work_id: str, title: str, **other: Any) -> WorkSaved:
    return WorkSaved(**head(work_id, title, **other), personal=content(**other))


def submitted(work_id: str, title: str, **other: Any) -> WorkSubmitted:
    receipt = {"receipt_number": "JZ-2025-0001", "received_at": NOW}
    return WorkSubmitted(**head(work_id, title, **other), **receipt, personal=content(**other))


def locked(*works: tuple[str, str, Compared], track: str = "stories") -> ListLocked:
    return ListLocked(
        list_id="l1",
        campaign_id="jiangzhou-2025",
        unit_id="u-yunzhan",
        unit_name="云栈区",
        region_code="990101",
        check_code="7F3K",
        receipt_number="JZ-2025-0002",
        locked_at=NOW,
        works=tuple(
            ListedWork(row=row, work_id=work, title=title, track=track, compared_hash=hash_of(title))
            for row, (work, title, _) in enumerate(works, start=1)
        ),
        personal={work: compared for work, _, compared in works},
    )


def result(*works: tuple[str, str, Compared], campaign_id: str = "jiangzhou-2024", **other: Any) -> ResultPublished:
    known = {
        "result_id": f"result-{campaign_id}",
        "level": "city",
        "year": 2024,
        "track": "stories",
        "outcome": "优秀作品（入围决赛）",
    }
    said = known | other
    return ResultPublished(
        result_id=said["result_id"],
        round_id="r1",
        campaign_id=campaign_id,
        campaign_title="江州市学习故事活动",
        level=said["level"],
        year=said["year"],
        published_at=datetime(said["year"], 11, 8, tzinfo=UTC),
        record_head="00",
        works=tuple(
            ResultWork(
                work_id=work,
                title=title,
                unit_id="u-yunzhan",
                unit_name="云栈区",
                region_code="990101",
                track=said["track"],
                outcome=said["outcome"],
            )
            for work, title, _ in works
        ),
        personal={work: compared for work, _, compared in works},
    )


def earlier_campaign() -> CampaignPublished:
    """The same campaign a year before, under its own id."""
    now = campaign("jiangzhou-2025")
    return now.model_copy(update={"campaign_id": "jiangzhou-2024"})


def consent(work_id: str, *, given: bool = True) -> ConsentRecorded:
    return ConsentRecorded(work_id=work_id, campaign_id="jiangzhou-2025", given=given)


def release(work_id: str, *, released: bool = True) -> ReleaseDecided:
    return ReleaseDecided(work_id=work_id, campaign_id="jiangzhou-2025", released=released)


def account(role: Role, name: str) -> AccountOpened:
    return AccountOpened(
        account_id=f"{role}-1", role=role, unit_id=None, campaign_id=None, invitation_id=None, personal=Contact(name=name)
    )
