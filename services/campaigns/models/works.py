"""What a work says and carries: tracks with their fields and slots."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.models.stages import Tier
from services.campaigns.models.winners import PriorWinnerRule
from services.campaigns.references import Cite, FieldRef
from services.campaigns.slots import Slot
from services.campaigns.text import Id, Text


class Option(Frozen):
    """One choice of a field; works store its id, people see its label."""

    id: Id
    label: Text


class _Field(Frozen):
    """A field of a work. `required` is asked at 提交, not of a draft; `note` stands beside it in a message."""

    id: Id
    label: Text
    tier: Tier
    required: bool = False
    note: Text | None = None
    cite: Cite


class TextField(_Field):
    """Free text of at most `max_chars`, counted as Word counts 字数."""

    kind: Literal["text"] = "text"
    max_chars: int = Field(default=200, ge=1, le=100_000)
    lines: bool = False


class ChoiceField(_Field):
    """One of the options."""

    kind: Literal["choice"] = "choice"
    options: tuple[Option, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        words = [word for option in self.options for word in {option.id, option.label}]
        if len(words) != len(set(words)):
            raise ValueError("options 的 id 和 label 不能重复")
        return self

    def option(self, value: str) -> Option | None:
        """Return the option of this id or label."""
        return next((option for option in self.options if value in {option.id, option.label}), None)


class ListField(_Field):
    """A list of short texts, such as performers."""

    kind: Literal["list"] = "list"
    min_items: int = Field(default=1, ge=1)
    max_items: int = Field(default=50, ge=1, le=1000)
    max_chars: int = Field(default=100, ge=1)

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        if self.min_items > self.max_items:
            raise ValueError("min_items 大于 max_items")
        return self


class IdNumberField(_Field):
    """A resident's ID number: always T3, kept as a keyed hash and its last four characters."""

    kind: Literal["id_number"] = "id_number"
    tier: Literal["T3"] = "T3"


WorkField = Annotated[TextField | ChoiceField | ListField | IdNumberField, Field(discriminator="kind")]


class ComparedFields(Frozen):
    """Which fields say whose work it is: what 往年已获得 compares, and the story's text."""

    organisation: FieldRef | None = None
    person: FieldRef | None = None
    birth: FieldRef | None = None
    story: FieldRef | None = None


class Track(Frozen):
    """A kind of nominee with its own fields, slots, quotas and rule on earlier winners.

    `title_field` holds the name by which a work is listed and found.
    """

    id: Id
    label: Text
    measure: Text
    subject: Literal["work", "person", "project", "organisation"]
    title_field: Id
    fields: tuple[WorkField, ...] = Field(min_length=1)
    slots: tuple[Slot, ...] = ()
    compared: ComparedFields | None = None
    prior_winners: tuple[PriorWinnerRule, ...] = ()
    cite: Cite

    def field(self, field_id: str) -> WorkField | None:
        """Return the field of this id."""
        return self._by_id.get(field_id)

    @cached_property
    def _by_id(self) -> dict[str, WorkField]:
        return {field.id: field for field in self.fields}
