"""The campaign clock, which a rehearsal can move and stop."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import Request, Response
from pydantic import Field

from services.intake.actions import clock
from services.intake.actions.clock import Change, ClockFace
from services.intake.api.access import Body
from services.kernel.auth import Principal, Role
from services.kernel.errors import Unavailable, Unprocessable
from services.kernel.service import Context
from services.kernel.web import Ctx, GivenInstant, Received, Router, answer, perform, public, require

PATIENCE_S = 10.0
STEP_S = 0.01
MOST_S = 365 * 50 * 86400.0

router = Router()
Turns = Annotated[Principal, require(Role.CLERK, Role.HEAD, Role.OPERATOR)]


class ClockChange(Body):
    """At most one of: where it stands still, from which instant it runs on, by how many seconds it is ahead. None: be right."""

    stopped_at: GivenInstant | None = None
    runs_from: GivenInstant | None = None
    offset_s: Annotated[float, Field(ge=-MOST_S, le=MOST_S)] | None = None


@router.get("/clock", dependencies=[public()])
async def read_clock(request: Request, context: Ctx) -> Response:
    """Show the campaign clock."""
    return answer(request, await _face(context))


@router.put("/clock")
async def change_clock(request: Request, context: Ctx, body: ClockChange, who: Turns, received: Received) -> Response:
    """Move or stop the clock of a rehearsal; the answer comes when all five services keep it."""
    given = [each for each in (body.stopped_at, body.runs_from, body.offset_s) if each is not None]
    if len(given) > 1:
        raise Unprocessable("stopped_at、runs_from、offset_s只能写一项。", "Give at most one of them.")
    asked = Change(body.stopped_at, body.runs_from, timedelta(seconds=body.offset_s or 0))
    response = await perform(
        request, lambda transaction: {"revision": clock.change(transaction, who, asked, received, rehearsal=context.rehearsal)}
    )
    face = await _confirmed(context)
    told = answer(request, face)
    response.body, response.headers["content-length"] = told.body, str(len(told.body))
    return response


async def _confirmed(context: Context) -> ClockFace:
    """Wait until every service keeps the clock. Raises `Unavailable` naming those that do not yet."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE_S
    while (face := await _face(context)).waits_for:
        if loop.time() > end:
            names = "、".join(face.waits_for)
            raise Unavailable(f"时钟已调整，{names}尚未确认，请稍后查看。", "Not every service has confirmed the clock.")
        await asyncio.sleep(STEP_S)
    return face


async def _face(context: Context) -> ClockFace:
    now = context.clock.now()
    return await context.database.read(lambda rows: clock.face(rows, now, rehearsal=context.rehearsal))
