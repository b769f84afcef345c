"""What each kind of entry in the record says. The order of a set tells nothing: it is sorted, and checked to be."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from services.campaigns.findings import Frozen
from services.review.domain.rubric import Rubric

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _sorted(values: tuple[Any, ...]) -> tuple[Any, ...]:
    keys = [(value,) if isinstance(value, str) else value.key() for value in values]
    if any(one >= other for one, other in pairwise(keys)):
        raise ValueError("not in order, or repeated")
    return values


class Kind(StrEnum):
    """Every kind of entry, in the order of a round."""

    RECORD_OPENED = "record.opened"
    SEED_COMMITTED = "seed.committed"
    RUBRIC_DECLARED = "rubric.declared"
    ROUND_OPENED = "round.opened"
    PANEL_EXTENDED = "panel.extended"
    SEATS_DRAWN = "seats.drawn"
    SEAT_RECUSED = "seat.recused"
    WORK_LEFT = "work.left"
    BALLOT_COMMITTED = "ballot.committed"
    ROUND_CLOSED = "round.closed"
    TALLY_COMPUTED = "tally.computed"
    TIE_DECIDED = "tie.decided"
    RESULT_CONFIRMED = "result.confirmed"
    RESULT_PUBLISHED = "result.published"


class RecordOpened(Frozen):
    """The first entry."""

    kind: ClassVar[Kind] = Kind.RECORD_OPENED
    format: Literal["laurel-record/1"] = "laurel-record/1"
    campaign: str
    campaign_hash: str


class RoundPayload(Frozen):
    """What belongs to one round."""

    kind: ClassVar[Kind]
    round: str


class SeedCommitted(RoundPayload):
    """The digest of the 32 bytes from which the assignment is drawn, bound before the panel and the works."""

    kind = Kind.SEED_COMMITTED
    seed_hash: Digest


class RubricDeclared(RoundPayload):
    """How the round is scored, tallied and cut."""

    kind = Kind.RUBRIC_DECLARED
    rubric: Rubric
    hash: Digest


class WorkEntered(Frozen):
    """A work of the round; `units` are those whose experts may not read it."""

    work: str
    title: str
    units: Annotated[tuple[str, ...], AfterValidator(_sorted)]

    def key(self) -> tuple[str, ...]:
        """Return what works are sorted by."""
        return (self.work,)


class RoundOpened(RoundPayload):
    """The works, and the commitment to the panel {panel: [{expert, units}]}, opened to the supervisor alone."""

    kind = Kind.ROUND_OPENED
    works: Annotated[tuple[WorkEntered, ...], AfterValidator(_sorted)]
    panel: Digest


class PanelExtended(RoundPayload):
    """More experts for works that lack some; `panel` commits to the added members alone."""

    kind = Kind.PANEL_EXTENDED
    panel: Digest


class SeatDrawn(Frozen):
    """One reading of a work; `expert` commits to {expert, pseudonym, work}, opened to the supervisor alone."""

    work: str
    pseudonym: str
    expert: Digest

    def key(self) -> tuple[str, ...]:
        """Return what seats are sorted by."""
        return (self.work, self.pseudonym)


class SeatsDrawn(RoundPayload):
    """Draw 0 is the assignment, each replacement takes the next number."""

    kind = Kind.SEATS_DRAWN
    draw: int = Field(ge=0)
    seats: Annotated[tuple[SeatDrawn, ...], AfterValidator(_sorted)]


class SeatRecused(RoundPayload):
    """A closed seat. The commitments in `void` are its ballots: never opened, never counted."""

    kind = Kind.SEAT_RECUSED
    work: str
    pseudonym: str
    void: Annotated[tuple[Digest, ...], AfterValidator(_sorted)] = ()


class WorkLeft(RoundPayload):
    """A work that was withdrawn, rejected or disqualified; its ballots do not count."""

    kind = Kind.WORK_LEFT
    work: str
    reason: str


class BallotCommitted(RoundPayload):
    """One ballot of a batch; a batch stands together, by commitment."""

    kind = Kind.BALLOT_COMMITTED
    batch: int = Field(ge=1)
    commitment: Digest


class RoundClosed(RoundPayload):
    """The end of the round at an instant; `ballots` counts the commitments before it."""

    kind = Kind.ROUND_CLOSED
    closed_at: str
    ballots: int = Field(ge=0)


class TallyRow(Frozen):
    """A work's exact sum and mean ("265/3") and its rank."""

    work: str
    sum: str
    mean: str
    rank: int


class TiedWorks(Frozen):
    """Works of one score on both sides of the cut `outcome`, places `first` to `last`, `places` of them free."""

    outcome: str
    works: Annotated[tuple[str, ...], AfterValidator(_sorted)]
    first: int
    last: int
    places: int


class TallyComputed(RoundPayload):
    """Every work by rank, and the ties that wait for a person."""

    kind = Kind.TALLY_COMPUTED
    rubric: Digest
    rows: tuple[TallyRow, ...]
    ties: tuple[TiedWorks, ...]


class TieDecided(RoundPayload):
    """The works that a person let pass the cut `outcome`, and why."""

    kind = Kind.TIE_DECIDED
    outcome: str
    chosen: Annotated[tuple[str, ...], AfterValidator(_sorted)]
    reason: str
    by: str


class Chosen(Frozen):
    """A work and its outcome."""

    work: str
    outcome: str

    def key(self) -> tuple[str, ...]:
        """Return what chosen works are sorted by."""
        return (self.work,)


class ResultConfirmed(RoundPayload):
    """The outcome of every chosen work, confirmed by the head."""

    kind = Kind.RESULT_CONFIRMED
    chosen: Annotated[tuple[Chosen, ...], AfterValidator(_sorted)]
    by: str


class ResultPublished(RoundPayload):
    """The publication."""

    kind = Kind.RESULT_PUBLISHED


Payload = RecordOpened | RoundPayload

PAYLOADS: dict[str, type[Payload]] = {
    model.kind.value: model
    for model in (
        RecordOpened,
        SeedCommitted,
        RubricDeclared,
        RoundOpened,
        PanelExtended,
        SeatsDrawn,
        SeatRecused,
        WorkLeft,
        BallotCommitted,
        RoundClosed,
        TallyComputed,
        TieDecided,
        ResultConfirmed,
        ResultPublished,
    )
}
