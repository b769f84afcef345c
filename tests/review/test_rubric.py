"""The 评审细则: declared as data, hashed, and fixed by the first ballot."""

from fractions import Fraction

import pytest
from pydantic import ValidationError
from record_maker import s0_rubric

from services.review.domain.canonical import canonical
from services.review.domain.faults import NotNow, RubricFixed
from services.review.domain.points import canonical_points, shown
from services.review.domain.rubric import Criterion, Cut, refuse_change, require_declared


def test_the_hash_is_that_of_the_canonical_json() -> None:
    rubric = s0_rubric((1,))
    assert canonical(rubric.model_dump(mode="json")).startswith(b'{"calibration":"none","criteria":[{"id":"truth",')
    assert rubric.hash("sha256") != rubric.hash("sm3")
    assert rubric.hash("sha256") == s0_rubric((1,)).hash("sha256")
    assert rubric.hash("sha256") != s0_rubric((2,)).hash("sha256")


def test_one_number_has_one_spelling() -> None:
    assert [canonical_points(text) for text in ("25", "24.50", "0.0", "7.05")] == ["25", "24.5", "0", "7.05"]


@pytest.mark.parametrize(
    "text", ["", "05", "+5", "-5", "5.", ".5", "1e1", "NaN", "1,5", "２５", "25 ", "1.234", "99999", "5\n", "0x5"]
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="分值请写成"):
        canonical_points(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(265, 3), "88.33"),
        (Fraction(265), "265"),
        (Fraction(1, 200), "0.01"),
        (Fraction(-1, 3), "-0.33"),
        (Fraction(10**18 * 3 + 1, 3), "1000000000000000000.33"),
    ],
)
def test_numbers_are_rounded_only_to_be_shown(value: Fraction, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("low", "high", "step"), [("0", "0", "1"), ("5", "4", "1"), ("0", "25", "0"), ("0", "25", "0.3"), ("0.5", "2", "1")]
)
def test_a_range_is_divided_by_whole_steps(low: str, high: str, step: str) -> None:
    with pytest.raises(ValidationError, match="一档划分"):
        Criterion(id="x", label="真实性", min=low, max=high, step=step)


def test_points_are_text_never_a_machine_number() -> None:
    with pytest.raises(ValidationError):
        Criterion.model_validate({"id": "x", "label": "真实性", "max": 25})


def test_names_are_unique_and_cuts_grow() -> None:
    one = Criterion(id="x", label="真实性", max="25")
    with pytest.raises(ValidationError, match="编号重复：x"):
        s0_rubric(criteria=(one, one))
    with pytest.raises(ValidationError, match="从少到多"):
        s0_rubric((10, 3))
    with pytest.raises(ValidationError, match="结果的编号重复"):
        s0_rubric(slate=(Cut(outcome="a", label="甲", through=1), Cut(outcome="a", label="乙", through=2)))


def test_before_a_rubric_nobody_is_assigned_and_after_a_ballot_it_is_fixed() -> None:
    with pytest.raises(NotNow, match="评审细则尚未确定。开始评分后不能修改。"):
        require_declared(None)
    refuse_change(ballots=0)
    with pytest.raises(RubricFixed, match="已收到1份评分表，评审细则不能再修改。"):
        refuse_change(ballots=1)
