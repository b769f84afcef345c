"""What an operator does about events that are dead or wait: list, look, try again, drop.

A dead letter is a row of `deferred`. In an ordered consumer the later events of its key queue behind it, so that a
letter that is tried again, or dropped, lets them go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Connection, Row, and_, func, select, update

from services.kernel.contracts.envelope import Envelope
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.tables import deferred

log = structlog.get_logger(__name__)


class State(StrEnum):
    """Whether an event waits and goes on by itself, or is dead and waits for a person."""

    WAITING = "waiting"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Letter:
    """One deferred event. `behind` counts the events of its key that queue behind it; instants are system time."""

    event_id: str
    consumer: str
    type: str
    key: str
    state: State
    reason: str
    waits_for: str | None
    attempts: int
    behind: int
    arrived_at: datetime
    due: datetime | None


def find(connection: Connection, *, consumer: str | None, state: State | None, limit: int | None) -> list[Letter]:
    """Return deferred events in the order in which they arrived."""
    query = _letters().order_by(deferred.c.arrival).limit(limit)
    if consumer is not None:
        query = query.where(deferred.c.consumer == consumer)
    if state is not None:
        query = query.where(deferred.c.state == state)
    return [_letter(row) for row in connection.execute(query)]


def get(connection: Connection, event_id: str, *, consumer: str | None = None) -> tuple[Letter, Envelope]:
    """Return one deferred event with its envelope. Raises `NotFound`."""
    row = _row(connection, event_id, consumer)
    return _letter(row), Envelope.unpack(row.envelope)


def retry(transaction: Transaction, event_id: str, *, consumer: str | None, by: str) -> Letter:
    """Let an event be tried now, as if for the first time; wake the consumer after the commit. Raises `NotFound`."""
    row = _row(transaction.connection, event_id, consumer)
    values = {"state": State.WAITING.value, "attempts": 0, "due": transaction.now}
    transaction.connection.execute(update(deferred).where(deferred.c.arrival == row.arrival).values(values))
    log.warning("dead letter retried", consumer=row.consumer, event_id=event_id, type=row.type, by=by)
    return _letter(_row(transaction.connection, event_id, row.consumer))


def drop(transaction: Transaction, event_id: str, *, consumer: str | None, reason: str, by: str) -> Letter:
    """Give an event up for good, for a reason; those behind it are due already. Raises `NotFound`."""
    row = _row(transaction.connection, event_id, consumer)
    dropped = _letter(row)
    transaction.connection.execute(deferred.delete().where(deferred.c.arrival == row.arrival))
    log.warning("dead letter dropped", consumer=row.consumer, event_id=event_id, type=row.type, reason=reason, by=by)
    return dropped


def counts(connection: Connection, consumer: str) -> dict[State, tuple[int, datetime | None]]:
    """Return how many events are in each state, and when the oldest of them arrived."""
    query = (
        select(deferred.c.state, func.count().label("number"), func.min(deferred.c.arrived_at).label("oldest"))
        .where(deferred.c.consumer == consumer)
        .group_by(deferred.c.state)
    )
    found = {State(row.state): (row.number, row.oldest) for row in connection.execute(query)}
    return {state: found.get(state, (0, None)) for state in State}


def _letters() -> Any:
    later = deferred.alias("later")
    same_key = and_(later.c.consumer == deferred.c.consumer, later.c.key == deferred.c.key)
    behind = select(func.count()).where(same_key, later.c.arrival > deferred.c.arrival).scalar_subquery()
    return select(deferred, behind.label("behind"))


def _row(connection: Connection, event_id: str, consumer: str | None) -> Row[Any]:
    query = _letters().where(deferred.c.event_id == event_id)
    if consumer is not None:
        query = query.where(deferred.c.consumer == consumer)
    rows: Sequence[Row[Any]] = connection.execute(query).all()
    if not rows:
        raise NotFound("没有这条待处理的事件，可能已经办理。", "No such deferred event.", event_id=event_id)
    return rows[0]


def _letter(row: Row[Any]) -> Letter:
    return Letter(
        event_id=row.event_id,
        consumer=row.consumer,
        type=row.type,
        key=row.key,
        state=State(row.state),
        reason=row.reason,
        waits_for=row.waits_for,
        attempts=row.attempts,
        behind=row.behind,
        arrived_at=row.arrived_at,
        due=row.due,
    )
