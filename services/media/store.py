"""The tables of media: what others told it, what was measured, what was judged, what people look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    String,
    Table,
    Text,
    func,
    select,
    update,
)

from services.kernel.columns import Instant
from services.kernel.tables import job

metadata = MetaData()

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_hash", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("normalised", Text, nullable=False),
    Index("campaign_id_version", "campaign_id", "version"),
    comment="Each version of a campaign that was ever in force.",
)

unit = Table(
    "unit",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("unit_type", String, nullable=False),
    PrimaryKeyConstraint("campaign_id", "unit_id"),
    comment="The type of each recommending unit, which decides what a film's cards must show.",
)

work = Table(
    "work",
    metadata,
    Column("work_id", String, primary_key=True),
    Column("track", String, nullable=False),
    comment="The track of each work, which decides whose slot a file lies in.",
)

asset = Table(
    "asset",
    metadata,
    Column("asset_id", String, primary_key=True),
    Column("work_id", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    Column("campaign_hash", String, nullable=False, comment="the campaign under which it was sent"),
    Column("unit_id", String, nullable=False),
    Column("region_code", String, nullable=False),
    Column("slot", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("object_key", String, nullable=False),
    Column("completed_at", Instant, nullable=False),
    Column("retired", Boolean, nullable=False),
    Index("asset_campaign", "campaign_id", "retired"),
    Index("asset_region", "region_code", "retired"),
    comment="Every whole file of a work.",
)

measurement = Table(
    "measurement",
    metadata,
    Column("asset_id", String, primary_key=True),
    Column("sha256", String, nullable=False),
    Column("measured", Text, nullable=False, comment="JSON of the domain's Film, Photo or Refused"),
    comment="What was measured of a file; another campaign judges it from here without decoding it again.",
)

judgement = Table(
    "judgement",
    metadata,
    Column("asset_id", String, nullable=False),
    Column("campaign_hash", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("findings", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("remedies", Text, nullable=False),
    Column("duration_s", Float),
    Column("judged_at", Instant, nullable=False),
    PrimaryKeyConstraint("asset_id", "campaign_hash"),
    comment="The verdict on a file under one campaign.",
)

rendition = Table(
    "rendition",
    metadata,
    Column("asset_id", String, primary_key=True),
    Column("preview_key", String),
    Column("preview_type", String),
    Column("poster_key", String),
    Column("sheet_key", String),
    Column("waveform_key", String),
    Column("frames", Text, nullable=False),
    Column("withdrawn", Text, comment="why an early preview was taken back"),
    comment="What people look at, by object key.",
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of a work. `completed_at`: campaign time."""

    asset_id: str
    work_id: str
    campaign_id: str
    campaign_hash: str
    unit_id: str
    region_code: str
    slot: str
    size_bytes: int
    sha256: str
    object_key: str
    completed_at: datetime
    retired: bool


def keep_campaign(rows: Connection, *, campaign_hash: str, campaign_id: str, version: int, normalised: dict[str, Any]) -> None:
    """Keep a version of a campaign; keeping it twice changes nothing."""
    if rows.execute(select(campaign.c.version).where(campaign.c.campaign_hash == campaign_hash)).first() is None:
        text = json.dumps(normalised, ensure_ascii=False)
        row = {"campaign_hash": campaign_hash, "campaign_id": campaign_id, "version": version, "normalised": text}
        rows.execute(campaign.insert().values(row))


def keep_units(rows: Connection, campaign_id: str, types: Sequence[tuple[str, str]]) -> None:
    """Replace the unit types of a campaign by (unit_id, unit_type) pairs."""
    rows.execute(unit.delete().where(unit.c.campaign_id == campaign_id))
    for unit_id, unit_type in types:
        rows.execute(unit.insert().values(campaign_id=campaign_id, unit_id=unit_id, unit_type=unit_type))


def campaign_of(rows: Connection, campaign_hash: str) -> dict[str, Any] | None:
    """Return the normalised campaign of this hash."""
    text = rows.execute(select(campaign.c.normalised).where(campaign.c.campaign_hash == campaign_hash)).scalar()
    return None if text is None else json.loads(text)


def latest_campaign(rows: Connection, campaign_id: str) -> str | None:
    """Return the hash of the newest version there is."""
    newest = select(campaign.c.campaign_hash).where(campaign.c.campaign_id == campaign_id)
    return rows.execute(newest.order_by(campaign.c.version.desc()).limit(1)).scalar()


def unit_type(rows: Connection, campaign_id: str, unit_id: str) -> str | None:
    """Return the type of a unit."""
    found = select(unit.c.unit_type).where(unit.c.campaign_id == campaign_id, unit.c.unit_id == unit_id)
    return rows.execute(found).scalar()


def keep_work(rows: Connection, work_id: str, track: str) -> None:
    """Know a work's track."""
    if not rows.execute(update(work).where(work.c.work_id == work_id).values(track=track)).rowcount:
        rows.execute(work.insert().values(work_id=work_id, track=track))


