"""The tally equals an exact recomputation that is written another way, on a thousand random campaigns."""

import json
import random
from functools import cmp_to_key

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_maker import Campaign, s0_rubric

from services.review.domain.ballots import Ballot
from services.review.domain.reading import read_record
from services.review.domain.rubric import Calibration, Criterion
from services.review.domain.tally import tally
from services.review.domain.verification import verify


def whole(text: str) -> int:
    """Points in hundredths, without any library for numbers."""
    units, _, decimals = text.partition(".")
    return int(units) * 100 + int((decimals + "00")[:2])


def recount(ballots: list[dict[str, object]]) -> list[tuple[int, int, int, str]]:
    """Rank by cross-multiplied integers: (rank, sum in hundredths, number of ballots, work)."""
    sums: dict[str, list[int]] = {}
    for ballot in ballots:
        scores = ballot["scores"]
        assert isinstance(scores, dict)
        entry = sums.setdefault(str(ballot["work"]), [0, 0])
        entry[0] += sum(map(whole, scores.values()))
        entry[1] += 1

    def better(one: tuple[str, list[int]], other: tuple[str, list[int]]) -> int:
        difference = other[1][0] * one[1][1] - one[1][0] * other[1][1]
        return difference or (1 if one[0] > other[0] else -1)

    order = sorted(sums.items(), key=cmp_to_key(better))
    ranks: list[int] = []
    for place, (_, (points, count)) in enumerate(order):
        before = order[place - 1][1]
        same = place > 0 and before[0] * count == points * before[1]
        ranks.append(ranks[-1] if same else place + 1)
    return [(rank, points, count, work) for rank, (work, (points, count)) in zip(ranks, order, strict=True)]


@st.composite
def rubrics(data: st.DrawFn) -> object:
    criteria = []
    for number in range(data(st.integers(1, 5))):
        step = data(st.sampled_from(["1", "0.5", "0.05", "2.5"]))
        low = data(st.sampled_from(["0", "5"]))
        criteria.append(Criterion(id=f"c{number}", label=f"标准{number}", min=low, max="25", step=step))
    cuts = tuple(sorted(data(st.sets(st.integers(1, 14), min_size=1, max_size=3))))
    return s0_rubric(cuts, criteria=tuple(criteria), experts_per_work=data(st.integers(1, 4)))


@settings(max_examples=1000)
@given(
    rubrics(),
    st.integers(0, 2**64),
    st.integers(2, 12),
    st.integers(0, 3),
    st.integers(0, 1),
    st.integers(0, 3),
    st.integers(0, 20),
)
def test_a_thousand_campaigns(  # noqa: PLR0917 - hypothesis passes by place
    rubric: object, seed: int, works: int, recusals: int, leaving: int, changes: int, spread: int
) -> None:
    campaign = Campaign(
        rubric,  # type: ignore[arg-type]
        random.Random(seed),
        works=works,
        experts=14,
        spread=spread,
        recusals=recusals,
        leaving=leaving,
        changes=changes,
    ).play()
    text = campaign.export()
    report = verify(read_record(text), [campaign.head], campaign.opening())
    assert report.problems == ()
    assert report.witnessed
    lines = [json.loads(line) for line in text.splitlines()]
    published = next(line["payload"]["rows"] for line in lines if line.get("kind") == "tally.computed")
    standing = counted_ballots(lines)
    expected = recount(standing)
    assert [(row["rank"], row["work"]) for row in published] == [(rank, work) for rank, _, _, work in expected]
    for row, (_, points, count, _) in zip(published, expected, strict=True):
        assert same_number(row["sum"], points, 100)
        assert same_number(row["mean"], points, 100 * count)


def counted_ballots(lines: list[dict[str, object]]) -> list[dict[str, object]]:
    ballots = {str(line["opens"]): line["ballot"] for line in lines if "opens" in line}
    replaced = {ballot["replaces"] for ballot in ballots.values()}  # type: ignore[index]
    gone = [line["payload"]["work"] for line in lines if line.get("kind") == "work.left"]  # type: ignore[index]
    standing = [ballot for name, ballot in ballots.items() if name not in replaced]
    return [ballot for ballot in standing if ballot["work"] not in gone]  # type: ignore[index,misc]


def same_number(text: str, numerator: int, denominator: int) -> bool:
    top, _, bottom = text.partition("/")
    return int(top) * denominator == numerator * int(bottom or "1")


def ballot(work: str, name: str, points: str) -> Ballot:
    return Ballot(work, name, {"x": points})


def test_equal_means_share_the_rank_of_the_first() -> None:
    rows = tally(s0_rubric((1,)), [ballot(work, "p", points) for work, points in zip("dcba", "5779", strict=True)])
    assert [(row.work, row.rank) for row in rows] == [("a", 1), ("b", 2), ("c", 2), ("d", 4)]


def test_thirds_are_exact() -> None:
    rubric = s0_rubric((1,))
    close = [ballot("a", f"p{n}", p) for n, p in enumerate(["0.1", "0.2", "0.3"])] + [ballot("b", "p0", "0.2")]
    assert [row.rank for row in tally(rubric, close)] == [1, 1]


def test_no_ballots_give_no_rows() -> None:
    assert tally(s0_rubric((1,)), []) == []
    assert tally(s0_rubric((1,), calibration=Calibration.EXPERT_MEAN), []) == []


def test_calibration_takes_the_experts_level_out() -> None:
    rubric = s0_rubric((1,), calibration=Calibration.EXPERT_MEAN)
    # The strict one gives 10 and 20, the mild one 25 and 30, each to a work of their own and to the common one.
    cast = [
        ballot("a", "strict", "10"),
        ballot("m", "strict", "20"),
        ballot("m", "mild", "25"),
        ballot("b", "mild", "30"),
    ]
    rows = {row.work: row for row in tally(rubric, cast)}
    # Means 15 and 27.5, overall 21.25: a 10−15+21.25, b 30−27.5+21.25, m (26.25 + 18.75) ÷ 2.
    assert (rows["a"].mean, rows["b"].mean, rows["m"].mean) == (16.25, 23.75, 22.5)


@pytest.mark.parametrize("calibration", list(Calibration))
def test_calibrated_campaigns_verify(calibration: Calibration) -> None:
    campaign = Campaign(s0_rubric((2, 5), calibration=calibration), random.Random(5), works=9, experts=7).play()
    report = verify(read_record(campaign.export()), [campaign.head], campaign.opening())
    assert report.problems == ()
