"""The units of a campaign: a file apart from it, which names the host that is shown as organiser."""

from __future__ import annotations

from pydantic import Field

from services.campaigns.findings import Frozen
from services.campaigns.text import Id, Text


class Host(Frozen):
    """The office that holds the campaign."""

    name: Text
    short_name: Text


class Unit(Frozen):
    """A recommending unit; `aliases` are the other names under which papers know it."""

    id: Id
    name: Text
    type: str
    region_code: str = Field(pattern=r"^\d{6}$")
    aliases: tuple[Text, ...] = ()


class Units(Frozen):
    """A host and its units."""

    format: int = Field(ge=1, le=1)
    id: Id
    host: Host
    units: tuple[Unit, ...] = Field(min_length=1)
