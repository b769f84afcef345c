"""HTTP of search: stories for the public and for the staff, the register, its imports, checks and decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from services.campaigns.models.winners import LEVEL_WORDS, Level
from services.kernel.auth import BytesGrant, Principal, Role, bytes_url
from services.kernel.errors import NotFound
from services.kernel.ids import new_id
from services.kernel.ports import Transaction
from services.kernel.search_index import Hit, Order, Page, SearchRequest
from services.kernel.service import Context
from services.kernel.web import Answer, Ctx, Router, answer, perform, public, read_body, require
from services.search.actions import bulk, decisions, imports
from services.search.domain.entries import EarlierRecord, Subject
from services.search.domain.stories import PUBLIC, STAFF, Story, excerpt, whole
from services.search.store import campaigns, checks, register, stories
from services.search.store import imports as kept_imports
from services.search.store.register import Wanted
from services.search.tools.files import MAX_FILE_BYTES
from services.search.tools.lists import read_list, report_json
from services.search.tools.register_rows import Defaults

STORIES, WINNERS, EXCLUSIONS = Router(), Router(), Router()

MAX_OFFSET = 10_000
BYTES_PREFIX = "/bytes/"
FACETS = ("campaign", "region", "track", "outcome", "year")
ORGANISER = (Role.CLERK, Role.HEAD)

Anybody = Annotated[Principal | None, public()]
Staff = Annotated[Principal, require(*ORGANISER, Role.LIAISON, Role.UNIT_HEAD)]
Keeper = Annotated[Principal, require(*ORGANISER, Role.OPERATOR)]
Organiser = Annotated[Principal, require(*ORGANISER)]
Words = Annotated[str, StringConstraints(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0, le=MAX_OFFSET)]
Values = Annotated[list[str], Query(max_length=50)]


# Stories


class Asked(BaseModel):
    """What a visitor asks for; several values of one facet are alternatives."""

    model_config = ConfigDict(extra="forbid")

    q: Words = ""
    campaign: list[str] = []
    region: list[str] = []
    track: list[str] = []
    outcome: list[str] = []
    year: list[str] = []
    order: Order = Order.RELEVANCE
    limit: int = Field(20, ge=1, le=100)
    offset: int = Field(0, ge=0, le=MAX_OFFSET)

    def request(self, **fixed: str | None) -> SearchRequest:
        """Return the request, `fixed` facets holding whatever was asked."""
        asked = {facet: tuple(getattr(self, facet)) for facet in FACETS}
        filters = {facet: values for facet, values in asked.items() if values}
        filters |= {facet: (value,) for facet, value in fixed.items() if value is not None}
        return SearchRequest(self.q, filters, self.order, self.limit, self.offset, FACETS)


@STORIES.get("/stories")
async def search_public(request: Request, context: Ctx, asked: Annotated[Asked, Query()], _who: Anybody) -> Response:
    """Search released stories of published results."""
    return answer(request, _page(await _search(context, PUBLIC.name, asked.request()), asked.q))


@STORIES.get("/stories/staff")
async def search_staff(request: Request, context: Ctx, asked: Annotated[Asked, Query()], who: Staff) -> Response:
    """Search submitted works: the organiser all, a unit its own, newest first, so that no order tells of others'."""
    own = None if who.role in ORGANISER else (who.unit_id or "")
    found = asked.model_copy(update={"order": Order.NEWEST}) if own is not None else asked
    page = await _search(context, STAFF.name, found.request(unit=own, campaign=who.campaign_id))
    return answer(request, _page(page, asked.q))


@STORIES.get("/stories/{work_id}")
async def show(request: Request, context: Ctx, work_id: str, _who: Anybody) -> Response:
    """Show a released story whole, with its film for whoever asks."""
    story: Story | None = await context.database.read(partial(stories.get, work_id=work_id))
    if story is None or not story.is_public:
        raise NotFound
    shown = {
        "work_id": story.work_id,
        "title": story.title,
        "unit_name": story.unit_name,
        "organisation": story.organisation,
        "track": story.track,
        "outcome": story.outcome,
        "year": story.year,
        "story": story.text,
        "films": [_film(context, key, kind) for key, kind in _keys(story)],
    }
    return answer(request, shown)


@STORIES.post("/stories/rebuild")
async def rebuild(request: Request, _who: Annotated[Principal, require(Role.OPERATOR)]) -> Response:
    """Fill the indexes anew beside the live ones."""

    def piece(transaction: Transaction) -> dict[str, str]:
        key = new_id()
        transaction.enqueue("search.rebuild", key, {})
        return {"job": key}

    return await perform(request, piece, status=202)


async def _search(context: Context, index: str, asked: SearchRequest) -> Page:
    """Search in the bounded pool of readers."""
    return await context.database.read(lambda _connection: context.index.search(index, asked))


def _page(page: Page, query: str) -> dict[str, Any]:
    return {"total": page.total, "hits": [_hit(hit, query) for hit in page.hits], "facets": page.facets}


def _hit(hit: Hit, query: str) -> dict[str, Any]:
    marked = {
        "title": whole(hit.text["title"], query),
        "names": whole(hit.text["names"], query),
        "story": excerpt(hit.text["story"], query),
    }
    return {"work_id": hit.id, "date": hit.date, **hit.stored, **{field: asdict(told) for field, told in marked.items()}}


def _keys(story: Story) -> Iterable[tuple[str, str]]:
    for film in story.films.values():
        yield film.key, film.type
        if film.poster_key:
            yield film.poster_key, "image/jpeg"


def _film(context: Context, key: str, kind: str) -> dict[str, str]:
    expires_at = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    return {"type": kind, "url": bytes_url(context.keys, BYTES_PREFIX, BytesGrant(key, "public", "watch", expires_at))}


# The register


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
    return answer(request, {"total": total, "winners": [_record(record) for record in records]})


def _record(record: EarlierRecord) -> dict[str, Any]:
    """Show a record to those who keep the register: of an ID number its last four characters only."""
    entry = record.entry
    return {
        "record": record.record,
        "external_id": record.external_id,
        "subject": entry.subject,
        "name": entry.name,
        "organisation": entry.organisation,
        "place": str(entry.place),
        "birth": str(entry.birth) if entry.birth else None,
        "id_last4": entry.id_digest.last4 if entry.id_digest else None,
        "honour": record.honour,
        "level": record.level and LEVEL_WORDS[record.level],
        "year": record.year,
        "outcome": record.outcome,
        "source": record.source,
    }


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

    def defaults(self) -> Defaults:
        """Return them as the reader takes them."""
        return Defaults(self.title, self.level, self.year, self.subject)


@WINNERS.post("/winners/imports")
async def import_list(request: Request, context: Ctx, stated: Annotated[Stated, Query()], who: Keeper) -> Response:
    """Import a list that is the body, or with `preview` only say what would be taken. The file's kind shows itself."""
    data = await read_body(request, MAX_FILE_BYTES)
    defaults = stated.defaults()
    latest = await context.database.submit(lambda transaction: imports.latest_year(transaction.campaign_time()))
    read = await context.database.read(lambda _connection: read_list(data, stated.name, defaults, context.keys, latest))
    if stated.preview:
        return answer(request, {"import": None, "report": report_json(read.report)})

    def piece(transaction: Transaction) -> Answer:
        made = imports.keep(transaction, read, defaults, by=who.account_id)
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


# Checks of works


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
        shown["records"] = [_record(record) for record in records if record]
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
