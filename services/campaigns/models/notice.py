"""The notice behind a campaign: who issued it, its clauses, and the words it uses."""

from __future__ import annotations

from services.campaigns.findings import Frozen
from services.campaigns.instants import Day
from services.campaigns.models.winners import Level
from services.campaigns.references import Cite, UnitTypeRef
from services.campaigns.text import Id, Text


class Clause(Frozen):
    """One clause, named as the notice numbers it ("附件1 二（四）"), with the notice's own words."""

    id: Text
    quote: Text


class Notice(Frozen):
    """The document that rules. `organiser` is shown until a units file names its own host.

    `level` is that of what its results give; without one it is said when a result is published.
    """

    title: Text
    document_number: Text
    issued_on: Day
    issuers: tuple[Text, ...]
    level: Level | None = None
    organiser: Text
    implementer: Text | None = None
    clauses: tuple[Clause, ...]


class Terms(Frozen):
    """The campaign's own words (◆ of the glossary): no campaign's word is ever carried into another."""

    campaign: Text
    organiser: Text
    implementer: Text
    recommending_unit: Text
    entrant: Text
    recommend: Text
    nominee: Text
    work: Text
    track: Text
    quota: Text
    recommendation_list: Text
    round: Text
    shortlist: Text
    remark: Text | None = None
    proposed_list: Text | None = None
    approval: Text | None = None
    award: Text | None = None


class UnitType(Frozen):
    """A kind of recommending unit: 区, 成员单位."""

    id: Id
    label: Text
    cite: Cite


class Liaisons(Frozen):
    """Which unit types must name how many liaisons."""

    unit_types: tuple[UnitTypeRef, ...]
    count: int = 1
    cite: Cite
