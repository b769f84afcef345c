"""Exact keys: two entries that share none are never compared."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from services.search.domain import forms
from services.search.domain.entries import Entry, Subject


def keys(entry: Entry) -> frozenset[int]:
    """Return the keys of an entry as signed 64-bit numbers. Two that collide cost a comparison, never an answer."""
    return frozenset(_number(f"{entry.subject}\0{key}") for key in _keys(entry))


def _keys(entry: Entry) -> Iterator[str]:
    yield from (f"content\0{content}" for content in entry.contents)
    if entry.id_digest:
        yield f"id\0{entry.id_digest.kid}\0{entry.id_digest.digest}"
        if entry.birth:  # finds the same number under another key of the hash
            yield f"last4\0{entry.id_digest.last4}\0{entry.birth.year}\0{entry.birth.month}"
    yield from (f"name\0{name}" for name in _names(entry) if name)


def _names(entry: Entry) -> set[str]:
    match entry.subject:
        case Subject.PERSON:
            return {forms.person_name(entry.name)}
        case Subject.ORGANISATION:
            return {forms.organisation(entry.name), forms.organisation_loosely(entry.name)}
        case Subject.PROJECT | Subject.WORK:
            return {forms.title_core(entry.name), forms.title_loosely(entry.name)}


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)
