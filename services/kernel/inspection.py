"""What a service can say of itself: schema, where its consumer is, what waits or is dead, jobs, clock, engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from services.kernel import deadletters, feed, metrics, schema
from services.kernel.clocks import CampaignClock
from services.kernel.deadletters import State
from services.kernel.instants import from_us
from services.kernel.ports import Bus, Interest
from services.kernel.service import Definition
from services.kernel.tables import clock, job, log, position

VERSION = "0.1.0"
OPEN_STATES = ("queued", "running", "failed")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a consumer is behind in one partition: events still to take, and the oldest one's time."""

    partition: str
    position: int
    end: int
    events: int
    oldest_at: datetime | None
    same_epoch: bool
    open: bool


@dataclass(frozen=True, slots=True)
class SchemaVersions:
    """Where a database stands, and what this release's code brings; each the number of a migration."""

    kernel: str | None
    service: str | None
    kernel_head: str | None
    service_head: str | None

    @property
    def fits(self) -> bool:
        """Whether the database is exactly this release's."""
        return (self.kernel, self.service) == (self.kernel_head, self.service_head)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events are in one state of `deferred`, and when the oldest arrived."""

    events: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """One service, as an operator sees it. `jobs` counts those not done, by kind and state; `degraded` names troubles."""

    service: str
    version: str
    at: datetime
    engine: str
    schema: SchemaVersions
    logepoch: str
    written: int
    lags: tuple[Lag, ...]
    waiting: Waiting
    dead: Waiting
    jobs: dict[str, dict[str, int]]
    clock: CampaignClock
    degraded: tuple[str, ...]


def inspect(
    connection: Connection, definition: Definition, bus: Bus | None, *, now: datetime, degraded: Sequence[str]
) -> ServiceState:
    """Return the state of a service from its database and the log."""
    consumer = definition.handlers.consumer
    deferred = {state: Waiting(*told) for state, told in deadletters.counts(connection, consumer).items()}
    return ServiceState(
        service=definition.name,
        version=VERSION,
        at=now,
        engine=_engine(connection),
        schema=SchemaVersions(*schema.current(connection), *schema.heads(definition.migrations)),
        logepoch=connection.execute(select(log.c.epoch)).scalar_one(),
        written=feed.last_position(connection),
        lags=tuple(lags(connection, definition, bus)) if bus is not None else (),
        waiting=deferred[State.WAITING],
        dead=deferred[State.DEAD],
        jobs=_jobs(connection),
        clock=CampaignClock(*connection.execute(select(clock.c.revision, clock.c.offset_us, clock.c.stopped_at)).one()),
        degraded=tuple(degraded),
    )


def lags(connection: Connection, definition: Definition, bus: Bus) -> list[Lag]:
    """Return how far the service's consumer is behind, partition by partition."""
    rows = connection.execute(select(position).where(position.c.consumer == definition.handlers.consumer))
    known = {row.partition: row for row in rows}
    interest = definition.handlers.interest()
    return [_lag(bus, partition, interest, known.get(partition)) for partition in bus.partitions()]


def _lag(bus: Bus, partition: str, interest: Interest, row: Any) -> Lag:
    after = 0 if row is None else row.position
    events, oldest_us = bus.lag(partition, after, interest)
    return Lag(
        partition=partition,
        position=after,
        end=bus.end(partition),
        events=events,
        oldest_at=None if oldest_us is None else from_us(oldest_us),
        same_epoch=row is None or row.logepoch in {None, bus.epoch(partition)},
        open=row is not None and row.open,
    )


def _engine(connection: Connection) -> str:
    version = ".".join(map(str, connection.dialect.server_version_info or ()))
    return f"{connection.dialect.name} {version}"


def _jobs(connection: Connection) -> dict[str, dict[str, int]]:
    query = select(job.c.kind, job.c.state, func.count().label("number")).where(job.c.state.in_(OPEN_STATES))
    counted: dict[str, dict[str, int]] = {}
    for row in connection.execute(query.group_by(job.c.kind, job.c.state)):
        counted.setdefault(row.kind, {})[row.state] = row.number
    return counted


def observe(connection: Connection, definition: Definition, bus: Bus | None, *, now: datetime) -> None:
    """Set the gauges of what is written, waits, is dead, and is still to take."""
    consumer = definition.handlers.consumer
    counted = deadletters.counts(connection, consumer)
    metrics.DEAD_LETTERS.labels(consumer).set(counted[State.DEAD][0])
    metrics.DEFERRED.labels(consumer).set(counted[State.WAITING][0])
    metrics.DEFERRED_AGE.labels(consumer).set(_age_s(counted[State.WAITING][1], now))
    counted_jobs = _jobs(connection)
    for kind in definition.jobs.kinds:
        for state in OPEN_STATES:
            metrics.JOBS.labels(definition.name, kind, state).set(counted_jobs.get(kind, {}).get(state, 0))
    if bus is not None:
        behind = lags(connection, definition, bus)
        oldest = min((lag.oldest_at for lag in behind if lag.oldest_at is not None), default=None)
        metrics.LAG_EVENTS.labels(consumer).set(sum(lag.events for lag in behind))
        metrics.LAG_SECONDS.labels(consumer).set(_age_s(oldest, now))


def _age_s(instant: datetime | None, now: datetime) -> float:
    return 0.0 if instant is None else max(0.0, (now - instant).total_seconds())
