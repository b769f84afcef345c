"""Works: entered, saved, submitted, listed, looked at, and decided by the organiser's formal check."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from services.intake.actions import consents, files, formal, late, places, views
from services.intake.actions import works as actions
from services.intake.actions.repairs import Item
from services.intake.actions.rules import in_force
from services.intake.actions.views import Signing
from services.intake.actions.windows import AfterSettling, TooLate
from services.intake.actions.works import Saved
from services.intake.api.access import Body, Head, Liaison, Line, Organiser, Ref, Text, UnitOrOrganiser, is_organiser
from services.intake.domain.works import WorkState
from services.intake.store import works
from services.intake.store.works import Work
from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Answer, Ctx, Cursor, GivenInstant, MustMatch, Received, Router, answer, perform
from services.kernel.web.writes import render

PAGE = 50
LONGEST_PAGE = 200

router = Router()
Value = (
    Annotated[str, StringConstraints(max_length=200_000)] | list[Annotated[str, StringConstraints(max_length=10_000)]] | None
)
Fields = dict[Ref, Value]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]


class NewWork(Body):
    """A work as it is entered; `track` may be left out where the campaign has one."""

    campaign_id: Ref
    track: Ref | None = None
    fields: Fields = Field(default_factory=dict, max_length=200)


class Change(Body):
    """What changes: a field set to null is taken out, one that is not named stays."""

    fields: Fields = Field(default_factory=dict, max_length=200)
    statement: Text | None = None


class Tick(Body):
    """A question of a file's report that a person answered by looking, named by the finding's key."""

    finding: Ref
    note: Line = ""


class Consent(Body):
    """Who consented to publication, and how; `given` false takes it back."""

    given: bool
    given_by: Reason
    form: Literal["online", "paper"] = "paper"
    note: Line = ""


class Release(Body):
    """Whether text and video may be shown."""

    released: bool
    note: Line = ""


class ReturnedItem(Body):
    """A field or a slot, and why."""

    item: Ref
    reason: Reason


class Return(Body):
    """What goes back; without `term` the campaign's own applies."""

    items: Annotated[list[ReturnedItem], Field(min_length=1, max_length=50)]
    term: GivenInstant | None = None


class Rejection(Body):
    """Why a work is not accepted."""

    reason: Reason


# --- reading --------------------------------------------------------------------------------------------------------


@router.get("/works")
async def list_works(
    request: Request,
    context: Ctx,
    who: UnitOrOrganiser,
    *,
    campaign_id: Ref | None = None,
    unit_id: Ref | None = None,
    state: WorkState | None = None,
    track: Ref | None = None,
    after: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE)] = PAGE,
) -> Response:
    """List works, a page at a time: a unit its own, the organiser all."""
    of = unit_id if is_organiser(who) else who.unit_id

    def query(rows: Connection) -> list[dict[str, Any]]:
        wanted = {"campaign_id": campaign_id, "unit_id": of, "state": state, "track": track}
        found = works.page(rows, **wanted, after=after, limit=limit + 1)
        return [views.work_line(in_force(rows, work.campaign_id), work) for work in found]

    lines = await context.database.read(query)
    shown = lines[:limit]
    return answer(request, {"works": shown, "next": shown[-1]["work_id"] if len(lines) > limit else None})


@router.get("/works/{work_id}")
async def read_work(context: Ctx, work_id: str, who: UnitOrOrganiser) -> Response:
    """Read a work with its files, reports, hints and what is missing.

    Never 304: reports and addresses of bytes change while the revision stands.
    """
    expires_at = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    signing = Signing(context.keys, who.account_id, expires_at)

    def query(rows: Connection) -> tuple[dict[str, Any], int]:
        work = _visible(rows, who, work_id)
        return views.work(rows, in_force(rows, work.campaign_id), work, signing=signing), work.revision

    told, revision = await context.database.read(query)
    return render(Answer(told, revision), 200).response()


def _visible(rows: Connection, who: Principal, work_id: str) -> Work:
    work = works.find(rows, work_id)
    if work is None or not (is_organiser(who) or work.unit_id == who.unit_id):
        raise NotFound
    return work


@router.get("/works/{work_id}/history")
async def read_history(request: Request, context: Ctx, work_id: str, who: UnitOrOrganiser) -> Response:
    """Read what people did to a work."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        _visible(rows, who, work_id)
        return views.history(rows, f"work/{work_id}")

    return answer(request, {"history": await context.database.read(query)})


# --- the unit's own hand --------------------------------------------------------------------------------------------


@router.post("/works")
async def enter(request: Request, context: Ctx, body: NewWork, who: Liaison, received: Received) -> Response:
    """Enter a work as a draft."""

    def piece(transaction: Transaction) -> Answer:
        done = actions.enter(
            transaction,
            context.keys,
            who,
            campaign_id=body.campaign_id,
            track_id=body.track,
            fields=body.fields,
            received=received,
        )
        told = views.new_work(done.rules, done.work, done.message)
        return Answer(told, done.work.revision, f"/works/{done.work.id}")

    return await perform(request, piece, status=201)


@router.patch("/works/{work_id}")
async def save(
    request: Request, context: Ctx, work_id: str, *, body: Change, who: Liaison, revision: MustMatch, received: Received
) -> Response:
    """Save a change."""

    def act(transaction: Transaction) -> Saved:
        return actions.save(
            transaction,
            context.keys,
            who,
            work_id,
            fields=body.fields,
            statement=body.statement,
            revision=revision,
            received=received,
        )

    return await _performed(request, act)


@router.post("/works/{work_id}/submission")
async def submit(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Submit a work; one that comes late is kept as 逾期材料, and the answer says so."""
    try:
        return await _performed(
            request, lambda transaction: actions.submit(transaction, context.keys, who, work_id, received=received)
        )
    except (TooLate, AfterSettling) as refused:
        if isinstance(refused, AfterSettling) or refused.held:
            await _keep_late(context, work_id, refused)
        raise


