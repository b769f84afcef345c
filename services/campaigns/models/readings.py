"""Readings: what the notice leaves open and a person confirms before publication."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite
from services.campaigns.text import Id, Text


class ReadingOption(Frozen):
    """One way to read it; `remark` is shown among 请注意 when the option stands."""

    id: Id
    words: Text
    remark: Text | None = None


class Reading(Frozen):
    """A question with its options.

    In a campaign file a value that depends on it is written `{by: its id, option: value, …}`. `chosen` is the
    option that stands (the default until a person chose), `resolves` the places of the file that depend on it.
    """

    id: Id
    question: Text
    options: tuple[ReadingOption, ...] = Field(min_length=2)
    default: str
    chosen: str
    resolves: tuple[str, ...] = ()
    cite: Cite

    @model_validator(mode="after")
    def _options_known(self) -> Self:
        ids = [option.id for option in self.options]
        if len(ids) != len(set(ids)):
            raise ValueError("options 的 id 不能重复")
        if self.default not in ids or self.chosen not in ids:
            raise ValueError(f"default 应为 {'、'.join(ids)} 之一")
        return self

    @property
    def standing(self) -> ReadingOption:
        """The option that stands."""
        return next(option for option in self.options if option.id == self.chosen)
