"""Recommendation lists: one a unit and campaign, its places a track, what was filed for it, and 逾期材料."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, PrimaryKeyConstraint, Row, String, Table, Text, func, select

from services.intake.domain.lists import ListState
from services.intake.store.base import metadata
from services.kernel.columns import Instant

unit_list = Table(
    "unit_list",
    metadata,
    Column("id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("requested_by", String),
    Column("requested_at", Instant, comment="Campaign time."),
    Column("confirmed_by", String),
    Column("locked_at", Instant, comment="Campaign time of the stamp of the head's confirmation."),
    Column("check_code", String),
    Column("receipt_number", String),
    Index("unit_list_unit", "campaign_id", "unit_id", unique=True),
    comment="Recommendation lists.",
)

place = Table(
    "place",
    metadata,
    Column("list_id", String, nullable=False),
    Column("track", String, nullable=False),
    Column("taken", Integer, nullable=False),
    PrimaryKeyConstraint("list_id", "track"),
    comment="The row that whoever takes or gives back a place changes: two cannot take the last one.",
)

statement = Table(
    "statement",
    metadata,
    Column("list_id", String, nullable=False),
    Column("key", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("filed_by", String, nullable=False),
    Column("filed_at", Instant, nullable=False, comment="Campaign time."),
    PrimaryKeyConstraint("list_id", "key"),
    comment="特殊情况说明.",
)

late = Table(
    "late",
    metadata,
    Column("id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("work_id", String),
    Column("list_id", String),
    Column("kind", String, nullable=False, comment="submission, lock or unlisted"),
    Column("sentence", Text, nullable=False),
    Column("proof", Text, comment="A signed stamp, where one was given."),
    Column("received_at", Instant, nullable=False, comment="Campaign time."),
    Column("kept_at", Instant, nullable=False, comment="System time."),
    Index("late_unit", "campaign_id", "unit_id"),
    Index("late_work", "work_id"),
    comment="逾期材料: kept outside the quota until the organiser decides.",
)


@dataclass(frozen=True, slots=True)
class UnitList:
    """A list as its row says."""

    id: str
    campaign_id: str
    unit_id: str
    state: ListState
    revision: int
    requested_by: str | None
    requested_at: datetime | None
    confirmed_by: str | None
    locked_at: datetime | None
    check_code: str | None
    receipt_number: str | None


def _list(row: Row[Any]) -> UnitList:
    told = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return UnitList(**told | {"state": ListState(told["state"])})


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a list."""
    connection.execute(unit_list.insert().values(values))


def find(connection: Connection, list_id: str) -> UnitList | None:
    """Return a list."""
    row = connection.execute(select(unit_list).where(unit_list.c.id == list_id)).one_or_none()
    return None if row is None else _list(row)


def of_unit(connection: Connection, campaign_id: str, unit_id: str) -> UnitList | None:
    """Return a unit's list in a campaign."""
    key = (unit_list.c.campaign_id == campaign_id) & (unit_list.c.unit_id == unit_id)
    row = connection.execute(select(unit_list).where(key)).one_or_none()
    return None if row is None else _list(row)


def all_of(connection: Connection, *, campaign_id: str | None = None, unit_id: str | None = None) -> list[UnitList]:
    """Return lists in the order in which the units stand in their file."""
    wanted = {"campaign_id": campaign_id, "unit_id": unit_id}
    query = select(unit_list).where(*(unit_list.c[name] == value for name, value in wanted.items() if value))
    return [_list(row) for row in connection.execute(query.order_by(unit_list.c.id))]


def change(connection: Connection, list_id: str, **values: Any) -> None:
    """Write these values and count the revision."""
    told = {**values, "revision": unit_list.c.revision + 1}
    connection.execute(unit_list.update().where(unit_list.c.id == list_id).values(told))


def add_place(connection: Connection, list_id: str, track: str) -> None:
    """Insert the row of a list's places in a track."""
    connection.execute(place.insert().values(list_id=list_id, track=track, taken=0))


def take_place(connection: Connection, list_id: str, track: str, at_most: int) -> bool:
    """Take one more place unless that many are taken; return whether it was taken."""
    free = (place.c.list_id == list_id) & (place.c.track == track) & (place.c.taken < at_most)
    return bool(connection.execute(place.update().where(free).values(taken=place.c.taken + 1)).rowcount)


def give_place(connection: Connection, list_id: str, track: str) -> None:
    """Give one place back."""
    key = (place.c.list_id == list_id) & (place.c.track == track)
    connection.execute(place.update().where(key).values(taken=place.c.taken - 1))


def places(connection: Connection, list_id: str) -> dict[str, int]:
    """Return how many places are taken, by track."""
    rows = connection.execute(select(place.c.track, place.c.taken).where(place.c.list_id == list_id))
    return {row.track: row.taken for row in rows}


def taken(connection: Connection, campaign_id: str) -> int:
    """Return how many places of a campaign are taken."""
    counted = select(func.coalesce(func.sum(place.c.taken), 0)).join(unit_list, unit_list.c.id == place.c.list_id)
    return int(connection.execute(counted.where(unit_list.c.campaign_id == campaign_id)).scalar_one())


def file_statement(connection: Connection, list_id: str, key: str, **values: Any) -> None:
    """Write a statement in place of the one before."""
    of_it = (statement.c.list_id == list_id) & (statement.c.key == key)
    connection.execute(statement.delete().where(of_it))
    connection.execute(statement.insert().values(list_id=list_id, key=key, **values))


def statements(connection: Connection, list_id: str) -> list[Row[Any]]:
    """Return what was filed for a list."""
    return list(connection.execute(select(statement).where(statement.c.list_id == list_id).order_by(statement.c.key)))


def keep_late(connection: Connection, values: Mapping[str, Any]) -> Row[Any]:
    """Insert late material unless it is kept already; return its row, whose id is another where it was."""
    key = ("campaign_id", "unit_id", "work_id", "list_id", "kind")
    same = [late.c[name] == values[name] for name in key]  # SQLAlchemy writes IS NULL for None
    found = connection.execute(select(late).where(*same)).one_or_none()
    if found is None:
        connection.execute(late.insert().values(values))
        found = connection.execute(select(late).where(late.c.id == values["id"])).one()
    return found


def late_of(
    connection: Connection, *, campaign_id: str | None = None, unit_id: str | None = None, work_id: str | None = None
) -> list[Row[Any]]:
    """Return late material in the order of receipt."""
    wanted = {"campaign_id": campaign_id, "unit_id": unit_id, "work_id": work_id}
    query = select(late).where(*(late.c[name] == value for name, value in wanted.items() if value))
    return list(connection.execute(query.order_by(late.c.received_at, late.c.id)))
