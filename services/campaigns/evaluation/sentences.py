"""Small parts of sentences that several decisions share."""

from __future__ import annotations


def cited(cite: str) -> str:
    """Return a citation in its brackets."""
    return f"（{cite}）"


def range_text(low: int, high: int) -> str:
    """Return "5—6", "1" when both are the same, "至多2" from nothing on."""
    if low == high:
        return str(low)
    return f"至多{high}" if low == 0 else f"{low}—{high}"
