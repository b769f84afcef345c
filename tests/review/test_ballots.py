"""评分表: every fault at once, exact texts, and a commitment that names what it commits to."""

import hashlib
import json
from typing import Any

import pytest
from record_maker import s0_rubric

from services.review.domain.ballots import Ballot, draft_scores, submitted_scores, total
from services.review.domain.canonical import commit
from services.review.domain.faults import BallotFault
from services.review.domain.rubric import Criterion

RUBRIC = s0_rubric((1,))
FULL = {"truth": "25", "theme": "20", "novelty": "0", "expression": "17.0"}


def faults(scores: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(BallotFault) as caught:
        submitted_scores(RUBRIC, scores)
    return caught.value.sentences


def test_a_full_ballot_is_kept_in_its_canonical_spelling() -> None:
    assert submitted_scores(RUBRIC, FULL) == {"truth": "25", "theme": "20", "novelty": "0", "expression": "17"}
    assert total(submitted_scores(RUBRIC, FULL)) == 62


def test_every_fault_is_named_at_once() -> None:
    assert faults({"truth": "26", "theme": "12.5", "novelty": "很好", "charm": "3"}) == (
        "“charm”不是评审细则的评审标准，请删去。",
        "真实性26分，应为0—25分的数（评审细则）。请修改后提交。",
        "主题性12.5分，应以1分为一档（评审细则）。请修改后提交。",
        "创新性的评分“很好”不是0—25分的数（评审细则）。请修改后提交。",
        "还缺1项评分：表现力。请补全后提交。",
    )


@pytest.mark.parametrize("value", [25, 24.5, None, True, ["25"], {"x": 1}])
def test_a_score_is_text(value: object) -> None:
    assert faults({**FULL, "truth": value}) == ("真实性的评分须写成文字，如“25”。请改写后提交。",)


@pytest.mark.parametrize("value", ["", "-1", "1e1", "２５", "25.", "\u202e25", "9" * 5000, "25\n", "=1+1"])
def test_strange_texts_are_answered_shortly(value: str) -> None:
    (sentence,) = faults({**FULL, "truth": value})
    assert sentence.startswith("真实性")
    assert len(sentence) < 80


def test_an_empty_ballot_lacks_everything() -> None:
    assert faults({}) == ("还缺4项评分：真实性、主题性、创新性、表现力。请补全后提交。",)


def test_a_draft_may_lack_criteria_but_holds_no_wrong_ones() -> None:
    assert draft_scores(RUBRIC, {"truth": "3.0"}) == {"truth": "3"}
    with pytest.raises(BallotFault):
        draft_scores(RUBRIC, {"truth": "26"})


def test_steps_count_from_the_lower_bound() -> None:
    rubric = s0_rubric((1,), criteria=(Criterion(id="x", label="创新性", min="0.5", max="9.5", step="1.5"),))
    assert submitted_scores(rubric, {"x": "2"}) == {"x": "2"}
    with pytest.raises(BallotFault, match=r"1\.5分为一档"):
        submitted_scores(rubric, {"x": "1.5"})


def test_the_commitment_is_the_documented_one() -> None:
    ballot = Ballot("作品-1", "7K2M", {"b": "2.5", "a": "1"}, replaces="ab" * 32)
    text = json.dumps(
        {"pseudonym": "7K2M", "replaces": "ab" * 32, "scores": {"a": "1", "b": "2.5"}, "work": "作品-1"},
        separators=(",", ":"),
        sort_keys=True,
        ensure_ascii=False,
    )
    nonce = bytes(range(16))
    for alg in ("sha256", "sm3"):
        assert ballot.commitment(alg, nonce) == hashlib.new(alg, nonce + text.encode()).hexdigest()  # type: ignore[arg-type]


def test_a_nonce_has_128_bits() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        commit("sha256", b"short", {})


def test_each_part_of_a_ballot_changes_its_commitment() -> None:
    parts: list[dict[str, Any]] = [
        {},
        {"work": "v"},
        {"pseudonym": "q"},
        {"scores": {"a": "2"}},
        {"replaces": "00" * 32},
    ]
    base: dict[str, Any] = {"work": "w", "pseudonym": "p", "scores": {"a": "1"}, "replaces": None}
    commitments = {Ballot(**{**base, **part}).commitment("sha256", bytes(16)) for part in parts}
    assert len(commitments | {Ballot(**base).commitment("sha256", bytes(15) + b"\1")}) == len(parts) + 1
