"""Works: entered and submitted by their unit, listed, checked, returned, accepted; consent and release."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import Field
from sqlalchemy import Connection

from services.intake.actions import consents, files, formal, late, places, views, works
from services.intake.actions.repairs import Item
from services.intake.actions.rules import in_force
from services.intake.actions.windows import AfterSettling, TooLate
from services.intake.actions.works import Saved
from services.intake.api.access import Body, Liaison, Line, Organiser, Ref, Text, Unit, UnitOrOrganiser, is_organiser
from services.intake.store import works as store
from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Answer, Ctx, MustMatch, Received, Router, answer, perform

PAGE = 50
Values = Annotated[dict[Ref, Any], Field(max_length=200)]

router = Router()


class NewWork(Body):
    """A new draft. `track` may be left out where the campaign has one; `fields` are the campaign's, by id."""

    campaign_id: Ref
    track: Ref | None = None
    fields: Values = Field(default_factory=dict)


class Change(Body):
    """Fields to lay over a work, by id; `statement` is a 特殊情况说明."""

    fields: Values = Field(default_factory=dict)
    statement: Text | None = None


class Tick(Body):
    """A person's answer to a question of a report, by the finding's key."""

    finding: Ref
    note: Line = ""


class Consent(Body):
    """Who consented to publication and how, or that the consent was taken back."""

    given: bool = True
    given_by: Annotated[Line, Field(min_length=1)]
    form: Line = ""
    note: Line = ""


class Release(Body):
    """Whether text and video may be shown."""

    released: bool = True
    note: Line = ""


class ReturnItem(Body):
    """A field or a slot to mend, by id, and why."""

    item: Ref
    reason: Annotated[Line, Field(min_length=1)]


class Return(Body):
    """What goes back to the unit, and until when (default: the campaign's term)."""

    items: Annotated[list[ReturnItem], Field(min_length=1, max_length=50)]
    term: datetime | None = None


class Reason(Body):
    """Why."""

    reason: Annotated[Line, Field(min_length=1)]


def _told(transaction: Transaction, saved: Saved) -> dict[str, Any]:
    return views.work(transaction.connection, saved.rules, saved.work, message=saved.message)


async def _act(request: Request, act: Callable[[Transaction], Saved], *, status: int = 200) -> Response:
    return await perform(request, lambda transaction: _told(transaction, act(transaction)), status=status)


# --- the unit's hands -----------------------------------------------------------------------------------------------


@router.post("/works")
async def enter(request: Request, context: Ctx, body: NewWork, who: Liaison, received: Received) -> Response:
    """Keep a new draft."""

    def piece(transaction: Transaction) -> Answer:
        saved = works.enter(
            transaction,
            context.keys,
            who,
            campaign_id=body.campaign_id,
            track_id=body.track,
            fields=body.fields,
            received=received,
        )
        told = views.new_work(saved.rules, saved.work, saved.message)
        return Answer(told, saved.work.revision, f"/works/{saved.work.id}")

    return await perform(request, piece, status=201)


