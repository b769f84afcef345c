"""The end of a round to the millisecond, and writes that are stamped before it and commit after it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from review_world import CLERK, World, expert, scored
from waiting import until

from services.review.domain.reading import read_record
from services.review.domain.verification import verify

T = datetime(2024, 10, 17, 9, 30, tzinfo=UTC)
MS = timedelta(milliseconds=1)
SMALL = {"slate": [{"outcome": "selected", "label": "优秀作品", "through": 1}]}


def constant(_expert: int, _title: str) -> tuple[int, int, int, int]:
    return (10, 10, 10, 10)


@pytest.fixture
def voted(world: World) -> tuple[World, str, str]:
    """Three experts, two works, every ballot cast; and the path of one ballot of expert 0."""
    world.stop_clock(T - timedelta(hours=1))
    world.invite_experts(4)
    world.accept_works(2)
    round_id = world.open(3, **SMALL)
    for number in range(3):
        world.vote(number, constant)
    return world, round_id, f"/ballots/{world.ballots_of(0)[0]['ballot_id']}"


def change(world: World, path: str, points: int) -> dict[str, Any]:
    body = {"scores": scored((points,) * 4)}
    answer: dict[str, Any] = world.did(expert(0), "POST", f"{path}/submit", body)
    return answer


def totals(world: World, round_id: str) -> list[str]:
    return sorted(row["sum"] for row in world.got(CLERK, f"/rounds/{round_id}/tally")["rows"])


def test_a_millisecond_before_counts_the_instant_itself_is_late(voted: tuple[World, str, str]) -> None:
    world, round_id, path = voted
    closing = world.did(CLERK, "POST", f"/rounds/{round_id}/close", {"at": T.isoformat()})
    assert closing["state"] == "closing"
    world.stop_clock(T - MS)
    assert change(world, path, 20)["counted"]
    for at in (T, T + MS):
        world.stop_clock(at)
        late = change(world, path, 25)
        assert not late["counted"]
        shown = "000" if at == T else "001"
        assert late["message"] == (f"评审已于10月17日17:30结束，收到时间10月17日17:30:00.{shown}。评分表已保存，不计入汇总。")
    world.wait_for(round_id, "decided", "tallied")
    assert not change(world, path, 25)["counted"]
    assert totals(world, round_id) == ["120", "160"]
    assert world.rows("SELECT COUNT(*), SUM(late), SUM(batch IS NULL) FROM ballot") == [(10, 3, 3)]
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()


def test_a_clock_set_back_reopens_nothing(voted: tuple[World, str, str]) -> None:
    world, round_id, path = voted
    world.stop_clock(T)
    world.close(round_id)
    world.stop_clock(T - timedelta(days=1))
    late = change(world, path, 25)
    assert not late["counted"]
    assert late["message"] == (
        "本轮次评审已结束（10月17日17:30）。试运行的时钟后来调回，所以收到时间显示为10月16日17:30:00.000。"
        "评分表已保存，不计入汇总。"
    )
    assert world.ask(expert(0), "POST", f"{path}/recuse", {"reason": "亲属参演"}).status_code == 409
    assert world.ask(expert(0), "PUT", f"{path}/draft", {"scores": {}}).status_code == 409


def test_the_end_cannot_lie_in_the_past(voted: tuple[World, str, str]) -> None:
    world, round_id, _ = voted
    world.stop_clock(T)
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {"at": (T - MS).isoformat()})
    assert refused.status_code == 422
    assert refused.json()["message"] == "结束时间10月17日17:29:59.999已过，应不早于现在（10月17日17:30）。"
    for far in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"):
        beyond = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {"at": far})
        assert (beyond.status_code, beyond.json()["message"]) == (422, "时间应在1970年至2200年之间，请核对。")
    naive = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {"at": "2024-10-17T17:30:00"})
    assert naive.status_code == 422


def test_a_ballot_stamped_before_the_end_counts_though_it_commits_after_it(voted: tuple[World, str, str]) -> None:
    world, round_id, path = voted
    world.stop_clock(None)  # the clock runs: stamps decide
    release = world.begin(expert(0), f"{path}/submit", {"scores": scored((25, 25, 25, 25))})
    world.did(CLERK, "POST", f"/rounds/{round_id}/close", {})
    assert not change(world, path, 1)["counted"]
    time.sleep(0.3)
    assert world.got(CLERK, f"/rounds/{round_id}")["state"] == "closing", "it must wait for the ballot under way"
    receipt = release()
    assert receipt["counted"]
    world.wait_for(round_id, "decided", "tallied")
    assert totals(world, round_id) == ["120", "180"]


def test_a_recusal_stamped_before_the_end_undoes_it_and_late_ballots_count_after_all(
    voted: tuple[World, str, str],
) -> None:
    world, round_id, path = voted
    world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-3"]})
    world.stop_clock(None)
    theirs = f"/ballots/{world.ballots_of(1)[0]['ballot_id']}"
    release = world.begin(expert(1), f"{theirs}/recuse", {"reason": "亲属参演"})
    world.did(CLERK, "POST", f"/rounds/{round_id}/close", {})
    assert not change(world, path, 1)["counted"]
    assert not change(world, path, 25)["counted"]
    assert release()["state"] == "recused"
    until(lambda: world.got(CLERK, f"/rounds/{round_id}")["state"] == "open")
    shown = world.got(CLERK, f"/rounds/{round_id}")
    assert shown["note"].endswith("的结束评审未生效：还有1份评分未提交，涉及1件作品，暂不能结束。")
    assert shown["closes_at"] is None
    assert world.got(expert(0), path)["submitted"] == scored((25, 25, 25, 25))
    world.vote(3, constant)
    world.close(round_id)
    assert totals(world, round_id) == ["120", "180"]
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()
