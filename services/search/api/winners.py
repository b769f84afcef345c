"""The register: shown, imported into, and asked for whole lists."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from services.campaigns.models.winners import Level
from services.kernel.errors import NotFound
from services.kernel.ports import Transaction
from services.kernel.web import Answer, Ctx, Router, answer, perform, read_body
from services.search.actions import bulk, imports
from services.search.api.shown import shown_record
from services.search.api.who import Keeper
from services.search.domain.entries import Subject
from services.search.store import campaigns, register
from services.search.store import imports as kept_imports
from services.search.store.register import Wanted
from services.search.tools.files import MAX_FILE_BYTES
from services.search.tools.lists import read_list, report_json
from services.search.tools.register_rows import Defaults

WINNERS = Router()
Words = Annotated[str, StringConstraints(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=10_000)]


@WINNERS.get("/winners")
async def list_winners(
    request: Request,
    context: Ctx,
    _who: Keeper,
    *,
    q: Words = "",
    subject: Subject | None = None,
    level: Level | None = None,
    year: int | None = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Response:
    """Show the register, newest year first."""
    wanted = Wanted(q.strip(), subject, level, year)
    total, records = await context.database.read(
        lambda connection: register.listed(connection, wanted, limit=limit, offset=offset)
    )
    return answer(request, {"total": total, "winners": [shown_record(record) for record in records]})


@WINNERS.get("/winners/imports")
async def list_imports(request: Request, context: Ctx, _who: Keeper) -> Response:
    """Show all imports, newest first, those undone too."""
    made = await context.database.read(kept_imports.listed)
    return answer(request, {"imports": [_import(each) for each in made]})


@WINNERS.get("/winners/imports/{import_id}")
async def show_import(request: Request, context: Ctx, import_id: str, _who: Keeper) -> Response:
    """Show an import with every row not taken."""
    made = await context.database.read(partial(kept_imports.get, import_id=import_id))
    if made is None:
        raise NotFound("没有这次导入。", "No such import.")
    return answer(request, _import(made) | {"report": json.loads(made.report)})


class Stated(BaseModel):
    """What a list does not say of all its rows, in the query of an import."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] = "名录"
    title: Annotated[str, StringConstraints(max_length=200)] | None = None
    level: Level | None = None
    year: int | None = Field(None, ge=1949, le=2100)
    subject: Subject | None = None
    preview: bool = False
    again: bool = False

    def defaults(self) -> Defaults:
        """Return them as the reader takes them."""
        return Defaults(self.title, self.level, self.year, self.subject)


@WINNERS.post("/winners/imports")
async def import_list(request: Request, context: Ctx, stated: Annotated[Stated, Query()], who: Keeper) -> Response:
    """Import a list that is the body, or with `preview` only say what would be taken. The file's kind shows itself.

    What the register holds already, as a file or as records, is taken only with `again`.
    """
    data = await read_body(request, MAX_FILE_BYTES)
    defaults = stated.defaults()
    latest = await context.database.submit(lambda transaction: imports.latest_year(transaction.campaign_time()))
    read = await context.database.read(lambda _connection: read_list(data, stated.name, defaults, context.keys, latest))
    found = await context.database.read(lambda connection: imports.already(connection, read))
    if stated.preview:
        told = {"import": None, "report": report_json(read.report), "already": [each.document() for each in found]}
        return answer(request, told | {"remark": imports.remark(found)})

    def piece(transaction: Transaction) -> Answer:
        if not stated.again:
            imports.refuse_again(found)
        made = imports.keep(transaction, read, defaults, by=who.account_id, again=stated.again)
        return Answer(_import(made) | {"report": report_json(read.report)}, location=f"/winners/imports/{made.id}")

    return await perform(request, piece, status=201)


@WINNERS.post("/winners/imports/{import_id}/undo")
async def undo_import(request: Request, import_id: str, who: Keeper) -> Response:
    """Take everything an import brought out of the register again."""

    def piece(transaction: Transaction) -> dict[str, object]:
        return {"import": import_id, "removed": imports.undo(transaction, import_id, by=who.account_id)}

    return await perform(request, piece)


def _import(made: kept_imports.Import) -> dict[str, Any]:
    return {
        "import": made.id,
        "file": made.file_name,
        "sha256": made.sha256,
        "rows_read": made.rows_read,
        "rows_taken": made.rows_taken,
        "imported_at": made.imported_at,
        "undone_at": made.undone_at,
    }


@WINNERS.post("/winners/check")
async def check_list(request: Request, context: Ctx, campaign: Annotated[str, Query(max_length=200)], _who: Keeper) -> Response:
    """Check the list that is the body, a JSON line a row."""
    data = await read_body(request, MAX_FILE_BYTES)
    rules = await context.database.read(partial(campaigns.get, campaign_id=campaign))
    if rules is None:
        raise NotFound("没有这个活动。", "No such campaign.")
    lines: bytes = await context.database.read(
        lambda connection: b"".join(
            json.dumps(row.document(), ensure_ascii=False).encode() + b"\n"
            for row in bulk.check_list(connection, data, rules, context.keys)
        )
    )
    return Response(lines, media_type="application/jsonl")
