"""What an earlier title means for a nominee of this campaign."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite
from services.campaigns.text import Id, Text

Level = Literal["national", "province", "city", "district"]
LEVEL_WORDS: dict[Level, str] = {"national": "全国", "province": "省级", "city": "市级", "district": "区级"}


class TitleLevel(Frozen):
    """The level of the title: at least this, exactly this, or any."""

    match: Literal["at_least", "equal", "any"]
    level: Level | None = None

    @model_validator(mode="after")
    def _a_level(self) -> Self:
        if (self.match == "any") != (self.level is None):
            raise ValueError("match 为 any 时不写 level，否则须写 level")
        return self


class PriorWinnerRule(Frozen):
    """A predicate over earlier titles and its effect on who meets it.

    No `titles` means any title; years are inclusive and open where they are not given. `exclude` takes hard
    evidence or a person's decision; `note` only tells.
    """

    id: Id
    titles: tuple[Text, ...] = ()
    level: TitleLevel
    from_year: int | None = Field(default=None, ge=1900, le=2100)
    to_year: int | None = Field(default=None, ge=1900, le=2100)
    outcome: Literal["winner", "nominee", "cheat", "any"] = "winner"
    subject: Literal["person", "project", "work", "organisation"]
    effect: Literal["exclude", "note"]
    words: Text | None = None
    cite: Cite

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.from_year is not None and self.to_year is not None and self.from_year > self.to_year:
            raise ValueError("from_year 晚于 to_year")
        return self
