"""Works: one row each, its files with their reports, people's ticks, and what was returned."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
)

from services.intake.domain.works import WorkState
from services.intake.store.base import metadata
from services.kernel.columns import Instant

work = Table(
    "work",
    metadata,
    Column("id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("campaign_version", Integer, nullable=False, comment="The version that judged it last."),
    Column("unit_id", String, nullable=False),
    Column("track", String, nullable=False),
    Column("state", String, nullable=False),
    Column("title", String, nullable=False),
    Column("content", Text, nullable=False, comment="JSON: field id to value; of an ID number only hash, kid and last four."),
    Column("compared_hash", String, nullable=False),
    Column("revision", Integer, nullable=False, comment="Counts people's changes only."),
    Column("created_by", String, nullable=False),
    Column("created_at", Instant, nullable=False, comment="Campaign time of the first save."),
    Column("saved_at", Instant, nullable=False, comment="Campaign time of the last change."),
    Column("entered_late", Boolean, nullable=False),
    Column("statement", Text, nullable=False, comment="特殊情况说明 for what was entered late."),
    Column("submitted_at", Instant, comment="Campaign time of receipt."),
    Column("receipt_number", String),
    Column("list_id", String),
    Column("row", Integer, comment="Its place on the list, from 1."),
    Column("hint", Text, comment="JSON: the register's answer on the present fields."),
    Column("consent", Text, comment="JSON: the last recorded consent."),
    Column("release", Text, comment="JSON: the last decision on publication."),
    Column("outcome", String),
    Column("reason", Text, nullable=False, comment="Why it was rejected."),
    Index("work_unit", "campaign_id", "unit_id", "id"),
    Index(
        "work_list", "list_id", "row", sqlite_where=text("list_id IS NOT NULL"), postgresql_where=text("list_id IS NOT NULL")
    ),
    comment="Works.",
)

work_file = Table(
    "work_file",
    metadata,
    Column("id", String, primary_key=True, comment="The id of its upload, which is the asset's id."),
    Column("work_id", String, nullable=False),
    Column("slot", String, nullable=False),
    Column("name", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("object_key", String, nullable=False),
    Column("begun_at", Instant, nullable=False, comment="Campaign time."),
    Column("arrived_at", Instant, nullable=False, comment="Campaign time at which the last byte was durable."),
    Column("late", Boolean, nullable=False, comment="Ended beyond the grace, or came when nothing was asked any more."),
    Column("check_state", String, nullable=False),
    Column("campaign_hash", String, comment="The campaign that the verdict names."),
    Column("verdict", String),
    Column("report", Text, comment="JSON: findings, summary, remedies, frames."),
    Column("rendition", Text, comment="JSON: keys of what people look at."),
    Column("retired_at", Instant),
    Index("work_file_work", "work_id"),
    comment="Files that are whole; one that was replaced is retired.",
)

tick = Table(
    "tick",
    metadata,
    Column("file_id", String, nullable=False),
    Column("finding", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("ticked_at", Instant, nullable=False, comment="Campaign time."),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("file_id", "finding"),
    comment="Questions that a person answered by looking.",
)

returned_item = Table(
    "returned_item",
    metadata,
    Column("id", String, primary_key=True),
    Column("work_id", String, nullable=False),
    Column("item", String, nullable=False, comment="A field or a slot."),
    Column("reason", Text, nullable=False),
    Column("term", Instant, comment="Campaign time; null when the organiser decides."),
    Column("returned_by", String, comment="Null for the platform: a fault that was found after the lock."),
    Column("returned_at", Instant, nullable=False, comment="Campaign time."),
    Column("mended_at", Instant),
    Index("returned_item_work", "work_id"),
    comment="What goes back to the unit, item by item.",
)


@dataclass(frozen=True, slots=True)
class Work:
    """A work as its row says; its values read."""

    id: str
    campaign_id: str
    campaign_version: int
    unit_id: str
    track: str
    state: WorkState
    title: str
    values: dict[str, Any]
    compared_hash: str
    revision: int
    created_by: str
    created_at: datetime
    saved_at: datetime
    entered_late: bool
    statement: str
    submitted_at: datetime | None
    receipt_number: str | None
    list_id: str | None
    row: int | None
    hint: dict[str, Any] | None
    consent: dict[str, Any] | None
    release: dict[str, Any] | None
    outcome: str | None
    reason: str


_JSON = ("content", "hint", "consent", "release")
_ONE = select(work).where(work.c.id == bindparam("work_id"))
_INSERT = work.insert()
_FILES = (
    select(work_file)
    .where(work_file.c.work_id == bindparam("work_id"), work_file.c.retired_at.is_(None))
    .order_by(work_file.c.id)
)


def _work(row: Row[Any]) -> Work:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    read = {name: json.loads(told.pop(name) or "null") for name in _JSON}
    return Work(**told | {"state": WorkState(told["state"]), "values": read.pop("content"), **read})


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    told = {("content" if name == "values" else name): value for name, value in values.items()}
    return {name: _dumped(value) if name in _JSON else value for name, value in told.items()}


def _dumped(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def add(connection: Connection, row: Work) -> None:
    """Insert a work."""
    connection.execute(_INSERT, _columns({name: getattr(row, name) for name in Work.__dataclass_fields__}))


def find(connection: Connection, work_id: str) -> Work | None:
    """Return a work."""
    row = connection.execute(_ONE, {"work_id": work_id}).one_or_none()
    return None if row is None else _work(row)


def change(connection: Connection, work_id: str, **values: Any) -> None:
    """Write these values."""
    connection.execute(work.update().where(work.c.id == work_id).values(_columns(values)))


def page(
    connection: Connection,
    *,
    campaign_id: str | None = None,
    unit_id: str | None = None,
    state: str | None = None,
    track: str | None = None,
    after: str = "",
    limit: int = 50,
) -> list[Work]:
    """Return works in order of their ids, those beyond `after`."""
    wanted = {"campaign_id": campaign_id, "unit_id": unit_id, "state": state, "track": track}
    query = select(work).where(work.c.id > after, *(work.c[name] == value for name, value in wanted.items() if value))
    return [_work(row) for row in connection.execute(query.order_by(work.c.id).limit(limit))]


def of_list(connection: Connection, list_id: str) -> list[Work]:
    """Return the works on a list in its order."""
    query = select(work).where(work.c.list_id == list_id).order_by(work.c.row, work.c.id)
    return [_work(row) for row in connection.execute(query)]


def left_over(connection: Connection, campaign_id: str) -> list[Work]:
    """Return the works that were submitted and stand on no locked list."""
    query = select(work).where(work.c.campaign_id == campaign_id, work.c.state.in_(("submitted", "listed")))
    return [_work(row) for row in connection.execute(query.order_by(work.c.id))]


def locked(connection: Connection, campaign_id: str) -> list[Work]:
    """Return the works on locked lists that the formal check has not ended for."""
    query = select(work).where(work.c.campaign_id == campaign_id, work.c.state.in_(("locked", "returned")))
    return [_work(row) for row in connection.execute(query.order_by(work.c.id))]


def counts(connection: Connection, campaign_id: str) -> dict[str, int]:
    """Return how many works are in each state."""
    query = select(work.c.state, func.count()).where(work.c.campaign_id == campaign_id).group_by(work.c.state)
    return {state: number for state, number in connection.execute(query)}  # noqa: C416 - a row is no pair to mypy


# --- files ----------------------------------------------------------------------------------------------------------


def add_file(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a file that is whole."""
    connection.execute(work_file.insert().values(values))


