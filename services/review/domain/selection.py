"""Who is chosen: the cuts of the slate rule, the ties that straddle them, and the people's decisions on those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.review.domain.faults import DecisionFault, Undecided
from services.review.domain.points import shown
from services.review.domain.rubric import Cut, Rubric
from services.review.domain.tally import Row

LEAST_REASON_LENGTH = 4


class Tie(NamedTuple):
    """Works of one score on both sides of a cut: places `first` to `last`, of which `places` are still free."""

    outcome: str
    works: tuple[str, ...]
    first: int
    last: int
    places: int


class Decision(NamedTuple):
    """Which of the tied works a person lets pass the cut `outcome`."""

    outcome: str
    chosen: frozenset[str]


def ties(rubric: Rubric, rows: Sequence[Row]) -> list[Tie]:
    """Return the ties that need a person, tightest cut first; a group may straddle several cuts."""
    return [tie for cut in rubric.slate if (tie := _tie(cut, rows))]


def _tie(cut: Cut, rows: Sequence[Row]) -> Tie | None:
    if cut.through >= len(rows) or rows[cut.through - 1].rank != rows[cut.through].rank:
        return None
    first = rows[cut.through].rank
    works = tuple(row.work for row in rows if row.rank == first)
    return Tie(cut.outcome, works, first, first + len(works) - 1, cut.through - first + 1)


def tie_sentence(rubric: Rubric, tie: Tie, rows: Sequence[Row]) -> str:
    """Return the question that a tie puts to the organiser (story 30)."""
    row = next(row for row in rows if row.work == tie.works[0])
    label = next(cut.label for cut in rubric.slate if cut.outcome == tie.outcome)
    which = "" if tie.outcome == rubric.slate[-1].outcome else f"“{label}”"
    return (
        f"第{tie.first}—{tie.last}名{len(tie.works)}件作品总分同为{shown(row.total)}分（平均{shown(row.mean)}分），"
        f"{which}可入选{tie.places}件。{rubric.tie.words}"
    )


def decide(tied: Sequence[Tie], made: Sequence[Decision], *, outcome: str, chosen: Iterable[str], reason: str) -> Decision:
    """Return the decision on the tie at `outcome`; DecisionFault when it does not fit it or another decision."""
    tie = next((tie for tie in tied if tie.outcome == outcome), None)
    if tie is None:
        raise DecisionFault("此处没有待复议的同分作品。")
    if any(decision.outcome == outcome for decision in made):
        raise DecisionFault("该处同分已登记复议结果，不能再登记。")
    picked = list(chosen)
    faults = _choice_faults(tie, picked)
    if len(reason.strip()) < LEAST_REASON_LENGTH:
        faults.append("请填写复议理由。")
    if not faults and _contradicts(tied_outcomes(tied), made, outcome, frozenset(picked)):
        faults.append("与另一处同分已登记的结果不一致：入选较高一档的作品须同时入选较低一档。")
    if faults:
        raise DecisionFault(faults)
    return Decision(outcome, frozenset(picked))


def _choice_faults(tie: Tie, picked: Sequence[str]) -> list[str]:
    faults = []
    if strangers := set(picked) - set(tie.works):
        faults.append(f"有{len(strangers)}件不在同分作品之内，请从第{tie.first}—{tie.last}名的{len(tie.works)}件中选择。")
    if len(picked) != tie.places or len(set(picked)) != len(picked):
        faults.append(f"选了{len(set(picked))}件，应为{tie.places}件。")
    return faults


def tied_outcomes(tied: Iterable[Tie]) -> dict[str, tuple[int, frozenset[str]]]:
    """Return for each tied cut how many places it has and among which works."""
    return {tie.outcome: (tie.places, frozenset(tie.works)) for tie in tied}


def _contradicts(
    cuts: Mapping[str, tuple[int, frozenset[str]]], made: Iterable[Decision], outcome: str, chosen: frozenset[str]
) -> bool:
    places, group = cuts[outcome]
    for other in made:
        other_places, other_group = cuts[other.outcome]
        tight, wide = (chosen, other.chosen) if places < other_places else (other.chosen, chosen)
        if other_group == group and not tight <= wide:
            return True
    return False


def select(rubric: Rubric, rows: Sequence[Row], decisions: Iterable[Decision]) -> dict[str, str]:
    """Return work → outcome of those who are chosen; Undecided, a sentence a tie, while a tie has no decision."""
    made = {decision.outcome: decision for decision in decisions}
    tied = {tie.outcome: tie for tie in ties(rubric, rows)}
    if open_ties := [tie for outcome, tie in tied.items() if outcome not in made]:
        raise Undecided(tie_sentence(rubric, tie, rows) for tie in open_ties)
    outcomes: dict[str, str] = {}
    for cut in rubric.slate:
        for work in _passing(cut, rows, tied.get(cut.outcome), made.get(cut.outcome)):
            outcomes.setdefault(work, cut.outcome)
    return outcomes


def _passing(cut: Cut, rows: Sequence[Row], tie: Tie | None, decision: Decision | None) -> list[str]:
    if tie is None or decision is None:
        return [row.work for row in rows[: cut.through]]
    return [row.work for row in rows[: tie.first - 1]] + [work for work in tie.works if work in decision.chosen]