async def _keep_late(context: Context, work_id: str, refused: TooLate | AfterSettling) -> None:
    late_id, receipt = await context.database.submit(
        lambda transaction: late.keep_work(transaction, context.keys, work_id, refused)
    )
    refused.extra.update(late_id=late_id, receipt_number=receipt)


@router.post("/works/{work_id}/withdrawal")
async def withdraw(request: Request, work_id: str, who: Liaison) -> Response:
    """Take a work back, until it is locked."""
    return await _performed(request, lambda transaction: actions.withdraw(transaction, who, work_id))


@router.post("/works/{work_id}/listing")
async def list_work(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Put a work on the unit's list: it takes a place."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        done = places.list_work(transaction, context.keys, who, work_id, received=received)
        return _listed(transaction, done, f"《{done.work.title}》已列入推荐名单。")

    return await perform(request, piece)


@router.delete("/works/{work_id}/listing")
async def unlist_work(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Take a work off the unit's list: it gives its place back."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        done = places.unlist_work(transaction, context.keys, who, work_id, received=received)
        return _listed(transaction, done, f"《{done.work.title}》已移出推荐名单。")

    return await perform(request, piece)


def _listed(transaction: Transaction, done: places.Listed, message: str) -> dict[str, Any]:
    return views.unit_list(transaction.connection, done.rules, done.row, message=message)


@router.delete("/works/{work_id}/files/{file_id}")
async def remove_file(request: Request, work_id: str, file_id: str, who: Liaison) -> Response:
    """Take a file out."""
    return await perform(request, lambda transaction: files.remove(transaction, who, work_id, file_id), status=204)


@router.post("/works/{work_id}/files/{file_id}/ticks")
async def tick(request: Request, work_id: str, file_id: str, body: Tick, who: UnitOrOrganiser) -> Response:
    """Answer a question of a report: name and time are kept."""

    def act(transaction: Transaction) -> Saved:
        files.tick(transaction, who, work_id, file_id=file_id, finding=body.finding, note=body.note)
        work = actions.fresh(transaction.connection, work_id)
        return Saved(work, in_force(transaction.connection, work.campaign_id), "已核实。")

    return await _performed(request, act)


@router.post("/works/{work_id}/consent")
async def record_consent(request: Request, work_id: str, body: Consent, who: Liaison) -> Response:
    """Record consent to publication, or that it was taken back."""

    def act(transaction: Transaction) -> Saved:
        by = body.given_by
        return consents.record_consent(transaction, who, work_id, given=body.given, given_by=by, form=body.form, note=body.note)

    return await _performed(request, act)


@router.post("/works/{work_id}/mending")
async def mend(request: Request, work_id: str, who: Liaison) -> Response:
    """Say that everything returned is mended."""
    return await _performed(request, lambda transaction: formal.mend(transaction, who, work_id))


# --- the organiser's --------------------------------------------------------------------------------------------------


@router.post("/works/{work_id}/release")
async def decide_release(request: Request, work_id: str, body: Release, who: Head) -> Response:
    """Decide whether text and video may be shown."""

    def act(transaction: Transaction) -> Saved:
        return consents.decide_release(transaction, who, work_id, released=body.released, note=body.note)

    return await _performed(request, act)


@router.post("/works/{work_id}/acceptance")
async def accept(request: Request, work_id: str, who: Organiser) -> Response:
    """Accept a work when nothing of it is open."""
    return await _performed(request, lambda transaction: formal.accept_work(transaction, who, work_id))


@router.post("/works/{work_id}/return")
async def give_back(request: Request, work_id: str, body: Return, who: Organiser) -> Response:
    """Return a work with its items; the place is kept."""
    items = [Item(each.item, each.reason) for each in body.items]
    return await _performed(request, lambda transaction: formal.give_back(transaction, who, work_id, items, term=body.term))


@router.post("/works/{work_id}/rejection")
async def reject(request: Request, work_id: str, body: Rejection, who: Organiser) -> Response:
    """Reject a work, with the reason."""
    return await _performed(request, lambda transaction: formal.reject(transaction, who, work_id, body.reason))


async def _performed(request: Request, act: Callable[[Transaction], Saved]) -> Response:
    def piece(transaction: Transaction) -> Answer:
        done = act(transaction)
        told = views.work(transaction.connection, done.rules, done.work, message=done.message)
        return Answer(told, done.work.revision)

    return await perform(request, piece)
