"""One range of bytes, as RFC 9110 reads a `Range` header."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")


class UnsatisfiableError(ValueError):
    """The range begins behind the end."""


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes to send; `partial` tells whether a range was asked for."""

    start: int
    length: int
    partial: bool


def part_of(header: str | None, size_bytes: int) -> Part:
    """Return the part that a `Range` header asks of an object; the whole for none, several or unreadable ones.

    Raises UnsatisfiableError.
    """
    found = _SINGLE.fullmatch(header.replace(" ", "")) if header else None
    if found is None or not (found[1] or found[2]):
        return Part(0, size_bytes, partial=False)
    if not found[1]:
        length = min(int(found[2]), size_bytes)
        return _within(size_bytes - length, size_bytes - 1, size_bytes)
    last = min(int(found[2]), size_bytes - 1) if found[2] else size_bytes - 1
    if found[2] and int(found[2]) < int(found[1]):
        return Part(0, size_bytes, partial=False)
    return _within(int(found[1]), last, size_bytes)


def _within(start: int, last: int, size_bytes: int) -> Part:
    if start >= size_bytes or last < start:
        raise UnsatisfiableError
    return Part(start, last - start + 1, partial=True)
