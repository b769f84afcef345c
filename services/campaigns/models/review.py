"""How works are judged: rounds, criteria and points, what is chosen, awards."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, PositiveInt

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite, StageRef
from services.campaigns.text import Id, Text


class Criterion(Frozen):
    """One criterion and its highest points; `words` quote what it asks."""

    id: Id
    label: Text
    points: Decimal = Field(gt=0, le=1000)
    words: Text | None = None
    cite: Cite


class Rubric(Frozen):
    """Criteria with points. `cite` says where the points come from."""

    criteria: tuple[Criterion, ...] = Field(min_length=1)
    step: Decimal = Field(default=Decimal(1), gt=0)
    cite: Cite


class Outcome(Frozen):
    """What a round chooses: the first `count` of the ranking. Outcomes stand widest first."""

    id: Id
    label: Text
    count: PositiveInt
    cite: Cite


class Tie(Frozen):
    """How a tie at a cut is decided: always by people, with a reason."""

    decided_by: Literal["panel", "second_ballot"]
    words: Text
    cite: Cite


class Round(Frozen):
    """One round of review."""

    id: Id
    label: Text
    stage: StageRef
    experts_per_work: PositiveInt
    own_unit_recused: bool = True
    aggregate: Literal["sum", "mean"] = "sum"
    rubric: Rubric
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    tie: Tie
    cite: Cite


class Award(Frozen):
    """A prize that the notice sets, and how many, in the notice's own measure word."""

    id: Id
    label: Text
    count: PositiveInt
    measure: Text
    stage: StageRef
    cite: Cite
