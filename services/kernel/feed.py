"""A service's own part of the log, read by people: from an event, from an instant, or the last few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from services.kernel.contracts.envelope import Envelope
from services.kernel.instants import to_us
from services.kernel.outbox import COLUMNS, envelope
from services.kernel.tables import outbox


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events: beyond a position, of these topics and types (empty: all); their personal parts only when asked."""

    after: int = 0
    topics: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the log and its position there."""

    position: int
    envelope: Envelope

    def document(self) -> dict[str, Any]:
        """Return the position and the event in CloudEvents' structured mode."""
        return {"position": self.position, "event": self.envelope.structured()}


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in order, and the position to go on from."""

    entries: tuple[Entry, ...]
    following: int

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {"events": [one.document() for one in self.entries], "next": self.following}


def following(connection: Connection, service: str, asked: Asked, limit: int) -> Page:
    """Return the next events beyond `after`."""
    end, entries = last_position(connection), _beyond(connection, service, asked, limit)
    return Page(tuple(entries), entries[-1].position if len(entries) == limit else end)


def latest(connection: Connection, service: str, asked: Asked, limit: int) -> Page:
    """Return the last events there are."""
    end = last_position(connection)
    return Page(tuple(_beyond(connection, service, asked, limit, order="DESC")[::-1]), end)


def _beyond(connection: Connection, service: str, asked: Asked, limit: int, order: str = "ASC") -> list[Entry]:
    condition, values = _condition(asked)
    query = f"SELECT {COLUMNS} FROM outbox WHERE id > ?{condition} ORDER BY id {order} LIMIT ?"  # noqa: S608 - marks only
    rows = connection.exec_driver_sql(query, (asked.after, *values, limit)).fetchall()
    entries = [Entry(row[0], envelope(service, tuple(row)[1:])) for row in rows]
    return entries if asked.personal else [Entry(one.position, replace(one.envelope, personal=None)) for one in entries]


def _condition(asked: Asked) -> tuple[str, tuple[str, ...]]:
    parts = [_among("topic", asked.topics), _among("type", asked.types)]
    return "".join(parts), (*asked.topics, *asked.types)


def _among(column: str, values: Sequence[str]) -> str:
    return f" AND {column} IN ({','.join('?' * len(values))})" if values else ""


def position_of(connection: Connection, event_id: str) -> tuple[int, datetime] | None:
    """Return where an event stands in this log and its time, or None when it stands in another."""
    row = connection.execute(select(outbox.c.id, outbox.c.time).where(outbox.c.event_id == event_id)).first()
    return None if row is None else (row.id, row.time)


def position_at(connection: Connection, instant: datetime) -> int:
    """Return the position of the last event up to an instant, 0 before the first."""
    query = "SELECT COALESCE(MAX(id), 0) FROM outbox WHERE time <= ?"
    position: int = connection.exec_driver_sql(query, (to_us(instant),)).scalar_one()
    return position


def last_position(connection: Connection) -> int:
    """Return the last position, 0 when there is none."""
    end: int = connection.execute(select(func.coalesce(func.max(outbox.c.id), 0))).scalar_one()
    return end
