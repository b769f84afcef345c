"""Recommendation lists: order, statements, the lock by two persons, the formal check, the paper; 逾期材料 and receipts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection

from services.intake.actions import formal, late, lists, places, views
from services.intake.actions.lists import Said
from services.intake.actions.rules import in_force
from services.intake.actions.windows import AfterSettling, TooLate
from services.intake.api.access import Body, Liaison, Organiser, Ref, Text, UnitHead, UnitOrOrganiser, is_organiser
from services.intake.domain.papers import ListPaper
from services.intake.store import lists as store
from services.intake.store import receipts
from services.intake.store.lists import UnitList
from services.intake.tools.papers import list_pdf, list_xlsx
from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.keys import Purpose
from services.kernel.ports import Transaction
from services.kernel.web import Ctx, IfMatch, MustMatch, Received, Router, answer, perform, public

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = Router()


class Order(Body):
    """The works of a list in their order."""

    work_ids: Annotated[list[Ref], Field(max_length=1000)]


class Statement(Body):
    """A 特殊情况说明 on fewer works than the lower bound of a track."""

    track: Ref
    text: Annotated[Text, Field(min_length=1)]


def _said(transaction: Transaction, said: Said) -> dict[str, Any]:
    return views.unit_list(transaction.connection, said.rules, said.row, message=said.message)


async def _act(request: Request, act: Callable[[Transaction], Said]) -> Response:
    return await perform(request, lambda transaction: _said(transaction, act(transaction)))


@router.get("/lists")
async def list_lists(request: Request, context: Ctx, who: UnitOrOrganiser, campaign_id: Ref | None = None) -> Response:
    """List the lists: a unit its own, the organiser everybody's."""
    unit = None if is_organiser(who) else str(who.unit_id)

    def query(rows: Connection) -> list[dict[str, Any]]:
        found = store.all_of(rows, campaign_id=campaign_id, unit_id=unit)
        return [views.list_line(rows, in_force(rows, row.campaign_id), row) for row in found]

    return answer(request, {"lists": await context.database.read(query)})


@router.get("/lists/{list_id}")
async def read_list(request: Request, context: Ctx, list_id: str, who: UnitOrOrganiser) -> Response:
    """Read a list: rows as printed, places by type, what the lock still wants."""

    def query(rows: Connection) -> tuple[dict[str, Any], int]:
        row = _seen(rows, who, list_id)
        return views.unit_list(rows, in_force(rows, row.campaign_id), row), row.revision

    told, revision = await context.database.read(query)
    return answer(request, told, revision=revision)


def _seen(rows: Connection, who: Principal, list_id: str) -> UnitList:
    row = store.find(rows, list_id)
    if row is None or (not is_organiser(who) and row.unit_id != who.unit_id):
        raise NotFound
    return row


@router.put("/lists/{list_id}/order")
async def order(request: Request, list_id: str, body: Order, who: Liaison, revision: MustMatch) -> Response:
    """Put the works of a list in this order."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        row, rules = places.order(transaction, who, list_id, body.work_ids, revision=revision)
        return views.unit_list(transaction.connection, rules, row)

    return await perform(request, piece)


@router.post("/lists/{list_id}/statements")
async def file_statement(request: Request, list_id: str, body: Statement, who: Liaison) -> Response:
    """File a 特殊情况说明."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        row, rules = lists.file_statement(transaction, who, list_id, track_id=body.track, text=body.text)
        return views.unit_list(transaction.connection, rules, row, message="特殊情况说明已保存。")

    return await perform(request, piece)


@router.post("/lists/{list_id}/lock")
async def request_lock(
    request: Request, context: Ctx, list_id: str, who: Liaison, revision: IfMatch, received: Received
) -> Response:
    """Submit the list to the unit's head."""
    act = partial(lists.request_lock, keys=context.keys, who=who, list_id=list_id, revision=revision, received=received)
    return await _act(request, act)


@router.post("/lists/{list_id}/lock/confirmation")
async def confirm_lock(
    request: Request, context: Ctx, list_id: str, who: UnitHead, revision: IfMatch, received: Received
) -> Response:
    """Lock the list as the unit's head; the stamp of this confirmation decides whether it is in time."""
    act = partial(lists.confirm_lock, keys=context.keys, who=who, list_id=list_id, revision=revision, received=received)
    try:
        return await _act(request, act)
    except (TooLate, AfterSettling) as refused:
        if getattr(refused, "held", True):
            kept = refused
            refused.extra["late_id"] = await context.database.submit(
                lambda transaction: late.keep_list(transaction, list_id, kept)
            )
        raise


@router.delete("/lists/{list_id}/lock")
async def unlock(request: Request, context: Ctx, list_id: str, who: Liaison, received: Received) -> Response:
    """Open a locked list again, until the deadline."""
    return await _act(request, lambda transaction: lists.unlock(transaction, context.keys, who, list_id, received=received))


@router.post("/lists/{list_id}/acceptance")
async def accept(request: Request, list_id: str, who: Organiser) -> Response:
    """Let every work of a list pass the formal check."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        row, rules, message = formal.accept_list(transaction, who, list_id)
        return views.unit_list(transaction.connection, rules, row, message=message)

    return await perform(request, piece)


@router.get("/lists/{list_id}/paper")
async def read_paper(context: Ctx, list_id: str, who: UnitOrOrganiser, form: Literal["pdf", "xlsx"] = "pdf") -> Response:
    """Return the locked list as it is printed, with its 校验码."""

    def query(rows: Connection) -> tuple[ListPaper, datetime]:
        row = _seen(rows, who, list_id)
        return lists.locked_paper(rows, in_force(rows, row.campaign_id), row)

    paper, stamp = await context.database.read(query)
    made = await asyncio.to_thread(list_pdf if form == "pdf" else list_xlsx, paper, stamp=stamp)
    name = f'attachment; filename="list.{form}"'
    media_type = "application/pdf" if form == "pdf" else XLSX
    return Response(made, media_type=media_type, headers={"Content-Disposition": name})


@router.get("/late")
async def list_late(request: Request, context: Ctx, who: UnitOrOrganiser, campaign_id: Ref | None = None) -> Response:
    """List 逾期材料: a unit its own, the organiser all."""
    unit = None if is_organiser(who) else str(who.unit_id)

    def query(rows: Connection) -> list[dict[str, Any]]:
        return [views.late_line(row) for row in store.late_of(rows, campaign_id=campaign_id, unit_id=unit)]

    return answer(request, {"late": await context.database.read(query)})


@router.get("/receipts/keys", dependencies=[public()])
async def receipt_keys(request: Request, context: Ctx) -> Response:
    """Return the public keys by which receipts are checked offline, as a JWK set."""
    return answer(request, context.keys.public_jwks(Purpose.RECEIPT))


@router.get("/receipts/{number}")
async def read_receipt(request: Request, context: Ctx, number: str, who: UnitOrOrganiser) -> Response:
    """Return a receipt: a signed document that is checked offline."""

    def query(rows: Connection) -> dict[str, Any]:
        row = receipts.find(rows, number)
        if row is None or (not is_organiser(who) and row.unit_id != who.unit_id):
            raise NotFound
        names = ("number", "kind", "campaign_id", "unit_id", "work_id", "list_id", "complete", "follows", "received_at")
        return {**{name: getattr(row, name) for name in names}, "receipt": row.token}

    return answer(request, await context.database.read(query))
