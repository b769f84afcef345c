"""The gauges that every service has: what its consumer has still to take, what waits or is dead, and its jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from services.kernel import metrics
from services.kernel.instants import to_us
from services.kernel.tables import deferred, job

OPEN_STATES = ("queued", "running", "failed")


def observe_events(connection: Connection, consumer: str, now: datetime) -> None:
    """Count the consumer's deferred events and dead letters, and tell the age of the oldest that waits."""
    query = select(deferred.c.state, func.count(), func.min(deferred.c.arrived_at)).where(deferred.c.consumer == consumer)
    found = {state: (count, oldest) for state, count, oldest in connection.execute(query.group_by(deferred.c.state))}
    waiting, oldest = found.get("waiting", (0, None))
    metrics.DEFERRED.labels(consumer).set(waiting)
    metrics.DEFERRED_AGE.labels(consumer).set(age_s(to_us(oldest) if oldest else None, now))
    metrics.DEAD_LETTERS.labels(consumer).set(found.get("dead", (0, None))[0])


def observe_lag(consumer: str, lag: tuple[int, int | None], now: datetime) -> None:
    """Set how many events a consumer has still to take, and the age of the oldest (microseconds since 1970, or None)."""
    count, oldest_us = lag
    metrics.LAG_EVENTS.labels(consumer).set(count)
    metrics.LAG_SECONDS.labels(consumer).set(age_s(oldest_us, now))


def observe_jobs(connection: Connection, service: str, kinds: Iterable[str]) -> None:
    """Count the jobs that are not done, by kind and state."""
    query = select(job.c.kind, job.c.state, func.count()).where(job.c.state.in_(OPEN_STATES)).group_by(job.c.kind, job.c.state)
    found = {(kind, state): count for kind, state, count in connection.execute(query)}
    for kind in kinds:
        for state in OPEN_STATES:
            metrics.JOBS.labels(service, kind, state).set(found.get((kind, state), 0))


def age_s(since_us: int | None, now: datetime) -> float:
    """Return the seconds since an instant, 0 without one or for one to come."""
    return 0.0 if since_us is None else max(0.0, (to_us(now) - since_us) / 1e6)
