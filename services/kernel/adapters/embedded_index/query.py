"""The statements of one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.kernel import grams
from services.kernel.search_index import IndexSpec, Order, SearchRequest


@dataclass(frozen=True)
class Query:
    """The statements of one request. The meta table is joined: a subquery inside MATCH took seconds."""

    source: str
    score: str
    values: tuple[object, ...]

    @classmethod
    def of(cls, spec: IndexSpec, request: SearchRequest) -> Query | None:
        """Return the statements, None for a text in which nothing can be searched."""
        asked = grams.phrases(request.text)
        if request.text.strip() and not asked:
            return None
        conditions, values = _filters(request.filters)
        if not asked:
            return cls(f"FROM meta{_where(conditions)}", "", values)
        weights = ", ".join(str(float(weight)) for weight in spec.text.values())
        source = f"FROM grams JOIN meta ON meta.row = grams.rowid{_where(['grams MATCH ?', *conditions])}"
        return cls(source, f"bm25(grams, {weights}), ", (_match(asked), *values))

    def counted(self, facets: Sequence[str]) -> str:
        """Count the hits by the facets asked for; without any, in one row."""
        if not facets:
            return f"SELECT count(*) {self.source}"
        columns = ", ".join(f'kinds."{facet}"' for facet in facets)
        by_kind = f"SELECT meta.kind AS kind, count(*) AS hits {self.source} GROUP BY meta.kind"
        return f"SELECT {columns}, sum(hits) FROM ({by_kind}) JOIN kinds USING (kind) GROUP BY {columns}"  # noqa: S608 - declared names

    def ranked(self, request: SearchRequest) -> str:
        """Name the rows of the hits to show, in order."""
        score = self.score if request.order is Order.RELEVANCE else ""
        order = f"ORDER BY {score}meta.date DESC, meta.id DESC"
        return f"SELECT meta.row {self.source} {order} LIMIT {request.limit:d} OFFSET {request.offset:d}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _filters(filters: Mapping[str, tuple[str, ...]]) -> tuple[list[str], tuple[object, ...]]:
    if not filters:
        return [], ()
    held = " AND ".join(f'"{facet}" IN ({placeholders(values)})' for facet, values in filters.items())
    kinds = f"meta.kind IN (SELECT kind FROM kinds WHERE {held})"  # noqa: S608 - declared names; values are bound
    return [kinds], tuple(value for values in filters.values() for value in values)


def _match(phrases: Iterable[grams.Phrase]) -> str:
    return " AND ".join(f'"{" ".join(phrase.terms)}"{" *" if phrase.prefix else ""}' for phrase in phrases)


def by_facet(facets: Sequence[str], counted: Iterable[Sequence[Any]]) -> dict[str, dict[str, int]]:
    """Sum the counted combinations up by each facet, most frequent value first."""
    sums: dict[str, Counter[str]] = {facet: Counter() for facet in facets}
    for *values, hits in counted:
        for facet, value in zip(facets, values, strict=True):
            sums[facet][value] += hits
    return {facet: dict(sorted(by_value.items(), key=lambda each: (-each[1], each[0]))) for facet, by_value in sums.items()}


def placeholders(values: Sequence[object]) -> str:
    """Return a question mark for each value."""
    return ", ".join("?" * len(values))
