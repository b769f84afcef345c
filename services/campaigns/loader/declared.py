"""The names that a campaign file declares, gathered from the plain tree however faulty the rest is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CARD_FACTS = ("unit",)


def declared(data: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Return the declared names by noun, as validation context of the models."""
    fields = frozenset(name for track in _items(data, "tracks") for name in _ids(track, "fields"))
    notice = data.get("notice")
    return {
        "clauses": frozenset(_ids(notice if isinstance(notice, dict) else {}, "clauses")),
        "unit_types": frozenset(_ids(data, "unit_types")),
        "tracks": frozenset(_ids(data, "tracks")),
        "stages": frozenset(_ids(data, "stages")),
        "fields": fields,
        "card_fields": fields | frozenset(CARD_FACTS),
    }


def _items(data: dict[str, Any], key: str) -> Iterator[dict[str, Any]]:
    listed = data.get(key)
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict):
            yield item


def _ids(data: dict[str, Any], key: str) -> Iterator[str]:
    for item in _items(data, key):
        if isinstance(item.get("id"), str):
            yield item["id"]
