"""The units of a campaign: a file apart from it, which names the host that is shown as organiser."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.campaigns.findings import Frozen
from services.campaigns.references import UnitTypeRef
from services.campaigns.text import Id, Text


class Host(Frozen):
    """The office that holds the campaign."""

    name: Text
    short_name: Text


class Unit(Frozen):
    """A recommending unit; `aliases` are the other names under which papers know it."""

    id: Id
    name: Text
    type: UnitTypeRef
    region_code: str = Field(pattern=r"^\d{6}$")
    aliases: tuple[Text, ...] = ()


class Units(Frozen):
    """A host and its units."""

    format: Literal[1]
    id: Id
    host: Host
    units: tuple[Unit, ...] = Field(min_length=1)
