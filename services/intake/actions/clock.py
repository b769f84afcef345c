"""A rehearsal's clock: moved or stopped by one event that each of the five services keeps and confirms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.intake.actions import closing
from services.intake.actions.acts import record
from services.intake.store import clocks
from services.kernel.auth import Principal
from services.kernel.clocks import clock_row, keep_clock, read_clock
from services.kernel.contracts.events import ClockChanged
from services.kernel.contracts.topics import ALL_SERVICES
from services.kernel.errors import Conflict, Unprocessable
from services.kernel.ports import Transaction

MICROSECOND = timedelta(microseconds=1)
LONGEST_OFFSET = timedelta(days=365 * 50)


@dataclass(frozen=True, slots=True)
class Change:
    """What the clock shall do: stand at an instant, go on from one, go with an offset; with none of these, be right."""

    stopped_at: datetime | None = None
    runs_from: datetime | None = None
    offset: timedelta = timedelta(0)


def change(transaction: Transaction, who: Principal, asked: Change, received: datetime, *, rehearsal: bool) -> int:
    """Change the campaign clock and return its revision. Raises `Conflict` outside a rehearsal."""
    if not rehearsal:
        raise Conflict(
            "正式平台的时钟不能调整，只有试运行可以。", "Only a rehearsal's clock can be changed.", kind="rehearsal-only"
        )
    offset = asked.runs_from - received if asked.runs_from is not None else asked.offset
    away = offset if asked.stopped_at is None else asked.stopped_at - received
    if max(abs(offset), abs(away)) > LONGEST_OFFSET:
        raise Unprocessable("时钟至多前后调整50年。", "The clock can be moved by 50 years at most.")
    event = ClockChanged(
        revision=read_clock(transaction).revision + 1, offset_us=offset // MICROSECOND, stopped_at=asked.stopped_at
    )
    transaction.emit(event)
    keep_clock(transaction, event)
    clocks.confirm(transaction.connection, event.revision, transaction.service)
    record(transaction, who, "clock.changed", "clock/platform", offset_us=event.offset_us, stopped_at=str(asked.stopped_at))
    closing.reschedule(transaction)
    return event.revision


@dataclass(frozen=True, slots=True)
class ClockFace:
    """What the clock shows. `waits_for` names the services that have not confirmed its last change."""

    now: datetime
    campaign_time: datetime
    rehearsal: bool
    revision: int
    offset_s: float
    stopped_at: datetime | None
    waits_for: tuple[str, ...]


def face(connection: Connection, now: datetime, *, rehearsal: bool) -> ClockFace:
    """Return what the clock shows at a system instant."""
    shown = clock_row(connection)
    kept = clocks.confirmed(connection, shown.revision) if shown.revision else frozenset(ALL_SERVICES)
    waits_for = tuple(name for name in ALL_SERVICES if name not in kept)
    offset_s = shown.offset_us / 1_000_000
    return ClockFace(now, shown.at(now), rehearsal, shown.revision, offset_s, shown.stopped_at, waits_for)
