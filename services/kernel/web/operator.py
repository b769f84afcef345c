"""What every service answers to an operator, under `/ops/<service>`: its state, deferred events, and its log."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection
from starlette.responses import Response

from services.kernel import deadletters, feed, inspection
from services.kernel.auth import Principal, Role
from services.kernel.deadletters import Letter, State
from services.kernel.ports import Transaction
from services.kernel.web.access import require
from services.kernel.web.bodies import Router
from services.kernel.web.context import Ctx
from services.kernel.web.instants import GivenInstant
from services.kernel.web.writes import answer, perform

POLL_S = 0.2
MAX_LINES = 1000

Operator = Annotated[Principal, require(Role.OPERATOR)]
log = structlog.get_logger(__name__)


class AskedLetters(BaseModel):
    """Which deferred events are asked for."""

    model_config = ConfigDict(extra="forbid")

    consumer: str | None = None
    state: State | None = None
    limit: int = Field(MAX_LINES, ge=1, le=MAX_LINES)


class AskedEvents(BaseModel):
    """Which events of the log: beyond a position, else the last ones; `wait_s` waits for something new."""

    model_config = ConfigDict(extra="forbid")

    after: int | None = Field(None, ge=0)
    topic: list[str] = []
    type: list[str] = []
    personal: bool = False
    limit: int = Field(100, ge=1, le=MAX_LINES)
    wait_s: float = Field(0, ge=0, le=5)

    def asked(self) -> feed.Asked:
        """Return it as the feed takes it."""
        return feed.Asked(self.after or 0, tuple(self.topic), tuple(self.type), self.personal)


class AskedPlace(BaseModel):
    """A place in the log: that of an event, or of an instant."""

    model_config = ConfigDict(extra="forbid")

    event_id: str | None = None
    at: GivenInstant | None = None


class Dropped(BaseModel):
    """Why an event is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


def operator_routes(service: str) -> Router:
    """Return one service's routes for operators."""
    router = Router(prefix=f"/ops/{service}")
    router.get("/state")(_state)
    router.get("/deadletters")(_letters)
    router.get("/deadletters/{event_id}")(_letter)
    router.post("/deadletters/{event_id}/retry")(_retry)
    router.post("/deadletters/{event_id}/drop")(_drop)
    router.get("/events")(_events)
    router.get("/events/place")(_place)
    return router


async def _state(request: Request, context: Ctx, _who: Operator) -> Response:
    """Say where the service stands: schema, lag, deferred and dead events, jobs, clock."""
    state = partial(
        inspection.inspect,
        definition=context.definition,
        bus=context.bus,
        now=context.clock.now(),
        degraded=context.degraded(),
    )
    return answer(request, await context.database.read(state))


async def _letters(request: Request, context: Ctx, asked: Annotated[AskedLetters, Query()], _who: Operator) -> Response:
    """List the events that wait or are dead."""
    found = partial(deadletters.find, consumer=asked.consumer, state=asked.state, limit=asked.limit)
    return answer(request, {"letters": await context.database.read(found)})


async def _letter(
    request: Request, context: Ctx, event_id: str, who: Operator, personal: Annotated[bool, Query()] = False
) -> Response:
    """Show one of them with its event."""
    letter, envelope = await context.database.read(partial(deadletters.get, event_id=event_id))
    if personal:
        log.warning("personal parts shown", what="deadletter", event_id=event_id, by=who.account_id)
    shown = envelope if personal else replace(envelope, personal=None)
    return answer(request, {"letter": letter, "event": shown.structured()})


async def _retry(request: Request, context: Ctx, event_id: str, who: Operator) -> Response:
    """Let it be tried now."""

    def piece(transaction: Transaction) -> Letter:
        transaction.after_commit(context.wake)
        return deadletters.retry(transaction, event_id, consumer=None, by=who.account_id)

    return await perform(request, piece)


async def _drop(request: Request, context: Ctx, event_id: str, dropped: Dropped, who: Operator) -> Response:
    """Give it up, for a reason."""

    def piece(transaction: Transaction) -> Letter:
        transaction.after_commit(context.wake)
        return deadletters.drop(transaction, event_id, consumer=None, reason=dropped.reason, by=who.account_id)

    return await perform(request, piece)


async def _events(request: Request, context: Ctx, asked: Annotated[AskedEvents, Query()], who: Operator) -> Response:
    """Read the service's part of the log."""
    if asked.personal:
        log.warning("personal parts shown", what="events", by=who.account_id)
    choose = feed.latest if asked.after is None else feed.following
    read = partial(choose, service=context.name, asked=asked.asked(), limit=asked.limit)
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.wait_s
    while not (page := await context.database.read(read)).entries and loop.time() < until:  # noqa: ASYNC110 - the log tells threads, not loops
        await asyncio.sleep(POLL_S)
    return answer(request, page.document())


async def _place(request: Request, context: Ctx, asked: Annotated[AskedPlace, Query()], _who: Operator) -> Response:
    """Find the place of an event, or of an instant, in it."""

    def query(connection: Connection) -> dict[str, Any]:
        if asked.event_id is not None:
            found = feed.position_of(connection, asked.event_id)
            return {"position": found and found[0], "time": found and found[1]}
        at = asked.at or context.clock.now()
        return {"position": feed.position_at(connection, at), "time": at}

    return answer(request, await context.database.read(query))
