"""The review's HTTP: parse, await, answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from services.campaigns.models.winners import Level
from services.kernel.auth import Principal, Role
from services.kernel.web import Ctx, GivenInstant, IfMatch, Received, Router, answer, perform, public, require
from services.review.actions import ballots, closing, results, rounds, views
from services.review.domain.rubric import Rubric

Organiser = Annotated[Principal, require(Role.CLERK, Role.HEAD)]
Clerk = Annotated[Principal, require(Role.CLERK)]
Head = Annotated[Principal, require(Role.HEAD)]
Expert = Annotated[Principal, require(Role.EXPERT)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1000)]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64)]

ROUTER = Router()


class Body(BaseModel):
    """A request's body: closed to what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class RoundBody(Body):
    """Which round of which campaign; `alg` is the record's digest."""

    campaign_id: Ref
    round: Ref
    alg: Literal["sha256", "sm3"] = "sha256"


class RubricBody(Body):
    """The 评审细则; none takes the one that the campaign's file proposes."""

    rubric: Rubric | None = None


class ExpertsBody(Body):
    """Accounts of experts. All are added or none: a faulty row is answered together with every other one."""

    expert_ids: tuple[str, ...] = Field(max_length=1000)


class CloseBody(Body):
    """When the round ends, in campaign time; none means now."""

    at: GivenInstant | None = None


class TieBody(Body):
    """Which of the tied works pass the cut `outcome`, and why."""

    outcome: Ref
    chosen: tuple[Ref, ...] = Field(max_length=1000)
    reason: Annotated[str, StringConstraints(max_length=4000)]


class PublishBody(Body):
    """The level of the title that the result gives, where the campaign's file does not say it."""

    level: Level | None = None


class ScoresBody(Body):
    """Points by criterion, as text."""

    scores: dict[Annotated[str, StringConstraints(max_length=64)], Any] = Field(max_length=100)


class ReasonBody(Body):
    """Why."""

    reason: Reason


@ROUTER.get("/experts")
async def list_experts(request: Request, context: Ctx, who: Organiser, campaign_id: Annotated[Ref, Query()]) -> Response:
    """List the experts of a campaign."""
    return answer(request, {"experts": await context.database.read(lambda rows: views.experts(rows, who, campaign_id))})


@ROUTER.get("/rounds")
async def list_rounds(
    request: Request, context: Ctx, who: Organiser, campaign_id: Annotated[Ref | None, Query()] = None
) -> Response:
    """List rounds."""
    return answer(request, {"rounds": await context.database.read(lambda rows: views.rounds(rows, who, campaign_id))})


@ROUTER.post("/rounds")
async def declare_round(request: Request, who: Clerk, body: RoundBody) -> Response:
    """Begin a round of the campaign's file."""
    return await perform(
        request,
        lambda transaction: rounds.declare_round(
            transaction, who, campaign_id=body.campaign_id, round_key=body.round, alg=body.alg
        ),
        status=201,
    )


@ROUTER.get("/rounds/{round_id}")
async def show_round(request: Request, context: Ctx, who: Organiser, round_id: str) -> Response:
    """Show where a round stands."""
    return answer(request, await context.database.read(lambda rows: views.progress(rows, who, round_id)))


@ROUTER.put("/rounds/{round_id}/rubric")
async def declare_rubric(request: Request, who: Clerk, round_id: str, body: RubricBody, if_match: IfMatch) -> Response:
    """Declare the 评审细则."""
    return await perform(
        request,
        lambda transaction: rounds.declare_rubric(transaction, who, round_id, rubric=body.rubric, if_match=if_match),
    )


@ROUTER.post("/rounds/{round_id}/open")
async def open_round(request: Request, who: Clerk, round_id: str, body: ExpertsBody) -> Response:
    """Draw the assignment and let the review begin."""
    return await perform(request, lambda transaction: rounds.open_round(transaction, who, round_id, body.expert_ids))


@ROUTER.post("/rounds/{round_id}/experts")
async def extend_panel(request: Request, who: Clerk, round_id: str, body: ExpertsBody) -> Response:
    """Add experts for works that lack some."""
    return await perform(request, lambda transaction: rounds.extend_panel(transaction, who, round_id, body.expert_ids))


@ROUTER.get("/rounds/{round_id}/recusals")
async def list_recusals(request: Request, context: Ctx, who: Clerk, round_id: str) -> Response:
    """List recusals with their reasons."""
    return answer(request, {"recusals": await context.database.read(lambda rows: views.recusals(rows, who, round_id))})


