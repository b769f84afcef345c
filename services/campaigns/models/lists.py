"""How the recommendation list is laid out on paper."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite, FieldRef
from services.campaigns.text import Text


class Column(Frozen):
    """One column: a running number, a field of the work, or a remark."""

    label: Text
    source: Literal["number", "field", "remark"]
    field: FieldRef | None = None
    width: int = Field(default=20, ge=4, le=80)

    @model_validator(mode="after")
    def _a_field(self) -> Self:
        if (self.source == "field") != (self.field is not None):
            raise ValueError("source 为 field 时须写 field，否则不写")
        return self


class ListLayout(Frozen):
    """The list's exact title, the header that names the unit, its columns, and in which form it is filed."""

    title: Text
    short_title: Text
    unit_header: Text
    columns: tuple[Column, ...] = Field(min_length=1)
    ranked: bool = False
    filed_as: Text
    cite: Cite