@router.get("/works")
async def list_works(
    request: Request,
    context: Ctx,
    who: UnitOrOrganiser,
    campaign_id: Ref | None = None,
    unit_id: Ref | None = None,
    state: Ref | None = None,
    track: Ref | None = None,
    after: Line = "",
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> Response:
    """List works, a page at a time: a unit its own, the organiser all that were submitted or of one unit."""
    unit = unit_id if is_organiser(who) else str(who.unit_id)

    def query(rows: Connection) -> dict[str, Any]:
        found = store.page(rows, campaign_id=campaign_id, unit_id=unit, state=state, track=track, after=after, limit=limit + 1)
        shown = [views.work_line(in_force(rows, work.campaign_id), work) for work in found[:limit]]
        return {"works": shown, "next": shown[-1]["work_id"] if len(found) > limit else None}

    return answer(request, await context.database.read(query))


@router.get("/works/{work_id}")
async def read_work(request: Request, context: Ctx, work_id: str, who: UnitOrOrganiser) -> Response:
    """Read a work with its files, reports and signed addresses."""
    until = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    signing = views.Signing(context.keys, who.account_id, until)

    def query(rows: Connection) -> tuple[dict[str, Any], int]:
        work = _seen(rows, who, work_id)
        return views.work(rows, in_force(rows, work.campaign_id), work, signing=signing), work.revision

    told, revision = await context.database.read(query)
    return answer(request, told, revision=revision)


def _seen(rows: Connection, who: Principal, work_id: str) -> store.Work:
    work = works.fresh(rows, work_id)
    if not is_organiser(who) and work.unit_id != who.unit_id:
        raise NotFound
    return work


@router.get("/works/{work_id}/history")
async def read_history(request: Request, context: Ctx, work_id: str, who: UnitOrOrganiser) -> Response:
    """Return what people did to a work."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        _seen(rows, who, work_id)
        return views.history(rows, f"work/{work_id}")

    return answer(request, {"history": await context.database.read(query)})


@router.patch("/works/{work_id}")
async def save(
    request: Request, context: Ctx, work_id: str, body: Change, who: Liaison, revision: MustMatch, received: Received
) -> Response:
    """Lay a change over a work."""

    def act(transaction: Transaction) -> Saved:
        return works.save(
            transaction,
            context.keys,
            who,
            work_id,
            fields=body.fields,
            statement=body.statement,
            revision=revision,
            received=received,
        )

    return await _act(request, act)


@router.post("/works/{work_id}/submission")
async def submit(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Submit a work; one that comes late is refused with the sentence, and kept as 逾期材料 where the campaign says so."""
    try:
        return await _act(request, lambda transaction: works.submit(transaction, context.keys, who, work_id, received=received))
    except (TooLate, AfterSettling) as refused:
        if getattr(refused, "held", True):
            refused.extra.update(await _kept(context, work_id, refused))
        raise


async def _kept(context: Context, work_id: str, refused: TooLate | AfterSettling) -> Mapping[str, str]:
    def piece(transaction: Transaction) -> tuple[str, str]:
        return late.keep_work(transaction, context.keys, work_id, refused)

    late_id, number = await context.database.submit(piece)
    return {"late_id": late_id, "receipt_number": number}


@router.post("/works/{work_id}/withdrawal")
async def withdraw(request: Request, work_id: str, who: Liaison) -> Response:
    """Take a work back."""
    return await _act(request, lambda transaction: works.withdraw(transaction, who, work_id))


@router.post("/works/{work_id}/listing")
async def list_work(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Put a submitted work on the unit's list: it takes a place, or the sentence says why there is none."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        done = places.list_work(transaction, context.keys, who, work_id, received=received)
        return views.unit_list(transaction.connection, done.rules, done.row, message=f"《{done.work.title}》已列入推荐名单。")

    return await perform(request, piece)


@router.delete("/works/{work_id}/listing")
async def unlist_work(request: Request, context: Ctx, work_id: str, who: Liaison, received: Received) -> Response:
    """Take a work off the list."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        done = places.unlist_work(transaction, context.keys, who, work_id, received=received)
        return views.unit_list(transaction.connection, done.rules, done.row, message=f"《{done.work.title}》已移出推荐名单。")

    return await perform(request, piece)


@router.delete("/works/{work_id}/files/{file_id}")
async def remove_file(request: Request, work_id: str, file_id: str, who: Liaison) -> Response:
    """Take a file out."""
    return await perform(request, lambda transaction: files.remove(transaction, who, work_id, file_id), status=204)


@router.post("/works/{work_id}/files/{file_id}/ticks")
async def tick(request: Request, work_id: str, file_id: str, body: Tick, who: UnitOrOrganiser) -> Response:
    """Answer a question of a report, having looked."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        files.tick(transaction, who, work_id, file_id=file_id, finding=body.finding, note=body.note)
        work = works.fresh(transaction.connection, work_id)
        return views.work(transaction.connection, in_force(transaction.connection, work.campaign_id), work)

    return await perform(request, piece)


@router.post("/works/{work_id}/consent")
async def record_consent(request: Request, work_id: str, body: Consent, who: Unit) -> Response:
    """Record consent (授权), or that it was taken back."""
    act = partial(
        consents.record_consent,
        who=who,
        work_id=work_id,
        given=body.given,
        given_by=body.given_by,
        form=body.form,
        note=body.note,
    )
    return await _act(request, act)


@router.post("/works/{work_id}/mending")
async def mend(request: Request, work_id: str, who: Liaison) -> Response:
    """Say that everything that was returned is mended."""
    return await _act(request, lambda transaction: formal.mend(transaction, who, work_id))


# --- the organiser's hands ------------------------------------------------------------------------------------------


@router.post("/works/{work_id}/release")
async def decide_release(request: Request, work_id: str, body: Release, who: Organiser) -> Response:
    """Decide whether text and video may be shown (发布审核)."""
    act = partial(consents.decide_release, who=who, work_id=work_id, released=body.released, note=body.note)
    return await _act(request, act)


@router.post("/works/{work_id}/acceptance")
async def accept(request: Request, work_id: str, who: Organiser) -> Response:
    """Let a work pass the formal check."""
    return await _act(request, lambda transaction: formal.accept_work(transaction, who, work_id))


@router.post("/works/{work_id}/return")
async def give_back(request: Request, work_id: str, body: Return, who: Organiser) -> Response:
    """Return named items to the unit (退回补正)."""
    items = [Item(each.item, each.reason) for each in body.items]
    return await _act(request, lambda transaction: formal.give_back(transaction, who, work_id, items, term=body.term))


@router.post("/works/{work_id}/rejection")
async def reject(request: Request, work_id: str, body: Reason, who: Organiser) -> Response:
    """Let a work not pass the formal check, with the reason."""
    return await _act(request, lambda transaction: formal.reject(transaction, who, work_id, body.reason))
