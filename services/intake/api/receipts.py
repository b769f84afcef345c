"""Receipts as they were signed, and the keys by which anybody checks them offline."""

from __future__ import annotations

from typing import Any

from fastapi import Request, Response
from sqlalchemy import Connection, Row

from services.intake.api.access import Ref, UnitOrOrganiser, is_organiser
from services.intake.store import lists, receipts, works
from services.intake.tools.receipts import read as read_token
from services.kernel.auth import Principal
from services.kernel.errors import NotFound
from services.kernel.keys import Purpose
from services.kernel.web import Ctx, Router, answer, public

router = Router()


@router.get("/receipts/keys", dependencies=[public()])
async def keys(request: Request, context: Ctx) -> Response:
    """Return the public halves of the keys that sign receipts, as a JWK set."""
    return answer(request, context.keys.public_jwks(Purpose.RECEIPT))


@router.get("/receipts")
async def list_receipts(
    request: Request, context: Ctx, who: UnitOrOrganiser, work_id: Ref | None = None, list_id: Ref | None = None
) -> Response:
    """List the receipts of a work or of a list, oldest first."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        owner = works.find(rows, work_id) if work_id else lists.find(rows, list_id or "")
        if owner is None or not (is_organiser(who) or owner.unit_id == who.unit_id):
            raise NotFound
        found = receipts.of_work(rows, owner.id) if work_id else receipts.of_list(rows, owner.id)
        return [_line(row) for row in found]

    return answer(request, {"receipts": await context.database.read(query)})


@router.get("/receipts/{number}")
async def read_receipt(request: Request, context: Ctx, number: str, who: UnitOrOrganiser) -> Response:
    """Return a receipt: what it says, and the signed document."""
    row = await context.database.read(lambda rows: _visible(rows, who, number))
    _, says = read_token(row.token.encode())
    return answer(request, {**_line(row), "says": says.model_dump(mode="json", exclude_none=True), "receipt": row.token})


@router.get("/receipts/{number}/document")
async def read_document(context: Ctx, number: str, who: UnitOrOrganiser) -> Response:
    """Return the signed document alone, to be kept as a file and checked with `laurel receipt verify`."""
    row = await context.database.read(lambda rows: _visible(rows, who, number))
    headers = {"Content-Disposition": f'attachment; filename="{row.number}.jws"'}
    return Response(row.token, media_type="application/jose", headers=headers)


def _visible(rows: Connection, who: Principal, number: str) -> Row[Any]:
    row = receipts.find(rows, number)
    if row is None or not (is_organiser(who) or row.unit_id == who.unit_id):
        raise NotFound
    return row


def _line(row: Row[Any]) -> dict[str, Any]:
    names = ("number", "kind", "campaign_id", "unit_id", "work_id", "list_id", "complete", "follows", "received_at")
    return {name: getattr(row, name) for name in names}
