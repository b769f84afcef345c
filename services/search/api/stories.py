"""Stories: searched and shown, for the public and for the staff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import Response

from services.kernel.auth import BytesGrant, Principal, Role, bytes_url
from services.kernel.errors import NotFound
from services.kernel.ids import new_id
from services.kernel.ports import Transaction
from services.kernel.search_index import Order, SearchRequest
from services.kernel.service import Context
from services.kernel.web import Ctx, Router, answer, perform, require
from services.search.actions import finding
from services.search.actions.finding import FACETS
from services.search.api.who import ORGANISER, Anybody, StaffOrOperator
from services.search.domain.stories import PUBLIC, STAFF, Story
from services.search.store import stories

STORIES = Router()
MAX_OFFSET = 10_000
BYTES_PREFIX = "/bytes/"
IndexName = Literal["stories-staff", "stories-public"]
Words = Annotated[str, StringConstraints(max_length=200)]


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
    return answer(request, await _search(context, PUBLIC.name, asked.request()))


@STORIES.get("/stories/staff")
async def search_staff(request: Request, context: Ctx, asked: Annotated[Asked, Query()], who: StaffOrOperator) -> Response:
    """Search submitted works: organiser and operator all, a unit its own, newest first, so that no order tells of others'."""
    own = None if who.role in {*ORGANISER, Role.OPERATOR} else (who.unit_id or "")
    found = asked.model_copy(update={"order": Order.NEWEST}) if own is not None else asked
    return answer(request, await _search(context, STAFF.name, found.request(unit=own, campaign=who.campaign_id)))


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
async def rebuild(
    request: Request, _who: Annotated[Principal, require(Role.OPERATOR)], index: Annotated[IndexName | None, Query()] = None
) -> Response:
    """Fill the indexes, or one of them, anew beside the live ones."""

    def piece(transaction: Transaction) -> dict[str, str]:
        key = new_id()
        transaction.enqueue("search.rebuild", key, {"index": index})
        return {"job": key}

    return await perform(request, piece, status=202)


async def _search(context: Context, index: str, asked: SearchRequest) -> dict[str, Any]:
    """Search in the bounded pool of readers."""
    return await context.database.read(lambda _connection: finding.page(context.index, index, asked))


def _keys(story: Story) -> Iterable[tuple[str, str]]:
    for film in story.films.values():
        yield film.key, film.type
        if film.poster_key:
            yield film.poster_key, "image/jpeg"


def _film(context: Context, key: str, kind: str) -> dict[str, str]:
    expires_at = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    return {"type": kind, "url": bytes_url(context.keys, BYTES_PREFIX, BytesGrant(key, "public", "watch", expires_at))}
