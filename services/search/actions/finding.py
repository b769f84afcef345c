"""A page of what was searched, as people and scripts get it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from services.kernel.search_index import Hit, SearchIndex, SearchRequest
from services.search.domain.stories import excerpt, whole

FACETS = ("campaign", "region", "track", "outcome", "year")


def page(index: SearchIndex, name: str, asked: SearchRequest) -> dict[str, Any]:
    """Search an index; return the total, the hits with marks on what was searched, and the facets' counts."""
    found = index.search(name, asked)
    return {"total": found.total, "hits": [_hit(hit, asked.text) for hit in found.hits], "facets": found.facets}


def _hit(hit: Hit, query: str) -> dict[str, Any]:
    marked = {
        "title": whole(hit.text["title"], query),
        "names": whole(hit.text["names"], query),
        "story": excerpt(hit.text["story"], query),
    }
    return {"work_id": hit.id, "date": hit.date, **hit.stored, **{field: asdict(told) for field, told in marked.items()}}
