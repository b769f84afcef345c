"""逾期材料, as the organiser and its own unit see it."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection

from services.intake.actions import views
from services.intake.api.access import Ref, UnitOrOrganiser, is_organiser
from services.intake.store import lists
from services.kernel.web import Ctx, Router, answer

router = Router()


@router.get("/late")
async def list_late(request: Request, context: Ctx, who: UnitOrOrganiser, campaign_id: Ref | None = None) -> Response:
    """List what came late or was left over, in the order of receipt: a unit its own, the organiser all."""
    unit_id = None if is_organiser(who) else who.unit_id

    def query(rows: Connection) -> list[dict[str, Any]]:
        return [views.late_line(row) for row in lists.late_of(rows, campaign_id=campaign_id, unit_id=unit_id)]

    return answer(request, {"late": await context.database.read(query)})
