"""Recommendation lists: read, ordered, locked by two persons, printed, accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from services.intake.actions import formal, late, places, views
from services.intake.actions import lists as actions
from services.intake.actions.lists import Said
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.windows import AfterSettling, TooLate
from services.intake.api.access import Body, Liaison, Organiser, Ref, Unit, UnitHead, UnitOrOrganiser, is_organiser
from services.intake.domain.papers import ListPaper
from services.intake.store import lists
from services.intake.store.lists import UnitList
from services.intake.tools.papers import list_pdf, list_xlsx
from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Answer, Ctx, IfMatch, MustMatch, Received, Router, answer, perform
from services.kernel.web.writes import render

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = Router()


class Order(Body):
    """Every work of the list, once, in the order wanted."""

    work_ids: Annotated[list[Ref], Field(max_length=1000)]


class Statement(Body):
    """特殊情况说明: why a unit recommends fewer works than the lower bound in a track."""

    track: Ref
    text: Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True)]


# --- reading --------------------------------------------------------------------------------------------------------


@router.get("/lists")
async def list_lists(request: Request, context: Ctx, who: UnitOrOrganiser, campaign_id: Ref | None = None) -> Response:
    """List the lists: a unit its own, the organiser all."""
    unit_id = None if is_organiser(who) else who.unit_id

    def query(rows: Connection) -> list[dict[str, Any]]:
        found = lists.all_of(rows, campaign_id=campaign_id, unit_id=unit_id)
        return [views.list_line(rows, in_force(rows, row.campaign_id), row) for row in found]

    return answer(request, {"lists": await context.database.read(query)})


@router.get("/lists/{list_id}")
async def read_list(context: Ctx, list_id: str, who: UnitOrOrganiser) -> Response:
    """Read a list: rows, counts, places, and what the lock still wants."""

    def query(rows: Connection) -> Answer:
        row, rules = _visible(rows, who, list_id)
        return Answer(views.unit_list(rows, rules, row), row.revision)

    return render(await context.database.read(query), 200).response()


def _visible(rows: Connection, who: Principal, list_id: str) -> tuple[UnitList, Rules]:
    row = lists.find(rows, list_id)
    if row is None or not (is_organiser(who) or row.unit_id == who.unit_id):
        raise NotFound
    return row, in_force(rows, row.campaign_id)


@router.get("/lists/{list_id}/history")
async def read_history(request: Request, context: Ctx, list_id: str, who: UnitOrOrganiser) -> Response:
    """Read what people did to a list."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        _visible(rows, who, list_id)
        return views.history(rows, f"list/{list_id}")

    return answer(request, {"history": await context.database.read(query)})


@router.get("/lists/{list_id}/paper")
async def read_paper(context: Ctx, list_id: str, who: UnitOrOrganiser, form: Literal["pdf", "xlsx"] = "pdf") -> Response:
    """Return a locked list as it is printed, with its 校验码."""

    def query(rows: Connection) -> tuple[ListPaper, datetime]:
        row, rules = _visible(rows, who, list_id)
        return actions.locked_paper(rows, rules, row)

    paper, stamp = await context.database.read(query)
    made = await asyncio.to_thread(list_pdf if form == "pdf" else list_xlsx, paper, stamp=stamp)
    named = {"Content-Disposition": f'attachment; filename="list.{form}"'}
    return Response(made, media_type="application/pdf" if form == "pdf" else XLSX, headers=named)


# --- the unit's own hand --------------------------------------------------------------------------------------------


@router.put("/lists/{list_id}/order")
async def order(request: Request, list_id: str, body: Order, who: Liaison, revision: MustMatch) -> Response:
    """Put the works in order."""

    def piece(transaction: Transaction) -> Answer:
        row, rules = places.order(transaction, who, list_id, body.work_ids, revision=revision)
        return Answer(views.unit_list(transaction.connection, rules, row), row.revision)

    return await perform(request, piece)


@router.post("/lists/{list_id}/statements")
async def file_statement(request: Request, list_id: str, body: Statement, who: Liaison) -> Response:
    """File a 特殊情况说明."""

    def piece(transaction: Transaction) -> Answer:
        row, rules = actions.file_statement(transaction, who, list_id, track_id=body.track, text=body.text)
        return Answer(views.unit_list(transaction.connection, rules, row, message="特殊情况说明已登记。"), row.revision)

    return await perform(request, piece)


@router.post("/lists/{list_id}/lock")
async def request_lock(
    request: Request, context: Ctx, list_id: str, who: Liaison, *, revision: IfMatch, received: Received
) -> Response:
    """Submit the list to the unit's head."""

    def act(transaction: Transaction) -> Said:
        return actions.request_lock(transaction, context.keys, who, list_id, revision=revision, received=received)

    return await _in_time(request, context, list_id, act)


@router.post("/lists/{list_id}/lock/confirmation")
async def confirm_lock(
    request: Request, context: Ctx, list_id: str, who: UnitHead, *, revision: IfMatch, received: Received
) -> Response:
    """Lock the list as the unit's head; one that comes late is kept as 逾期材料, and the answer says so."""

    def act(transaction: Transaction) -> Said:
        return actions.confirm_lock(transaction, context.keys, who, list_id, revision=revision, received=received)

    return await _in_time(request, context, list_id, act)


@router.delete("/lists/{list_id}/lock")
async def unlock(request: Request, context: Ctx, list_id: str, who: Unit, received: Received) -> Response:
    """Open a locked list again, until the deadline."""
    return await _performed(
        request, lambda transaction: actions.unlock(transaction, context.keys, who, list_id, received=received)
    )


async def _in_time(request: Request, context: Context, list_id: str, act: Callable[[Transaction], Said]) -> Response:
    """Perform; keep what came late beside the refusal."""
    try:
        return await _performed(request, act)
    except (TooLate, AfterSettling) as refused:
        if isinstance(refused, AfterSettling) or refused.held:
            kept = await context.database.submit(partial(late.keep_list, list_id=list_id, refused=refused))
            refused.extra.update(late_id=kept)
        raise


# --- the organiser's --------------------------------------------------------------------------------------------------


@router.post("/lists/{list_id}/acceptance")
async def accept(request: Request, list_id: str, who: Organiser) -> Response:
    """Accept every work of a locked list at once, when nothing is open."""

    def act(transaction: Transaction) -> Said:
        row, rules, message = formal.accept_list(transaction, who, list_id)
        return Said(row, rules, message)

    return await _performed(request, act)


async def _performed(request: Request, act: Callable[[Transaction], Said]) -> Response:
    def piece(transaction: Transaction) -> Answer:
        done = act(transaction)
        told = views.unit_list(transaction.connection, done.rules, done.row, message=done.message)
        noted = [each.model_dump(mode="json", exclude_none=True) for each in done.findings]
        return Answer({**told, "findings": noted or told["findings"]}, done.row.revision)

    return await perform(request, piece)
