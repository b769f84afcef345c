"""Bad input of every kind gets a precise answer and loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from review_world import CAMPAIGN, CLERK, World, expert, scored

from services.kernel.contracts.events import AccountEnded

GOOD = scored((1, 2, 3, 4))
SCORES: list[Any] = [
    {},
    {"scores": None},
    {"scores": []},
    {"scores": {}},
    {"scores": {**GOOD, "truth": 25}},
    {"scores": {**GOOD, "truth": -1}},
    {"scores": {**GOOD, "truth": "-1"}},
    {"scores": {**GOOD, "truth": "1e1"}},
    {"scores": {**GOOD, "truth": "9" * 4000}},
    {"scores": {**GOOD, "truth": "=1+1"}},
    {"scores": {**GOOD, "truth": "\u202e5"}},
    {"scores": {**GOOD, "truth": "２５"}},
    {"scores": {**GOOD, "truth": {"a": 1}}},
    {"scores": {**GOOD, "../../etc": "1"}},
    {"scores": {**GOOD, "x" * 200: "1"}},
    {"scores": {f"c{n}": "1" for n in range(200)}},
    {"scores": GOOD, "late": False},
    [],
    "text",
    None,
]


@pytest.fixture
def opened(world: World) -> tuple[World, str, str]:
    world.invite_experts(3)
    world.accept_works(1)
    round_id = world.open(3)
    return world, round_id, f"/ballots/{world.ballots_of(0)[0]['ballot_id']}"


def test_no_bad_ballot_is_kept_and_the_draft_stays(opened: tuple[World, str, str]) -> None:
    world, _, path = opened
    world.did(expert(0), "PUT", f"{path}/draft", {"scores": GOOD})
    for body in SCORES:
        answer = world.ask(expert(0), "POST", f"{path}/submit", body)
        assert answer.status_code in {400, 422}, body
        assert answer.json()["message"], body
        assert len(answer.json()["message"]) < 700
    assert world.rows("SELECT COUNT(*) FROM ballot") == [(0,)]
    shown = world.got(expert(0), path)
    assert (shown["draft"], shown["state"]) == (GOOD, "assigned")


RUBRIC: dict[str, Any] = {
    "criteria": [{"id": "truth", "label": "真实性", "max": "25"}],
    "experts_per_work": 3,
    "tie": {"words": "请登记复议结果和理由。"},
    "slate": [{"outcome": "selected", "label": "优秀作品", "through": 1}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"criteria": []},
        {"criteria": [{"id": "truth", "label": "真实性", "max": 25}]},
        {"criteria": [{"id": "../x", "label": "真实性", "max": "25"}]},
        {"criteria": [{"id": "a", "label": "真实性", "max": "25"}] * 2},
        {"experts_per_work": 0},
        {"experts_per_work": "三"},
        {"slate": []},
        {"slate": [{"outcome": "a", "label": "甲", "through": 3}, {"outcome": "b", "label": "乙", "through": 2}]},
        {"calibration": "by-ear"},
        {"tie": {"words": ""}},
        {"unknown": 1},
    ],
)
def test_a_faulty_rubric_is_refused_and_the_declared_one_stays(opened: tuple[World, str, str], change: Any) -> None:
    world, round_id, _ = opened
    before = world.got(CLERK, f"/rounds/{round_id}")
    answer = world.ask(CLERK, "PUT", f"/rounds/{round_id}/rubric", {"rubric": {**RUBRIC, **change}})
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert world.got(CLERK, f"/rounds/{round_id}") == before


def test_refusals_of_the_organisers_acts(opened: tuple[World, str, str]) -> None:
    world, round_id, path = opened
    twice = world.ask(CLERK, "POST", "/rounds", {"campaign_id": CAMPAIGN.id, "round": "second-round"})
    assert (twice.status_code, twice.json()["type"]) == (409, "urn:laurel:problem:round-declared")
    for body, status in [
        ({"campaign_id": "nothing", "round": "second-round"}, 404),
        ({"campaign_id": CAMPAIGN.id, "round": "third-round"}, 422),
        ({"campaign_id": CAMPAIGN.id, "round": "second-round", "alg": "md5"}, 422),
    ]:
        assert world.ask(CLERK, "POST", "/rounds", body).status_code == status
    again = world.ask(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-0"]})
    assert again.json()["message"] == "本轮次正在评审，现在不能开始评审。"
    for reason in ("", "  ", "x" * 2000, None, 5):
        assert world.ask(expert(0), "POST", f"{path}/recuse", {"reason": reason}).status_code == 422
    early = world.ask(CLERK, "POST", f"/rounds/{round_id}/ties", {"outcome": "selected", "chosen": [], "reason": "复议"})
    assert early.json()["message"] == "本轮次正在评审，现在不能登记复议结果。"
    assert world.ask(CLERK, "GET", f"/rounds/{round_id}/tally").status_code == 409


def test_every_faulty_row_of_a_list_of_experts_is_told_at_once_and_none_is_added(world: World) -> None:
    world.invite_experts(6)
    world.emit(AccountEnded(account_id="expert-5"))
    world.accept_works(1)
    round_id = world.declare()
    rows = ["expert-0", "", "expert-1", "expert-5", "expert-2", "x" * 200, "expert-0"]
    answer = world.ask(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": rows})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:laurel:problem:unknown-experts")
    told = answer.json()
    assert [(one["row"], one["pointer"], one["value"]) for one in told["errors"]] == [
        (2, "/expert_ids/1", ""),
        (4, "/expert_ids/3", "expert-5"),
        (6, "/expert_ids/5", "x" * 200),
    ]
    assert [one["message"] for one in told["errors"]] == [
        "第2行不是本活动的评审专家。",
        "第4行的账号已停用。",
        "第6行不是本活动的评审专家。",
    ]
    assert told["message"] == (
        f"共7行，3行须改正：第2行“”不是本活动的评审专家；第4行“expert-5”的账号已停用；第6行“{'x' * 40}”不是本活动的评审专家。"
        "请一并改正后重新提交，本次未加入任何专家。"
    )
    assert world.rows("SELECT COUNT(*) FROM panelist") == [(0,)]
    world.did(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-0", "expert-1", "expert-2", "expert-0"]})
    more = world.ask(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-3", "nobody", "expert-4"]})
    assert [one["value"] for one in more.json()["errors"]] == ["nobody"]
    assert world.rows("SELECT COUNT(*) FROM panelist") == [(3,)]


def test_a_round_on_sm3_keeps_its_record_in_sm3(world: World) -> None:
    world.invite_experts(3)
    world.accept_works(1)
    body = {"campaign_id": CAMPAIGN.id, "round": "second-round", "alg": "sm3"}
    round_id = world.did(CLERK, "POST", "/rounds", body)["round_id"]
    world.did(CLERK, "PUT", f"/rounds/{round_id}/rubric", {})
    world.did(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-0", "expert-1", "expert-2"]})
    assert world.rows("SELECT DISTINCT alg FROM record_entry") == [("sm3",)]
    assert world.events("record.advanced")[-1]["alg"] == "sm3"
