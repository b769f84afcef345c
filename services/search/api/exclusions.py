"""What was answered for works, and what persons decided."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.responses import Response

from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.web import Ctx, Router, answer, perform
from services.search.actions import decisions
from services.search.api.shown import shown_record
from services.search.api.who import ORGANISER, Organiser, Staff
from services.search.domain.stories import Story
from services.search.store import checks, register, stories

EXCLUSIONS = Router()


@EXCLUSIONS.get("/exclusions")
async def list_checks(
    request: Request,
    context: Ctx,
    campaign: Annotated[str, Query(max_length=200)],
    who: Organiser,
    *,
    answered: Annotated[Literal["exclude", "ask", "clear"] | None, Query(alias="answer")] = None,
) -> Response:
    """Show what was answered for the works of a campaign."""
    found = await context.database.read(lambda connection: checks.listed(connection, _own_campaign(who, campaign), answered))
    return answer(request, {"checks": found})


def _own_campaign(who: Principal, campaign: str) -> str:
    if who.campaign_id not in {None, campaign}:
        raise NotFound
    return campaign


@EXCLUSIONS.get("/exclusions/{work_id}")
async def show_check(request: Request, context: Ctx, work_id: str, who: Staff) -> Response:
    """Show the answer for a work; to the organiser with both sides of each match."""
    story, told = await context.database.read(
        lambda connection: (stories.get(connection, work_id), checks.get(connection, work_id))
    )
    if story is None or told is None or not _may_see(who, story):
        raise NotFound
    shown = told.model_dump(mode="json")
    if who.role in ORGANISER:
        records = await context.database.read(
            lambda connection: [register.get(connection, match.record) for match in told.matches]
        )
        shown["records"] = [shown_record(record) for record in records if record]
    return answer(request, shown)


def _may_see(who: Principal, story: Story) -> bool:
    if who.campaign_id not in {None, story.campaign_id}:
        return False
    return who.role in ORGANISER or who.unit_id == story.unit_id


class Decided(BaseModel):
    """A decision on a work and an earlier record."""

    model_config = ConfigDict(extra="forbid")

    record: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    same: bool
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


@EXCLUSIONS.post("/exclusions/{work_id}/decisions")
async def decide(request: Request, work_id: str, decided: Decided, who: Organiser) -> Response:
    """Keep a person's decision, with the reason; it is used again for the same pair."""

    def piece(transaction: Transaction) -> Any:
        story = stories.get(transaction.connection, work_id)
        if story is None or not _may_see(who, story):
            raise NotFound
        decisions.decide(
            transaction, work_id, decided.record, same=decided.same, reason=decided.reason, account_id=who.account_id
        )
        return checks.get(transaction.connection, work_id)

    return await perform(request, piece, status=201)
