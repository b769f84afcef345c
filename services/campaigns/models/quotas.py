"""How many works a unit may and must recommend."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite, FieldRef, TrackRef, UnitTypeRef
from services.campaigns.text import Text


class Floor(Frozen):
    """Each option of a choice field is met by at least `at_least` works of the list.

    `words` are how the notice says it. A waivable floor may be waived for one unit and option with the
    organiser's 同意.
    """

    field: FieldRef
    at_least: PositiveInt
    words: Text
    waivable: bool = True
    cite: Cite


class Quota(Frozen):
    """The places of one unit type in one track.

    `max` blocks when a work is listed. `below_min` says how 可推荐 is read: `warn` wants a 特殊情况说明 before
    the lock, `block` refuses the lock. `words` replace “某某区推荐名额” in the sentence of a full quota.
    """

    unit_type: UnitTypeRef
    track: TrackRef
    min: int = Field(ge=0)
    max: PositiveInt
    below_min: Literal["warn", "block"] = "warn"
    nil_allowed: bool = True
    words: Text | None = None
    floors: tuple[Floor, ...] = ()
    cite: Cite

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        if self.min > self.max:
            raise ValueError("min 大于 max")
        return self
