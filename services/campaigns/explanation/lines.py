"""A section of an explanation and its lines."""

from __future__ import annotations

from collections.abc import Collection

from services.campaigns.findings import Frozen
from services.campaigns.models import Campaign


class Line(Frozen):
    """One statement and the clause it rests on."""

    text: str
    cite: str | None = None

    def __str__(self) -> str:
        """Return the statement with its clause."""
        return f"{self.text}（{self.cite}）" if self.cite else self.text


class Section(Frozen):
    """A heading and its lines."""

    title: str
    lines: tuple[Line, ...]

    def __str__(self) -> str:
        """Return heading and lines as plain text."""
        return "\n".join([self.title, *(f"  · {line}" for line in self.lines)])


def types(campaign: Campaign, ids: Collection[str]) -> str:
    """Return the names of unit types."""
    return "、".join(kind.label for kind in campaign.unit_types if kind.id in ids)
