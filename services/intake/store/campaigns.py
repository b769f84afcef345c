"""Campaigns: the draft an office prepares, the versions in force with their units, and the windows that have closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    Text,
    bindparam,
    select,
)

from services.intake.store.base import metadata
from services.kernel.columns import Instant

campaign = Table(
    "campaign",
    metadata,
    Column("id", String, primary_key=True),
    Column("state", String, nullable=False, comment="draft, waiting or published"),
    Column("title", String, nullable=False),
    Column("source", Text, nullable=False, comment="The campaign file as it came."),
    Column("file_name", String, nullable=False),
    Column("extends", Text, comment="The file that it copies, as it was then."),
    Column("units_source", Text),
    Column("units_file_name", String),
    Column("normalised", Text, nullable=False),
    Column("hash", String, nullable=False),
    Column("units", Text, nullable=False, comment="JSON; the units file as it was read, null before it came"),
    Column("findings", Text, nullable=False),
    Column("version", Integer, nullable=False, comment="0 before it is published"),
    Column("created_by", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("requested_by", String),
    Column("requested_at", Instant),
    Column("confirmed_by", String),
    Column("published_at", Instant, comment="Campaign time."),
    Column("one_person", Boolean, nullable=False, comment="Whether one person requested and confirmed."),
    Column("revision", Integer, nullable=False),
    comment="Campaigns.",
)

reading = Table(
    "reading",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("reading_id", String, nullable=False),
    Column("option", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    PrimaryKeyConstraint("campaign_id", "reading_id"),
    comment="Readings that a person confirmed, with the option that stands.",
)

campaign_version = Table(
    "campaign_version",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String, nullable=False),
    Column("normalised", Text, nullable=False),
    Column("units", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    PrimaryKeyConstraint("campaign_id", "version"),
    comment="Each version that is or was in force.",
)

window = Table(
    "window",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("stage_id", String, nullable=False),
    Column("closes_at", Instant, nullable=False, comment="Campaign time."),
    Column("closed_at", Instant, comment="System time; once written the window stays closed."),
    Column("settled_at", Instant, comment="System time from which no earlier write can be under way."),
    Column("uploads_closed_at", Instant, comment="System time at which uploads begun in time were over, too."),
    PrimaryKeyConstraint("campaign_id", "stage_id"),
    comment="Closings are facts: a clock set back reopens nothing.",
)

_IN_FORCE = select(campaign.c.version, campaign.c.hash, campaign.c.published_at).where(
    campaign.c.id == bindparam("campaign_id"), campaign.c.state == "published"
)
_SETTLED = select(window.c.settled_at).where(
    window.c.campaign_id == bindparam("campaign_id"), window.c.stage_id == bindparam("stage_id")
)


def find(connection: Connection, campaign_id: str) -> Row[Any] | None:
    """Return a campaign's row."""
    return connection.execute(select(campaign).where(campaign.c.id == campaign_id)).one_or_none()


def all_of(connection: Connection, *, drafts: bool) -> list[Row[Any]]:
    """Return the campaigns, latest first, with or without those that are not published."""
    columns = (campaign.c.id, campaign.c.title, campaign.c.state, campaign.c.version, campaign.c.hash, campaign.c.published_at)
    query = select(*columns, campaign.c.units, campaign.c.revision).order_by(campaign.c.created_at.desc(), campaign.c.id)
    return list(connection.execute(query if drafts else query.where(campaign.c.state == "published")))


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a campaign."""
    connection.execute(campaign.insert().values(values))


def change(connection: Connection, campaign_id: str, values: Mapping[str, Any]) -> None:
    """Write these values and count the revision."""
    told = {**values, "revision": campaign.c.revision + 1}
    connection.execute(campaign.update().where(campaign.c.id == campaign_id).values(told))


def readings(connection: Connection, campaign_id: str) -> dict[str, Row[Any]]:
    """Return the confirmed readings by id."""
    rows = connection.execute(select(reading).where(reading.c.campaign_id == campaign_id))
    return {row.reading_id: row for row in rows}


def confirm_reading(connection: Connection, campaign_id: str, reading_id: str, **values: Any) -> None:
    """Write that a person confirmed a reading, in place of what was confirmed before."""
    key = (reading.c.campaign_id == campaign_id) & (reading.c.reading_id == reading_id)
    connection.execute(reading.delete().where(key))
    connection.execute(reading.insert().values(campaign_id=campaign_id, reading_id=reading_id, **values))


def forget_readings(connection: Connection, campaign_id: str) -> None:
    """A draft was replaced: every reading is open again."""
    connection.execute(reading.delete().where(reading.c.campaign_id == campaign_id))


def version_in_force(connection: Connection, campaign_id: str) -> tuple[int, str, datetime] | None:
    """Return number, hash and publication of the version in force, None where there is none."""
    row = connection.execute(_IN_FORCE, {"campaign_id": campaign_id}).one_or_none()
    return None if row is None else (row.version, row.hash, row.published_at)


def version(connection: Connection, campaign_id: str, number: int) -> Row[Any]:
    """Return one version."""
    key = (campaign_version.c.campaign_id == campaign_id) & (campaign_version.c.version == number)
    return connection.execute(select(campaign_version).where(key)).one()


def add_version(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a version."""
    connection.execute(campaign_version.insert().values(values))


def published(connection: Connection) -> list[Row[Any]]:
    """Return id and version of every published campaign."""
    query = select(campaign.c.id, campaign.c.version).where(campaign.c.state == "published").order_by(campaign.c.id)
    return list(connection.execute(query))


def add_window(connection: Connection, campaign_id: str, stage_id: str, closes_at: datetime) -> None:
    """Insert the window of a stage."""
    connection.execute(window.insert().values(campaign_id=campaign_id, stage_id=stage_id, closes_at=closes_at))


def windows(connection: Connection, campaign_id: str | None = None) -> list[Row[Any]]:
    """Return the windows of one campaign or of all."""
    query = select(window).order_by(window.c.campaign_id, window.c.closes_at)
    return list(connection.execute(query if campaign_id is None else query.where(window.c.campaign_id == campaign_id)))


def settled_at(connection: Connection, campaign_id: str, stage_id: str) -> datetime | None:
    """Return when a window was settled, None while it is not."""
    found: datetime | None = connection.execute(
        _SETTLED, {"campaign_id": campaign_id, "stage_id": stage_id}
    ).scalar_one_or_none()
    return found


def mark_window(connection: Connection, campaign_id: str, stage_id: str, **marks: datetime) -> None:
    """Write that a window closed or was settled; what was written before stays."""
    key = (window.c.campaign_id == campaign_id) & (window.c.stage_id == stage_id)
    for name, at in marks.items():
        connection.execute(window.update().where(key, window.c[name].is_(None)).values({name: at}))