def track_of(rows: Connection, work_id: str) -> str | None:
    """Return a work's track, None while its event has not arrived."""
    return rows.execute(select(work.c.track).where(work.c.work_id == work_id)).scalar()


def keep_asset(rows: Connection, kept: Asset) -> None:
    """Know a file; one that is known stays as it is."""
    if asset_of(rows, kept.asset_id) is None:
        rows.execute(asset.insert().values({name: getattr(kept, name) for name in Asset.__slots__}))


def asset_of(rows: Connection, asset_id: str) -> Asset | None:
    """Return a file."""
    row = rows.execute(select(asset).where(asset.c.asset_id == asset_id)).mappings().first()
    return None if row is None else Asset(**row)


def unasked(rows: Connection, campaign_id: str, campaign_hash: str, *, kind: str, after: str, limit: int) -> list[Asset]:
    """Return files of a campaign that still count and that nobody was asked to judge under this version of it, by their ids."""
    asked = select(job.c.key).where(job.c.kind == kind, job.c.key == asset.c.asset_id + f"/{campaign_hash}")
    left = select(asset).where(asset.c.campaign_id == campaign_id, asset.c.retired.is_(False), asset.c.asset_id > after)
    left = left.where(~asked.exists(), ~_judged(campaign_hash).exists())
    return [Asset(**row) for row in rows.execute(left.order_by(asset.c.asset_id).limit(limit)).mappings()]


def _judged(campaign_hash: Any) -> Select[tuple[str]]:
    return select(judgement.c.asset_id).where(
        judgement.c.asset_id == asset.c.asset_id, judgement.c.campaign_hash == campaign_hash
    )


def retire(rows: Connection, asset_id: str) -> None:
    """Note that nobody needs a verdict on this file any more."""
    rows.execute(update(asset).where(asset.c.asset_id == asset_id).values(retired=True))


def waiting_in(rows: Connection, region_code: str, most: int) -> int:
    """Return how many files of a region have no verdict under their newest campaign yet, counting to `most` - 1."""
    newest = select(campaign.c.campaign_hash).where(campaign.c.campaign_id == asset.c.campaign_id)
    judged = _judged(newest.order_by(campaign.c.version.desc()).limit(1).correlate(asset).scalar_subquery())
    waiting = select(asset.c.asset_id).where(asset.c.region_code == region_code, asset.c.retired.is_(False), ~judged.exists())
    return rows.execute(select(func.count()).select_from(waiting.limit(most - 1).subquery())).scalar_one()


def keep_measurement(rows: Connection, asset_id: str, sha256: str, measured: str) -> None:
    """Keep what was measured, once."""
    if measurement_of(rows, asset_id, sha256) is None:
        rows.execute(measurement.insert().values(asset_id=asset_id, sha256=sha256, measured=measured))


def measurement_of(rows: Connection, asset_id: str, sha256: str) -> str | None:
    """Return what was measured of exactly these bytes."""
    found = select(measurement.c.measured).where(measurement.c.asset_id == asset_id, measurement.c.sha256 == sha256)
    return rows.execute(found).scalar()


def keep_judgement(rows: Connection, **values: Any) -> None:
    """Keep a verdict."""
    rows.execute(judgement.insert().values(**values))


def judgement_of(rows: Connection, asset_id: str, campaign_hash: str) -> dict[str, Any] | None:
    """Return the verdict on a file under a campaign."""
    found = select(judgement).where(judgement.c.asset_id == asset_id, judgement.c.campaign_hash == campaign_hash)
    row = rows.execute(found).mappings().first()
    if row is None:
        return None
    return {**row, "findings": json.loads(row["findings"]), "remedies": json.loads(row["remedies"])}


def keep_rendition(rows: Connection, asset_id: str, **values: Any) -> None:
    """Keep or complete what people look at."""
    known = {name: json.dumps(value) if name == "frames" else value for name, value in values.items()}
    if not rows.execute(update(rendition).where(rendition.c.asset_id == asset_id).values(**known)).rowcount:
        rows.execute(rendition.insert().values(asset_id=asset_id, **{"frames": "[]"} | known))


def rendition_of(rows: Connection, asset_id: str) -> dict[str, Any] | None:
    """Return what people look at."""
    row = rows.execute(select(rendition).where(rendition.c.asset_id == asset_id)).mappings().first()
    return None if row is None else {**row, "frames": json.loads(row["frames"])}


def job_of(rows: Connection, kind: str, key: str) -> dict[str, Any] | None:
    """Return state, percent, label and reason of a job."""
    wanted = select(job.c.state, job.c.percent, job.c.label, job.c.reason).where(job.c.kind == kind, job.c.key == key)
    row = rows.execute(wanted).mappings().first()
    return None if row is None else dict(row)


def oldest_waiting(rows: Connection, kind: str) -> datetime | None:
    """Return when the oldest unfinished job of a kind was made."""
    waiting = select(func.min(job.c.created_at)).where(job.c.kind == kind, job.c.state.in_(("queued", "running")))
    return rows.execute(waiting).scalar()
