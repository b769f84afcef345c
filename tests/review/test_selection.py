"""Ties at every place, their sentences, and the people's decisions on them."""

from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_maker import s0_rubric

from services.review.domain.faults import DecisionFault, Undecided
from services.review.domain.rubric import TieMethod, TieRule
from services.review.domain.selection import Decision, decide, select, tie_sentence, ties
from services.review.domain.tally import Row

REASON = "专家组复议：表现力更佳"


def rows_of(means: list[int]) -> list[Row]:
    ordered = sorted(means, reverse=True)
    return [Row(f"w{n:03}", Fraction(mean * 3), Fraction(mean), ordered.index(mean) + 1) for n, mean in enumerate(ordered)]


def test_the_story_of_places_29_to_31() -> None:
    means = [*range(100, 72, -1), 70, 70, 70, *range(60, 0, -1)]
    rows = [row._replace(total=Fraction(265), mean=Fraction(265, 3)) if row.rank == 29 else row for row in rows_of(means)]
    rubric = s0_rubric()
    (tie,) = ties(rubric, rows)
    assert (tie.first, tie.last, tie.places, len(tie.works)) == (29, 31, 2, 3)
    sentence = "第29—31名3件作品总分同为265分（平均88.33分），可入选2件。请登记专家组复议结果和理由（评审细则第7条）。"
    assert tie_sentence(rubric, tie, rows) == sentence
    with pytest.raises(Undecided) as caught:
        select(rubric, rows, [])
    assert caught.value.sentences == (sentence,)
    made = decide([tie], [], outcome=tie.outcome, chosen=tie.works[1:], reason=REASON)
    outcomes = select(rubric, rows, [made])
    assert len(outcomes) == 30
    assert tie.works[0] not in outcomes
    assert sum(outcome == "cut-10" for outcome in outcomes.values()) == 10


def test_a_tie_at_the_tighter_cut_names_it() -> None:
    rubric = s0_rubric((1, 3), tie=TieRule(words="请登记二次评议结果和理由（评审细则第7条）。", method=TieMethod.SECOND_VOTE))
    rows = rows_of([5, 5, 3, 2])
    assert tie_sentence(rubric, ties(rubric, rows)[0], rows) == (
        "第1—2名2件作品总分同为15分（平均5分），“前1名”可入选1件。请登记二次评议结果和理由（评审细则第7条）。"
    )


@pytest.mark.parametrize("first", range(12))
@pytest.mark.parametrize("length", [2, 3, 12])
def test_a_tie_at_every_place_is_found_exactly_when_it_straddles_a_cut(first: int, length: int) -> None:
    means = [100 - n if not first <= n < first + length else 50 for n in range(14)]
    means = [mean if n < first + length else 40 - n for n, mean in enumerate(means)]
    rubric = s0_rubric((3, 8))
    found = ties(rubric, rows_of(means))
    last = min(first + length, 14)
    expected = [cut for cut in (3, 8) if first < cut < last]
    assert [tie.outcome for tie in found] == [f"cut-{cut}" for cut in expected]
    for tie, cut in zip(found, expected, strict=True):
        assert (tie.first, tie.last, tie.places, len(tie.works)) == (first + 1, last, cut - first, last - first)


@settings(max_examples=400)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=16), st.sets(st.integers(1, 14), min_size=1, max_size=4), st.data())
def test_whatever_is_decided_exactly_the_places_are_filled_and_nobody_better_is_left_out(
    means: list[int], cuts: set[int], data: st.DataObject
) -> None:
    through = tuple(sorted(cuts))
    rubric, rows = s0_rubric(through), rows_of(means)
    made: list[Decision] = []
    tied = ties(rubric, rows)
    straddled = [cut for cut in through if cut < len(rows) and rows[cut - 1].mean == rows[cut].mean]
    assert [tie.outcome for tie in tied] == [f"cut-{cut}" for cut in straddled]
    for tie in data.draw(st.permutations(tied)):
        fitting = [set(pick) for pick in combinations(tie.works, tie.places) if agrees(tied, made, tie, set(pick))][:50]
        chosen = data.draw(st.sampled_from(fitting))
        made.append(decide(tied, made, outcome=tie.outcome, chosen=chosen, reason=REASON))
    outcomes = select(rubric, rows, made)
    for number, cut in enumerate(through):
        inside = {work for work, outcome in outcomes.items() if outcome in {f"cut-{one}" for one in through[: number + 1]}}
        assert len(inside) == min(cut, len(rows))
        worst = min(row.mean for row in rows if row.work in inside)
        assert all(row.mean <= worst for row in rows if row.work not in inside)


def agrees(tied: list, made: list[Decision], tie, pick: set[str]) -> bool:  # type: ignore[no-untyped-def,type-arg]
    cuts = {one.outcome: one for one in tied}
    for other in made:
        one = cuts[other.outcome]
        if one.works == tie.works:
            tight, wide = (pick, other.chosen) if tie.places < one.places else (other.chosen, pick)
            if not set(tight) <= set(wide):
                return False
    return True


def test_decisions_that_do_not_fit_are_refused_with_every_fault() -> None:
    rubric = s0_rubric((2, 3))
    rows = rows_of([9, 5, 5, 5, 5])
    tied = ties(rubric, rows)
    with pytest.raises(DecisionFault) as caught:
        decide(tied, [], outcome="cut-2", chosen=["w000", "w001"], reason="  ")
    assert caught.value.sentences == (
        "有1件不在同分作品之内，请从第2—5名的4件中选择。",
        "选了2件，应为1件。",
        "请填写复议理由。",
    )
    with pytest.raises(DecisionFault, match="应为1件"):
        decide(tied, [], outcome="cut-2", chosen=["w001", "w001"], reason=REASON)
    with pytest.raises(DecisionFault, match="没有待复议"):
        decide(tied, [], outcome="cut-9", chosen=["w001"], reason=REASON)
    first = decide(tied, [], outcome="cut-2", chosen=["w001"], reason=REASON)
    with pytest.raises(DecisionFault, match="已登记"):
        decide(tied, [first], outcome="cut-2", chosen=["w002"], reason=REASON)
    with pytest.raises(DecisionFault, match="不一致"):
        decide(tied, [first], outcome="cut-3", chosen=["w002", "w003"], reason=REASON)
    second = decide(tied, [], outcome="cut-3", chosen=["w002", "w003"], reason=REASON)
    with pytest.raises(DecisionFault, match="不一致"):
        decide(tied, [second], outcome="cut-2", chosen=["w001"], reason=REASON)
