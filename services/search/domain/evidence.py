"""Evidence: how one field of a pair agrees, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Agreement(StrEnum):
    """How two values agree; LOOSE is alike in a way that proves nothing."""

    EQUAL = "equal"
    LOOSE = "loose"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """One field of a pair: `words` say how it agrees and name nobody; `shown` are the values, for who may see them."""

    agreement: Agreement
    words: str = ""
    shown: str = ""

    @property
    def sentence(self) -> str:
        """The words and what they speak of."""
        return f"{self.words}：{self.shown}" if self.shown else self.words


UNTOLD = Evidence(Agreement.UNKNOWN)
"""A field that this kind of entry does not have."""


def missing(word: str, ours: object, theirs: object) -> Evidence:
    """Say of which side a value is missing."""
    where = "双方均未填" if not ours and not theirs else "本次未填" if not ours else "往年记录未填"
    return Evidence(Agreement.UNKNOWN, f"{word}无法比对，{where}")


def both(ours: object, theirs: object) -> str:
    """Show two values side by side, or the one that they are."""
    return str(ours) if str(ours) == str(theirs) else f"{ours}／{theirs}"
