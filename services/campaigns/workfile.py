"""A work written down as JSON, for judging offline what would be submitted."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt

from services.campaigns.findings import Frozen


class WorkFile(Frozen):
    """`fields`: field id → text, option or list of texts. `slots`: slot id → number of files, or their names.

    Without `track` the campaign's first is meant.
    """

    unit_type: str
    track: str | None = None
    fields: dict[str, str | list[str] | int | float | bool | None] = Field(default_factory=dict)
    slots: dict[str, NonNegativeInt | list[str]] = Field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return the number of files of each slot."""
        return {name: held if isinstance(held, int) else len(held) for name, held in self.slots.items()}
