"""The units of a campaign: a file apart from it, which names the host that is shown as organiser."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from services.campaigns.findings import Frozen
from services.campaigns.references import UnitTypeRef
from services.campaigns.text import Id, Text


def _six_digits(text: str) -> str:
    if re.fullmatch(r"\d{6}", text, re.ASCII) is None:
        raise ValueError(f"“{text[:20]}”应为六位数字的区划代码")
    return text


RegionCode = Annotated[str, AfterValidator(_six_digits)]


class Host(Frozen):
    """The office that holds the campaign; receipts are numbered under its `receipt_prefix`."""

    name: Text
    short_name: Text
    receipt_prefix: str = Field(default="LR", pattern=r"^[A-Z]{2,6}$")


class Unit(Frozen):
    """A recommending unit; `aliases` are the other names under which papers know it.

    `mobile` is where its letter of invitation can be announced; a unit without one gets it on paper.
    """

    id: Id
    name: Text
    type: UnitTypeRef
    region_code: RegionCode
    aliases: tuple[Text, ...] = ()
    mobile: str | None = Field(default=None, pattern=r"^1\d{10}$")


class Units(Frozen):
    """A host and its units."""

    format: Literal[1]
    id: Id
    host: Host
    units: tuple[Unit, ...] = Field(min_length=1)
