"""Ballots enter the record at fixed times, and only where they hide who is among them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from review_world import CLERK, World, expert, scored

from services.kernel.instants import to_us
from services.review.actions import closing
from services.review.actions.rounds import next_batch
from services.review.domain.reading import read_record
from services.review.domain.record import may_enter
from services.review.domain.verification import verify

SLATE = [{"outcome": "selected", "label": "优秀作品", "through": 1}]


def constant(_expert: int, _title: str) -> tuple[int, int, int, int]:
    return (10, 10, 10, 10)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (datetime(2024, 10, 1, 15, 59, 59, tzinfo=UTC), datetime(2024, 10, 1, 16, tzinfo=UTC)),
        (datetime(2024, 10, 1, 16, tzinfo=UTC), datetime(2024, 10, 2, 16, tzinfo=UTC)),
    ],
)
def test_the_fixed_time_is_midnight_in_beijing(now: datetime, then: datetime) -> None:
    assert next_batch(now) == then


def test_a_batch_hides_who_is_in_it_or_waits() -> None:
    assert not may_enter(["a", "b", "a", "b"])
    assert may_enter(["a", "b", "c"])


def batched(world: World, round_id: str, number: int) -> list[int]:
    world.context.database.call(lambda transaction: closing.enter_batch(transaction, round_id, number))
    rows = world.rows("SELECT payload FROM record_entry WHERE kind = 'ballot.committed' ORDER BY seq")
    return [json.loads(row[0])["batch"] for row in rows]


def test_two_experts_wait_for_a_third_and_what_is_left_enters_at_the_closing(world: World) -> None:
    world.invite_experts(4)
    world.accept_works(4)
    round_id = world.open(4, slate=SLATE)
    (job,) = world.rows("SELECT due FROM job WHERE kind = 'review.batch'")
    assert job[0] == to_us(next_batch(datetime.now(UTC)))
    for number in (0, 1):
        world.vote(number, constant)
    assert batched(world, round_id, 1) == []
    world.vote(2, constant)
    entered = batched(world, round_id, 2)
    assert entered == [1] * 9
    assert len(world.rows("SELECT 1 FROM job WHERE kind = 'review.batch'")) == 3
    world.vote(3, constant)
    again = world.ballots_of(0)[0]["ballot_id"]
    world.did(expert(0), "POST", f"/ballots/{again}/submit", {"scores": scored((9, 9, 9, 9))})
    world.close(round_id)
    assert batched(world, round_id, 9) == [1] * 9 + [2] * 4
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()
