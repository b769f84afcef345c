"""Two clocks: system time for ids, leases and tokens; campaign time for windows, receipts and documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select, update

from services.kernel.contracts.events import ClockChanged, ClockConfirmed
from services.kernel.instants import from_us
from services.kernel.jobs import hurry
from services.kernel.ports import Transaction
from services.kernel.tables import clock

_ROW = select(clock.c.revision, clock.c.offset_us, clock.c.stopped_at)


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class CampaignClock:
    """How system time becomes campaign time: a stopped instant, or an offset (zero outside a rehearsal)."""

    revision: int
    offset_us: int
    stopped_at: datetime | None

    def at(self, stamp: datetime) -> datetime:
        """Return the campaign time of a system instant."""
        return self.stopped_at or stamp + timedelta(microseconds=self.offset_us)


def keep_clock(transaction: Transaction, event: ClockChanged) -> None:
    """Keep a newer revision of the rehearsal's clock and confirm it; jobs that were put back look at it at once."""
    newer = update(clock).where(clock.c.revision < event.revision)
    values = {"revision": event.revision, "offset_us": event.offset_us, "stopped_at": event.stopped_at}
    if transaction.connection.execute(newer.values(values)).rowcount:
        hurry(transaction)
        transaction.emit(ClockConfirmed(service=transaction.service, revision=event.revision))


def read_clock(transaction: Transaction) -> CampaignClock:
    """Return this service's present clock row."""
    revision, offset_us, stopped_us = transaction.execute("SELECT revision, offset_us, stopped_at FROM clock").fetchone()
    return CampaignClock(revision, offset_us, None if stopped_us is None else from_us(stopped_us))


def clock_row(connection: Connection) -> CampaignClock:
    """Return the same for a read-only query."""
    row = connection.execute(_ROW).one()
    return CampaignClock(row.revision, row.offset_us, row.stopped_at)
