"""The campaign clock: read by anybody, changed in a rehearsal only."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Self

from fastapi import Request, Response
from pydantic import AwareDatetime, Field, model_validator

from services.intake.actions import clock as actions
from services.intake.actions.clock import Change, ClockFace
from services.intake.api.access import Body
from services.kernel.auth import Principal, Role
from services.kernel.service import Context
from services.kernel.web import Ctx, Received, Router, answer, public, require
from services.kernel.web.writes import render

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.02
FIFTY_YEARS_S = 50 * 365 * 86400

router = Router()
MayChange = Annotated[Principal, require(Role.CLERK, Role.HEAD, Role.OPERATOR)]


class ClockChange(Body):
    """One of: stand at an instant, go on from an instant, go with an offset; with none of them the clock is right."""

    stopped_at: AwareDatetime | None = None
    runs_from: AwareDatetime | None = None
    offset_s: Annotated[float, Field(ge=-FIFTY_YEARS_S, le=FIFTY_YEARS_S, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if sum(each is not None for each in (self.stopped_at, self.runs_from, self.offset_s)) > 1:
            raise ValueError("stopped_at、runs_from、offset_s只能写一项。")
        return self


@router.get("/clock", dependencies=[public()])
async def read_clock(request: Request, context: Ctx) -> Response:
    """Say what time it is in the campaign."""
    return answer(request, await _face(context))


@router.put("/clock")
async def change_clock(context: Ctx, body: ClockChange, who: MayChange, received: Received) -> Response:
    """Change a rehearsal's clock; 200 once all five services keep it, 202 naming those that do not yet."""
    asked = Change(body.stopped_at, body.runs_from, timedelta(seconds=body.offset_s or 0))
    await context.database.submit(
        lambda transaction: actions.change(transaction, who, asked, received, rehearsal=context.rehearsal)
    )
    face = await _confirmed(context)
    return render(face, 202 if face.waits_for else 200).response()


async def _confirmed(context: Context) -> ClockFace:
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE_S
    face = await _face(context)
    while face.waits_for and loop.time() < until:
        await asyncio.sleep(LOOK_EVERY_S)
        face = await _face(context)
    return face


async def _face(context: Context) -> ClockFace:
    now = context.clock.now()
    return await context.database.read(lambda rows: actions.face(rows, now, rehearsal=context.rehearsal))
