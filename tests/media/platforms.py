"""Starts intake and media on the embedded engines, and speaks for intake: publishes campaigns, hands over files."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from services.campaigns.models import Campaign
from services.campaigns.normal import campaign_hash, canonical_json
from services.intake.main import INTAKE
from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.contracts.envelope import Event
from services.kernel.contracts.events import CampaignPublished, UnitRef, UploadCompleted
from services.kernel.ids import new_id
from services.kernel.settings import Settings
from services.media.main import MEDIA
from services.runtime import Platform

DEFINITIONS = (INTAKE, MEDIA)
UNIT, OTHER_UNIT = "unit-yunzhan", "unit-shiqiao"
CAMPAIGN_SUBJECTS = (UNIT, OTHER_UNIT)


class Stage:
    """A platform on a home, as a test drives it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.media = platform.services.get("media")
        self.intake = platform.services["intake"]

    def tell(self, *events: Event) -> None:
        """Emit as intake would."""
        for event in events:
            self.intake.database.call(lambda transaction, event=event: transaction.emit(event))

    def publish(self, campaign: Campaign, version: int = 1) -> None:
        units = tuple(
            UnitRef(unit_id=unit, name=unit, unit_type=campaign.unit_types[0].id, region_code="JZ")
            for unit in CAMPAIGN_SUBJECTS
        )
        self.tell(
            CampaignPublished(
                campaign_id=campaign.id,
                version=version,
                campaign_hash=campaign_hash(campaign),
                title=campaign.title,
                host="江州市",
                rehearsal=True,
                published_at=datetime.now(UTC),
                normalised=json.loads(canonical_json(campaign)),
                units=units,
            )
        )

    def hand_over(self, campaign: Campaign, path: Path, slot: str = "video", **changes: Any) -> UploadCompleted:
        """Store a file as an upload's object and say that it is whole."""
        event = self.completed(campaign, path, slot, **changes)
        self.intake.context.store.put_file(event.object_key, str(path))
        self.tell(event)
        return event

    def completed(self, campaign: Campaign, path: Path, slot: str = "video", **changes: Any) -> UploadCompleted:
        upload_id = new_id()
        values = {
            "upload_id": upload_id,
            "work_id": new_id(),
            "campaign_id": campaign.id,
            "campaign_version": 1,
            "campaign_hash": campaign_hash(campaign),
            "unit_id": UNIT,
            "region_code": "JZ-YZ",
            "slot": slot,
            "size_bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "object_key": f"uploads/{upload_id}",
            "begun_at": datetime.now(UTC),
            "completed_at": datetime.now(UTC),
        }
        return UploadCompleted(**values | changes)

    def client(self, role: Role = Role.LIAISON, unit_id: str | None = UNIT) -> TestClient:
        """A signed-in person."""
        now = datetime.now(UTC)
        who = Principal(account_id=f"account-{role}", session_id=new_id(), role=role, unit_id=unit_id)
        token = mint(self.intake.context.keys, who, begun_at=now, now=now, limits=Limits(idle=timedelta(hours=1)))
        return TestClient(self.platform.app(), headers={"Authorization": f"Bearer {token}"})

    def told(self, fact: str) -> list[dict[str, Any]]:
        """Every event of a type that media wrote, in order."""
        return told_by(self.platform.settings.home / "media.db", fact)

    def until(self, holds: Callable[[], object], seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := holds():
                return found
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s; jobs: {self.jobs()}, deferred: {self.deferred()}")

    def judged(self, number: int = 1, seconds: float = 60) -> list[dict[str, Any]]:
        return self.until(
            lambda: (found := self.told("asset.judged")) if len(self.told("asset.judged")) >= number else None, seconds
        )

    def jobs(self) -> list[tuple[Any, ...]]:
        query = text("SELECT kind, state, percent, label, reason FROM job")
        return [tuple(row) for row in self.media.database.look(lambda rows: rows.execute(query).all())]

    def deferred(self) -> list[tuple[Any, ...]]:
        query = text("SELECT type, waits_for, state, reason FROM deferred")
        return [tuple(row) for row in self.media.database.look(lambda rows: rows.execute(query).all())]


def told_by(database: Path, fact: str) -> list[dict[str, Any]]:
    """Read a service's events from its file, as an outsider would."""
    import pysqlite3

    connection = pysqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchall():
            return []
        rows = connection.execute("SELECT data FROM outbox WHERE type = ? ORDER BY id", (f"laurel.{fact}.v1",)).fetchall()
    finally:
        connection.close()
    return [json.loads(row[0]) for row in rows]


@contextmanager
def running(home: Path, *, definitions: Any = DEFINITIONS, **settings: Any) -> Iterator[Stage]:
    platform = Platform(Settings(home=home, **settings), definitions=definitions)
    platform.start()
    try:
        yield Stage(platform)
    finally:
        platform.stop()
