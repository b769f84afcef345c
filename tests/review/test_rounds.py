"""A round moves one way only; the closing instant is late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.review.domain.assignment import Seat
from services.review.domain.faults import NotNow, Outstanding
from services.review.domain.rounds import Act, RoundState, advance, in_time, late_sentence, refuse_missing

WAY = [Act.OPEN, Act.CLOSE, Act.SETTLE, Act.TALLY, Act.DECIDE, Act.CONFIRM, Act.PUBLISH]
CLOSING = datetime(2024, 10, 17, 9, 30, tzinfo=UTC)


def test_the_way_from_declaration_to_publication() -> None:
    state = RoundState.DECLARED
    for act in WAY:
        state = advance(state, act)
    assert state is RoundState.PUBLISHED


@given(st.lists(st.sampled_from(Act), max_size=30))
def test_no_order_of_acts_skips_a_state(acts: list[Act]) -> None:
    state, done = RoundState.DECLARED, []
    for act in acts:
        try:
            state = advance(state, act)
        except NotNow:
            continue
        done.append(act)
    kept: list[Act] = []
    for act in done:
        if act is Act.RECOUNT:  # noqa: SIM108 - a nested ternary reads worse
            kept = kept[: WAY.index(Act.TALLY)]
        else:
            kept = kept[:-1] if act is Act.RESUME else [*kept, act]
    assert kept == WAY[: len(kept)]


def test_the_refusal_says_where_the_round_is() -> None:
    with pytest.raises(NotNow, match="本轮次正在评审，现在不能汇总评分。"):
        advance(RoundState.OPEN, Act.TALLY)


def test_closing_waits_for_missing_ballots() -> None:
    seats = [Seat("w1", "e1"), Seat("w1", "e2"), Seat("w2", "e1"), Seat("w3", "e9")]
    with pytest.raises(Outstanding, match=r"^还有4份评分未提交，涉及3件作品，暂不能结束。$"):
        refuse_missing(seats)
    refuse_missing([])


@pytest.mark.parametrize(("offset_us", "counts"), [(-1000, True), (-1, True), (0, False), (1, False), (1000, False)])
def test_windows_are_half_open(offset_us: int, counts: bool) -> None:
    assert in_time(CLOSING + timedelta(microseconds=offset_us), CLOSING) is counts
    assert in_time(CLOSING, None)


def test_a_late_ballot_is_told_so() -> None:
    assert late_sentence(CLOSING, CLOSING) == (
        "评审已于10月17日17:30结束，收到时间10月17日17:30:00.000。评分表已保存，不计入汇总。"
    )
    later = CLOSING + timedelta(seconds=1, milliseconds=7)
    assert "收到时间10月17日17:30:01.007" in late_sentence(later, CLOSING)
