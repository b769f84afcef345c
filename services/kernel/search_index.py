"""The port through which a service keeps and searches full text; one behaviour on every engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.kernel.errors import Unavailable


class UnknownIndex(LookupError):  # named for what is not there, as a KeyError is
    """No index of this name was declared."""


class IndexUnavailable(Unavailable):  # a state of the engine
    """503: the index cannot be reached, read or written now; `detail` says what its engine said."""

    kind = "index-unavailable"

    def __init__(self, detail: str) -> None:
        super().__init__("检索暂时不可用，请稍后再试。", detail)


@dataclass(frozen=True)
class IndexSpec:
    """What one index holds. Two audiences are two indexes: a shared one lets hidden rows move visible ones.

    `text` maps each searched field to its weight in the ranking; `facets` are exact values to filter and count by.
    """

    name: str
    text: Mapping[str, float]
    facets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """One thing to find. `version` is external: only a higher one than the last put or delete has an effect.

    Every field of the spec must be present; `stored` is any JSON object, handed back with a hit and never searched.
    """

    id: str
    version: int
    date: datetime
    text: Mapping[str, str]
    facets: Mapping[str, str] = field(default_factory=dict)
    stored: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Removal:
    """Takes a document away; a put of the same or a lower version cannot bring it back."""

    id: str
    version: int


class Order(StrEnum):
    """How hits are ordered; equals stand newest first by (date, id)."""

    RELEVANCE = "relevance"
    NEWEST = "newest"


@dataclass(frozen=True)
class SearchRequest:
    """A text of which every run must occur, and filters of which every facet must hold one of its values.

    An empty text asks for everything, newest first; a text in which nothing can be searched finds nothing.
    `facets` names those to count over all hits.
    """

    text: str = ""
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    order: Order = Order.RELEVANCE
    limit: int = 20
    offset: int = 0
    facets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hit:
    """A document found; `text` and `stored` are as they were put."""

    id: str
    version: int
    date: datetime
    text: Mapping[str, str]
    stored: Mapping[str, object]


@dataclass(frozen=True)
class Page:
    """Hits in order, the exact number of all, and for each facet asked for its values with exact counts."""

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, Mapping[str, int]]


class Rebuild(Protocol):
    """An index being filled beside the live one."""

    def apply(self, changes: Iterable[Document | Removal]) -> int:
        """Put and remove, as `SearchIndex.apply` does, in the new index alone."""


class SearchIndex(Protocol):
    """Full text of declared indexes. Every call is synchronous, may come from any thread, and is durable on return."""

    def apply(self, index: str, changes: Iterable[Document | Removal]) -> int:
        """Put and remove in one batch, all or nothing; return how many were newer than what stood there."""

    def search(self, index: str, request: SearchRequest) -> Page:
        """Answer a request over what has been applied."""

    def rebuild(self, index: str) -> AbstractContextManager[Rebuild]:
        """Fill a new index beside the live one; leaving the block puts it in its place, an exception drops it.

        The live one answers meanwhile, and what is applied to it goes to both. One rebuild at a time.
        """

    def close(self) -> None:
        """Release what is open; the index can not be used afterwards."""
