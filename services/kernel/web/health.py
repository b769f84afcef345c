"""Whether a service lives and is ready, what is degraded, and its metrics; for one app, or for several in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from fastapi import FastAPI
from pydantic_core import to_json
from sqlalchemy import Connection, text
from starlette.responses import Response

from services.kernel import inspection, metrics
from services.kernel.service import Context
from services.kernel.web.access import public
from services.kernel.web.bodies import Router

PATIENCE_S = 2.0


@dataclass(slots=True)
class Readiness:
    """What one service says of itself: `problems` make it unready, `degraded` does not."""

    service: str
    problems: list[str] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        """My own database answers; without its keys a service does not start at all."""
        return not self.problems


async def readiness(context: Context) -> Readiness:
    """Ask a service's database and engines."""
    state = Readiness(context.name, degraded=sorted(context.degraded()))
    try:
        async with asyncio.timeout(PATIENCE_S):
            await context.database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
    except Exception:  # noqa: BLE001 - whatever keeps the database from answering, the service is not ready
        state.problems.append("database")
    return state


def ready_response(states: Sequence[Readiness]) -> Response:
    """Answer 200 when all are ready, 503 otherwise, and list what is not."""
    ready = all(state.ready for state in states)
    document = {
        "ready": ready,
        "services": [
            {"service": state.service, "ready": state.ready, "problems": state.problems, "degraded": state.degraded}
            for state in states
        ],
    }
    return Response(to_json(document), 200 if ready else 503, media_type="application/json")


def alive_response() -> Response:
    """Answer that the process serves requests."""
    return Response(b'{"alive":true}', media_type="application/json")


async def metrics_response(apps: Iterable[FastAPI]) -> Response:
    """Set every app's gauges, then answer all metrics of the process."""
    for app in apps:
        await _observe(app.state.context)
    return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)


async def _observe(context: Context) -> None:
    service = context.name
    oldest = context.stamps.oldest()
    age_s = (context.clock.now() - oldest).total_seconds() if oldest else 0.0
    metrics.STAMP_AGE.labels(service).set(max(0.0, age_s))
    await context.database.read(partial(_set_gauges, context))


def _set_gauges(context: Context, connection: Connection) -> None:
    inspection.observe(connection, context.definition, context.bus, now=context.clock.now())
    for observe in context.definition.observers:
        observe(connection)


def health_routes(app: FastAPI) -> Router:
    """Return the three routes that every app has."""
    router = Router(dependencies=[public()])

    @router.get("/healthz")
    async def healthz() -> Response:
        return alive_response()

    @router.get("/readyz")
    async def readyz() -> Response:
        return ready_response([await readiness(app.state.context)])

    @router.get("/metrics")
    async def metrics_text() -> Response:
        return await metrics_response([app])

    return router
