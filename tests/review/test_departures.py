"""An expert's account ends while ballots are open."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from review_world import CLERK, HEAD, UNITS, World, expert
from test_draws import opening_of

from services.kernel.contracts.events import AccountEnded
from services.review.domain.reading import read_record
from services.review.domain.supervision import Opening
from services.review.domain.verification import verify

SLATE = {"slate": [{"outcome": "selected", "label": "优秀作品", "through": 2}]}


def by_title(_expert: int, title: str) -> tuple[int, int, int, int]:
    return (int(title[-3:]), 1, 1, 1)


def end(world: World, *numbers: int) -> None:
    world.emit(*(AccountEnded(account_id=f"expert-{number}") for number in numbers))


def seats_of(world: World, number: int) -> dict[str, str]:
    return dict(world.rows("SELECT work_id, state FROM seat WHERE account_id = ?", f"expert-{number}"))


def readers(world: World) -> Counter[str]:
    return Counter(work for (work,) in world.rows("SELECT work_id FROM seat WHERE state != 'recused'"))


def assigned_to(world: World, number: int) -> list[dict[str, Any]]:
    return [told for told in world.events("ballots.assigned") if told["account_id"] == f"expert-{number}"]


def finished(world: World, round_id: str, experts: int, gone: set[int]) -> None:
    """Let everybody who is left vote, close, and hold the record against what a supervisor can draw again."""
    for number in set(range(experts)) - gone:
        world.vote(number, by_title)
    world.close(round_id)
    text = world.ask(HEAD, "GET", f"/rounds/{round_id}/record").text
    opening = Opening.model_validate(opening_of(world, round_id))
    assert verify(read_record(text), [], opening).problems == ()


@pytest.fixture
def begun(world: World) -> tuple[World, str]:
    world.invite_experts(7, lambda number: UNITS[0].id if number == 0 else None)
    world.accept_works(6)
    return world, world.open(6, **SLATE)


def test_open_ballots_go_to_others_and_cast_ones_stay(begun: tuple[World, str]) -> None:
    world, round_id = begun
    cast, *waiting = world.ballots_of(2)
    world.vote(2, by_title, only=[cast["title"]])
    end(world, 2)
    assert Counter(seats_of(world, 2).values()) == {"submitted": 1, "recused": len(waiting)}
    assert set(readers(world).values()) == {3}
    assert "work-000" not in seats_of(world, 0), "its own unit's"
    recusals = world.got(CLERK, f"/rounds/{round_id}/recusals")["recusals"]
    assert {(one["account_id"], one["reason"]) for one in recusals} == {("expert-2", "账号已停用")}
    assert len(assigned_to(world, 2)) == 1, "of the opening; nothing after the end"
    assert len(world.events("record.advanced")) == len({told["head"] for told in world.events("record.advanced")})
    finished(world, round_id, 6, {2})


def test_who_has_left_is_drawn_for_nothing_that_stays(begun: tuple[World, str]) -> None:
    world, round_id = begun
    end(world, 1)
    untouched = {f"故事{work[-3:]}" for work in readers(world) if work not in seats_of(world, 1)}
    number, mine = next(
        (number, ballot) for number in (3, 4, 5) for ballot in world.ballots_of(number) if ballot["title"] in untouched
    )
    before = len(seats_of(world, 1))
    world.did(expert(number), "POST", f"/ballots/{mine['ballot_id']}/recuse", {"reason": "亲属参演"})
    assert len(seats_of(world, 1)) == before + 1, "who carries nothing is drawn first, and replaced at once"
    end(world, 2)
    world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-6"]})
    assert [state for number in (1, 2) for state in seats_of(world, number).values() if state != "recused"] == []
    assert set(readers(world).values()) == {3}
    assert world.got(CLERK, f"/rounds/{round_id}")["lacking"] == []
    assert len(assigned_to(world, 1)) == 1, "of the opening"
    finished(world, round_id, 7, {1, 2})


def test_where_nobody_is_left_it_is_said_and_the_rest_is_replaced(world: World) -> None:
    world.invite_experts(5, lambda number: UNITS[0].id if number == 0 else None)
    world.accept_works(2)
    round_id = world.open(4, **SLATE)
    end(world, 3)
    shown = world.got(CLERK, f"/rounds/{round_id}")
    assert [(one["title"], one["message"]) for one in shown["lacking"]] == [
        (
            "故事000",
            "《故事000》还缺1名评审专家：专家组共3名，其中1名属本单位、2名已在评审本作品，可分配0名，应分配1名。请增补专家。",
        )
    ]
    assert readers(world) == {"work-000": 2, "work-001": 3}
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {})
    assert refused.status_code == 409
    for number in (0, 1, 2):
        world.vote(number, by_title)
    urged = world.did(CLERK, "POST", f"/rounds/{round_id}/reminders")
    assert (urged["experts"], urged["ballots"], urged["unheld"]) == (0, 0, 1)
    assert urged["works"] == [{"work_id": "work-000", "title": "故事000", "ballots": 1}]
    assert urged["message"] == (
        "没有可以催评的评审专家。有1份评分表没有专家填写（已回避或账号已停用，未找到替补），请增补专家。"
    )
    assert world.events("expert.reminded") == []
    ended = world.ask(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-3"]})
    assert ended.status_code == 422
    world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-4"]})
    finished(world, round_id, 5, {3})


def test_the_end_of_an_account_without_ballots_changes_nothing(begun: tuple[World, str]) -> None:
    world, round_id = begun
    before = world.got(CLERK, f"/rounds/{round_id}")
    end(world, 6)
    world.emit(AccountEnded(account_id="somebody"))
    assert world.got(CLERK, f"/rounds/{round_id}") == before


def test_an_end_told_again_closes_nothing_twice(begun: tuple[World, str]) -> None:
    world, round_id = begun
    end(world, 2)
    before = world.rows("SELECT * FROM seat ORDER BY seat_id"), world.got(CLERK, f"/rounds/{round_id}")
    end(world, 2)
    assert before == (world.rows("SELECT * FROM seat ORDER BY seat_id"), world.got(CLERK, f"/rounds/{round_id}"))
