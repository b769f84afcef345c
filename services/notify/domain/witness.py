"""The record's heads as a witness keeps them, and what two of them say of each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Head:
    """One head of a round's record, as its event told it at `told_at` (system time)."""

    round_id: str
    campaign_id: str
    height: int
    head: str
    alg: str
    told_at: datetime


def contradictions(heads: Iterable[Head]) -> list[int]:
    """Return the heights at which more than one head was told: the record was written anew there."""
    told: dict[int, set[str]] = {}
    for one in heads:
        told.setdefault(one.height, set()).add(one.head)
    return sorted(height for height, found in told.items() if len(found) > 1)