def files(connection: Connection, work_id: str) -> list[Row[Any]]:
    """Return a work's files, oldest first, without those that were replaced."""
    return list(connection.execute(_FILES, {"work_id": work_id}))


def files_of(connection: Connection, work_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Return the files of several works."""
    query = select(work_file).where(work_file.c.work_id.in_(work_ids), work_file.c.retired_at.is_(None))
    told: dict[str, list[Row[Any]]] = {work_id: [] for work_id in work_ids}
    for row in connection.execute(query.order_by(work_file.c.id)):
        told[row.work_id].append(row)
    return told


def find_file(connection: Connection, file_id: str) -> Row[Any] | None:
    """Return a file."""
    return connection.execute(select(work_file).where(work_file.c.id == file_id)).one_or_none()


def change_file(connection: Connection, file_id: str, **values: Any) -> None:
    """Write these values."""
    connection.execute(work_file.update().where(work_file.c.id == file_id).values(values))


def add_tick(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a person's answer; the first one stands."""
    key = (tick.c.file_id == values["file_id"]) & (tick.c.finding == values["finding"])
    if connection.execute(select(tick.c.file_id).where(key)).first() is None:
        connection.execute(tick.insert().values(values))


def ticks(connection: Connection, file_ids: Collection[str]) -> dict[str, dict[str, Row[Any]]]:
    """Return the answers by file and finding."""
    told: dict[str, dict[str, Row[Any]]] = {file_id: {} for file_id in file_ids}
    if file_ids:
        for row in connection.execute(select(tick).where(tick.c.file_id.in_(file_ids))):
            told[row.file_id][row.finding] = row
    return told


# --- what was returned ----------------------------------------------------------------------------------------------


def add_item(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a returned item."""
    connection.execute(returned_item.insert().values(values))


def items(connection: Connection, work_ids: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Return the returned items of works, oldest first, mended ones included."""
    told: dict[str, list[Row[Any]]] = {work_id: [] for work_id in work_ids}
    if work_ids:
        query = select(returned_item).where(returned_item.c.work_id.in_(work_ids)).order_by(returned_item.c.id)
        for row in connection.execute(query):
            told[row.work_id].append(row)
    return told


def mend_items(connection: Connection, work_id: str, at: datetime) -> None:
    """Write that every open item is mended."""
    still_open = (returned_item.c.work_id == work_id) & returned_item.c.mended_at.is_(None)
    connection.execute(returned_item.update().where(still_open).values(mended_at=at))