@ROUTER.post("/rounds/{round_id}/reminders")
async def remind(request: Request, who: Clerk, round_id: str) -> Response:
    """Remind the experts whose ballots are outstanding."""
    return await perform(request, lambda transaction: rounds.remind(transaction, who, round_id))


@ROUTER.post("/rounds/{round_id}/close")
async def close(request: Request, who: Clerk, round_id: str, body: CloseBody, received: Received) -> Response:
    """End the round."""
    return await perform(
        request,
        lambda transaction: closing.ask_closing(transaction, who, round_id, at=body.at, received=received),
        status=202,
    )


@ROUTER.get("/rounds/{round_id}/tally")
async def show_tally(request: Request, context: Ctx, who: Organiser, round_id: str) -> Response:
    """Show the tally and its ties."""
    return answer(request, await context.database.read(lambda rows: views.tallied(rows, who, round_id)))


@ROUTER.post("/rounds/{round_id}/ties")
async def decide_tie(request: Request, who: Clerk, round_id: str, body: TieBody) -> Response:
    """Register what the panel decided on a tie."""
    return await perform(
        request,
        lambda transaction: results.decide_tie(
            transaction, who, round_id, outcome=body.outcome, chosen=body.chosen, reason=body.reason
        ),
    )


@ROUTER.post("/rounds/{round_id}/confirm")
async def confirm(request: Request, who: Head, round_id: str) -> Response:
    """Confirm the result."""
    return await perform(request, lambda transaction: results.confirm(transaction, who, round_id))


@ROUTER.post("/rounds/{round_id}/publish")
async def publish(request: Request, who: Organiser, round_id: str, body: PublishBody | None = None) -> Response:
    """Publish the confirmed result, at the level that the campaign's file says."""
    level = body.level if body else None
    return await perform(request, lambda transaction: results.publish(transaction, who, round_id, level=level), status=201)


@ROUTER.get("/rounds/{round_id}/record")
async def export_record(context: Ctx, who: Organiser, round_id: str) -> Response:
    """Export the record as JSON lines."""
    text = await context.database.read(lambda rows: views.record_file(rows, who, round_id))
    name = {"Content-Disposition": f'attachment; filename="record-{round_id}.jsonl"'}
    return Response(text, headers=name, media_type="application/jsonl")


@ROUTER.get("/ballots")
async def list_ballots(request: Request, context: Ctx, who: Expert) -> Response:
    """List one's own ballots."""
    return answer(request, {"ballots": await context.database.read(lambda rows: views.my_ballots(rows, who))})


@ROUTER.get("/ballots/{ballot_id}")
async def show_ballot(request: Request, context: Ctx, who: Expert, ballot_id: str) -> Response:
    """Show one ballot of one's own, with the work."""
    expires_at = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    value = await context.database.read(
        lambda rows: views.my_ballot(rows, who, ballot_id, keys=context.keys, expires_at=expires_at)
    )
    return answer(request, value, revision=value["revision"])


@ROUTER.put("/ballots/{ballot_id}/draft")
async def save_draft(
    request: Request, who: Expert, ballot_id: str, body: ScoresBody, *, received: Received, if_match: IfMatch
) -> Response:
    """Save a draft."""
    return await perform(
        request,
        lambda transaction: ballots.save_draft(transaction, who, ballot_id, body.scores, received=received, if_match=if_match),
    )


@ROUTER.post("/ballots/{ballot_id}/submit")
async def submit(
    request: Request, who: Expert, ballot_id: str, body: ScoresBody, *, received: Received, if_match: IfMatch
) -> Response:
    """Cast a ballot or change it; one that came late is kept and answered with `counted` false."""
    return await perform(
        request,
        lambda transaction: ballots.submit(transaction, who, ballot_id, body.scores, received=received, if_match=if_match),
    )


@ROUTER.post("/ballots/{ballot_id}/recuse")
async def recuse(request: Request, who: Expert, ballot_id: str, body: ReasonBody, received: Received) -> Response:
    """Recuse oneself from a work."""
    return await perform(
        request,
        lambda transaction: ballots.recuse(transaction, who, ballot_id, reason=body.reason, received=received),
    )


@ROUTER.get("/results", dependencies=[public()])
async def list_results(request: Request, context: Ctx, campaign_id: Annotated[Ref | None, Query()] = None) -> Response:
    """List what has been published."""
    return answer(request, {"results": await context.database.read(lambda rows: views.results(rows, campaign_id))})


@ROUTER.get("/results/{result_id}", dependencies=[public()])
async def show_result(request: Request, context: Ctx, result_id: str) -> Response:
    """Show a published result."""
    return answer(request, await context.database.read(lambda rows: views.result(rows, result_id)))
