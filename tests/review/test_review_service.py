"""The story's review, steps 26 to 30 and 40, through the HTTP API."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from rebuilding import rebuilt
from review_world import CAMPAIGN, CLERK, HEAD, LIAISON, UNITS, World, accepted, expert, scored

from services.kernel.contracts.events import AssetRendered, WorkRejected, WorkWithdrawn
from services.review.actions import closing
from services.review.domain.reading import read_record
from services.review.domain.verification import verify

SMALL = {
    "slate": [
        {"outcome": "finalist", "label": "入围决赛", "through": 2},
        {"outcome": "selected", "label": "优秀作品", "through": 4},
    ]
}


def by_title(_expert: int, title: str) -> tuple[int, int, int, int]:
    number = int(title[-3:])
    return (25 - number, 20, 20, 20)


def vote_all(world: World, experts: int, scores: Any = by_title) -> None:
    for number in range(experts):
        world.vote(number, scores)


@pytest.fixture
def begun(world: World) -> tuple[World, str]:
    world.invite_experts(5, lambda number: UNITS[0].id if number == 0 else None)
    world.accept_works(6)
    return world, world.open(5, **SMALL)


def test_step_26_no_expert_before_the_rubric(world: World) -> None:
    world.invite_experts(3)
    world.accept_works(2)
    body = {"campaign_id": CAMPAIGN.id, "round": "second-round"}
    round_id = world.did(CLERK, "POST", "/rounds", body)["round_id"]
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-0"]})
    assert refused.status_code == 409
    assert refused.json()["message"].startswith("评审细则尚未确定。开始评分后不能修改。")
    declared = world.did(CLERK, "PUT", f"/rounds/{round_id}/rubric", {})
    assert [one["label"] for one in declared["rubric"]["criteria"]] == ["真实性", "主题性", "创新性", "表现力"]
    assert [cut["through"] for cut in declared["rubric"]["slate"]] == [10, 30]
    assert world.got(HEAD, f"/rounds/{round_id}")["rubric_hash"] == declared["rubric_hash"]


def test_step_26_the_rubric_is_fixed_by_the_first_ballot(begun: tuple[World, str]) -> None:
    world, round_id = begun
    rubric = world.got(CLERK, f"/rounds/{round_id}")["rubric"]
    other = {**rubric, "title": "评审细则（第二稿）"}
    world.did(CLERK, "PUT", f"/rounds/{round_id}/rubric", {"rubric": other})
    fewer = world.ask(CLERK, "PUT", f"/rounds/{round_id}/rubric", {"rubric": {**rubric, "experts_per_work": 2}})
    assert (fewer.status_code, fewer.json()["type"]) == (409, "urn:laurel:problem:rubric-fixed")
    world.vote(1, by_title, only=[world.ballots_of(1)[0]["title"]])
    refused = world.ask(CLERK, "PUT", f"/rounds/{round_id}/rubric", {"rubric": rubric})
    assert refused.json()["message"] == "已收到1份评分表，评审细则不能再修改。"


def test_step_27_assigned_evenly_and_never_ones_own_unit(world: World) -> None:
    world.invite_experts(9, lambda number: UNITS[number].id)
    world.accept_works(94)
    round_id = world.open(9)
    assert world.events("round.opened")[0]["ballots"] == 282
    seats = world.rows("SELECT work_id, account_id FROM seat WHERE round_id = ?", round_id)
    assert Counter(Counter(work for work, _ in seats).values()) == {3: 94}
    assert sorted(Counter(account for _, account in seats).values()) == [31] * 6 + [32] * 3
    own = {f"expert-{number}": UNITS[number].id for number in range(9)}
    units = {f"work-{n:03}": UNITS[n % len(UNITS)].id for n in range(94)}
    assert not [seat for seat in seats if own[seat[1]] == units[seat[0]]]
    told = world.events("ballots.assigned")
    assert sum(event["ballots"] for event in told) == 282


def test_step_27_an_impossible_assignment_is_explained(world: World) -> None:
    world.invite_experts(3, lambda number: UNITS[0].id if number == 0 else None)
    world.accept_works(2)
    round_id = world.declare()
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-0", "expert-1", "expert-2"]})
    assert refused.status_code == 409
    assert refused.json()["sentences"] == [
        "《故事000》还缺1名评审专家：专家组共3名，其中1名属本单位，可分配2名，应分配3名。请增补专家。"
    ]
    assert world.got(CLERK, f"/rounds/{round_id}")["state"] == "declared"
    unknown = world.ask(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": ["expert-1", "nobody"]})
    named = [one["value"] for one in unknown.json()["errors"]]
    assert (unknown.status_code, named) == (422, ["nobody"])


def test_step_27_a_recusal_closes_the_ballot_and_finds_another(begun: tuple[World, str]) -> None:
    world, round_id = begun
    mine = world.ballots_of(4)[0]
    path = f"/ballots/{mine['ballot_id']}"
    world.did(expert(4), "POST", f"{path}/submit", {"scores": scored((25, 25, 25, 25))})
    assert world.did(expert(4), "POST", f"{path}/recuse", {"reason": "亲属参演"})["message"] == "已回避。"
    again = world.ask(expert(4), "POST", f"{path}/submit", {"scores": scored((1, 1, 1, 1))})
    assert (again.status_code, again.json()["type"]) == (409, "urn:laurel:problem:recused")
    assert world.got(expert(4), path)["work"] is None
    readers = world.rows(
        "SELECT account_id, state FROM seat JOIN round_work USING (round_id, work_id) WHERE title = ?", mine["title"]
    )
    assert sorted(state for _, state in readers) == ["assigned", "assigned", "assigned", "recused"]
    (recusal,) = world.got(CLERK, f"/rounds/{round_id}/recusals")["recusals"]
    assert (recusal["name"], recusal["title"], recusal["reason"]) == ("顾南枝", mine["title"], "亲属参演")
    assert world.ask(HEAD, "GET", f"/rounds/{round_id}/recusals").status_code == 403
    for line in world.rows("SELECT data FROM outbox") + world.rows("SELECT payload FROM record_entry"):
        assert "亲属参演" not in str(line[0])
        assert "顾南枝" not in str(line[0])


def test_a_recusal_without_anybody_left_is_shown_and_the_panel_extended(world: World) -> None:
    world.invite_experts(4)
    world.accept_works(2)
    round_id = world.open(3, **SMALL)
    path = f"/ballots/{world.ballots_of(1)[0]['ballot_id']}"
    world.did(expert(1), "POST", f"{path}/recuse", {"reason": "曾任指导教师"})
    vote_all(world, 3)
    shown = world.got(CLERK, f"/rounds/{round_id}")
    assert [one["experts"] for one in shown["lacking"]] == [1]
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {})
    assert refused.json()["message"] == "还有1份评分未提交，涉及1件作品，暂不能结束。"
    again = world.ask(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-1"]})
    assert again.status_code == 422
    assert world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-3"]})["ballots"] == 1
    world.vote(3, by_title)
    world.close(round_id)
    text = world.ask(HEAD, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()


def test_step_29_closing_waits_for_missing_ballots(begun: tuple[World, str]) -> None:
    world, round_id = begun
    vote_all(world, 4)
    titles = {ballot["title"] for ballot in world.ballots_of(4)}
    count = len(world.ballots_of(4))
    refused = world.ask(CLERK, "POST", f"/rounds/{round_id}/close", {})
    assert refused.status_code == 409
    assert refused.json()["message"] == f"还有{count}份评分未提交，涉及{len(titles)}件作品，暂不能结束。"
    shown = world.got(CLERK, f"/rounds/{round_id}")["outstanding"]
    assert (shown["ballots"], {work["title"] for work in shown["works"]}) == (count, titles)
    assert world.did(CLERK, "POST", f"/rounds/{round_id}/reminders")["ballots"] == count
    (reminded,) = world.events("expert.reminded")
    assert (reminded["account_id"], reminded["outstanding"]) == ("expert-4", count)
    world.vote(4, by_title)
    world.close(round_id)
    assert world.events("round.closed")[0]["round_id"] == round_id


def test_the_way_to_the_result(begun: tuple[World, str]) -> None:
    world, round_id = begun
    vote_all(world, 5)
    changed = world.ballots_of(2)[0]
    first = world.got(expert(2), f"/ballots/{changed['ballot_id']}")
    receipt = world.did(
        expert(2), "POST", f"/ballots/{changed['ballot_id']}/submit", {"scores": scored(by_title(2, changed["title"]))}
    )
    assert receipt["counted"]
    assert receipt["revision"] == first["revision"] + 1
    world.close(round_id)
    tally = world.got(CLERK, f"/rounds/{round_id}/tally")
    assert [(row["rank"], row["title"], row["sum"], row["mean"]) for row in tally["rows"]] == [
        (n + 1, f"故事{n:03}", str(3 * (85 - n)), str(85 - n)) for n in range(6)
    ]
    assert tally["ties"] == []
    early = world.ask(CLERK, "POST", f"/rounds/{round_id}/publish", {"level": "city"})
    assert early.json()["message"] == "本轮次已汇总评分，等待负责人确认结果，现在不能公布结果。"
    assert world.ask(CLERK, "POST", f"/rounds/{round_id}/confirm").status_code == 403
    assert world.did(HEAD, "POST", f"/rounds/{round_id}/confirm")["chosen"] == 4
    other = world.ask(CLERK, "POST", f"/rounds/{round_id}/publish", {"level": "province"})
    assert (other.status_code, other.json()["message"]) == (
        422,
        "活动写明结果为市级，不能按省级公布。请去掉level或改为city。",
    )
    published = world.did(CLERK, "POST", f"/rounds/{round_id}/publish")
    document = world.got(None, f"/results/{published['result_id']}")
    assert [(work["title"], work["outcome"]) for work in document["works"]] == [
        ("故事000", "优秀作品（入围决赛）"),
        ("故事001", "优秀作品（入围决赛）"),
        ("故事002", "优秀作品"),
        ("故事003", "优秀作品"),
    ]
    assert document["record_head"] == published["record_head"]
    assert document["rehearsal"] is True
    assert [one["result_id"] for one in world.got(None, "/results")["results"]] == [published["result_id"]]
    told, announced = world.events("result.published"), world.events("result.announced")
    assert [work["work_id"] for work in told[0]["works"]] == [f"work-{n:03}" for n in range(4)]
    assert announced[0]["works"] == told[0]["works"]
    assert "罗桂枝" not in json.dumps(announced, ensure_ascii=False)
    assert (told[0]["level"], told[0]["year"]) == ("city", 2024)


def test_where_the_campaign_says_no_level_whoever_publishes_must(world: World) -> None:
    silent = CAMPAIGN.model_copy(update={"notice": CAMPAIGN.notice.model_copy(update={"level": None})})
    world.publish_campaign(silent, version=2)
    world.invite_experts(3)
    world.accept_works(1)
    round_id = world.open(3, slate=[{"outcome": "selected", "label": "优秀作品", "through": 1}])
    vote_all(world, 3)
    world.close(round_id)
    world.did(HEAD, "POST", f"/rounds/{round_id}/confirm")
    refused = world.ask(HEAD, "POST", f"/rounds/{round_id}/publish", {})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:laurel:problem:level-missing")
    assert refused.json()["message"].startswith("活动没有写明结果的级别，请填写level：全国（national）、省级（province）")
    world.did(HEAD, "POST", f"/rounds/{round_id}/publish", {"level": "district"})
    assert world.events("result.published")[0]["level"] == "district"


def test_step_30_a_tie_is_decided_by_a_person_and_step_40_the_record_verifies(world: World) -> None:
    world.invite_experts(5)
    world.accept_works(6)
    slate = [
        {"outcome": "finalist", "label": "入围决赛", "through": 1},
        {"outcome": "selected", "label": "优秀作品", "through": 4},
    ]
    round_id = world.open(5, slate=slate)

    def scores(_expert: int, title: str) -> tuple[int, int, int, int]:
        number = int(title[-3:])
        return (25, 25, 25, 25) if number == 0 else (20, 20, 20, 20) if number < 5 else (1, 1, 1, 1)

    vote_all(world, 5, scores)
    world.close(round_id)
    (tie,) = world.got(CLERK, f"/rounds/{round_id}/tally")["ties"]
    assert tie["message"] == (
        "第2—5名4件作品总分同为240分（平均80分），可入选3件。请登记专家组复议结果和理由（评审细则第7条）。"
    )
    undecided = world.ask(HEAD, "POST", f"/rounds/{round_id}/confirm")
    assert (undecided.status_code, undecided.json()["message"]) == (409, tie["message"])
    wrong = world.ask(CLERK, "POST", f"/rounds/{round_id}/ties", {"outcome": "selected", "chosen": ["work-005"], "reason": " "})
    assert wrong.status_code == 422
    assert wrong.json()["sentences"][-1] == "请填写复议理由。"
    chosen = ["work-001", "work-002", "work-004"]
    body = {"outcome": "selected", "chosen": chosen, "reason": "专家组复议：讲述更完整"}
    assert world.did(CLERK, "POST", f"/rounds/{round_id}/ties", body)["state"] == "decided"
    world.did(HEAD, "POST", f"/rounds/{round_id}/confirm")
    published = world.did(HEAD, "POST", f"/rounds/{round_id}/publish", {"level": "city"})
    answer = world.ask(CLERK, "GET", f"/rounds/{round_id}/record")
    assert answer.headers["content-type"] == "application/jsonl"
    report = verify(read_record(answer.text), [published["record_head"]])
    assert report.problems == ()
    assert report.witnessed
    placed = {row.work: row.outcome for row in report.rounds[0].placed if row.outcome}
    document = world.got(None, f"/results/{published['result_id']}")
    assert set(placed) == {work["work_id"] for work in document["works"]} == {"work-000", *chosen}
    heads = [event["head"] for event in world.events("record.advanced")]
    assert heads[-1] == published["record_head"]
    hashes = {entry.hash for entry in read_record(answer.text).entries}
    assert set(heads) <= hashes


def test_a_work_that_leaves_after_the_tally_is_counted_out(begun: tuple[World, str]) -> None:
    world, round_id = begun
    vote_all(world, 5)
    world.close(round_id)
    gone = WorkRejected(work_id="work-001", campaign_id=CAMPAIGN.id, unit_id="u", title="故事001", reason="经核实")
    world.emit(gone)
    world.wait_for(round_id, "decided", "tallied")
    rows = world.got(CLERK, f"/rounds/{round_id}/tally")["rows"]
    assert [(row["rank"], row["title"]) for row in rows] == [
        (rank, f"故事{n:03}") for rank, n in enumerate((0, 2, 3, 4, 5), start=1)
    ]
    world.did(HEAD, "POST", f"/rounds/{round_id}/confirm")
    world.did(HEAD, "POST", f"/rounds/{round_id}/publish", {"level": "city"})
    world.emit(gone)
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()


def test_a_work_that_leaves_while_the_tally_is_computed_is_not_in_it(
    begun: tuple[World, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, round_id = begun
    vote_all(world, 5)
    compute, computed = closing.count, []

    def count(connection: Any, name: str) -> Any:
        counted = compute(connection, name)
        if not computed:
            world.emit(WorkRejected(work_id="work-000", campaign_id=CAMPAIGN.id, unit_id="u", title="", reason="经核实"))
        computed.append(counted)
        return counted

    monkeypatch.setattr(closing, "count", count)
    world.close(round_id)
    assert [len(counted[1]) for counted in computed] == [6, 5]
    stale = computed[0]
    world.context.database.call(lambda transaction: closing.keep_tally(transaction, round_id, 1, stale))
    assert len(world.got(CLERK, f"/rounds/{round_id}/tally")["rows"]) == 5
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert verify(read_record(text)).problems == ()


def test_an_expert_sees_the_film_of_assigned_works_only_and_no_unit(begun: tuple[World, str]) -> None:
    world, _ = begun
    rendered = [
        AssetRendered(
            asset_id=f"asset-{n:03}",
            work_id=f"work-{n:03}",
            campaign_id=CAMPAIGN.id,
            sha256="ab" * 32,
            preview_key=f"p/{n}.mp4",
        )
        for n in range(6)
    ]
    stale = rendered[0].model_copy(update={"asset_id": "asset-old", "preview_key": "p/old.mp4"})
    world.emit(*rendered, stale)
    mine = world.ballots_of(1)
    for ballot in mine:
        shown = world.got(expert(1), f"/ballots/{ballot['ballot_id']}")
        number = int(ballot["title"][-3:])
        (film,) = shown["work"]["files"]
        assert film["preview"].startswith(f"/bytes/p/{number}.mp4?")
        assert "for=expert-1" in film["preview"]
        assert UNITS[number].name not in json.dumps(shown, ensure_ascii=False)
        assert UNITS[number].id not in json.dumps(shown, ensure_ascii=False)


def test_drafts_are_kept_and_faults_named_at_once(begun: tuple[World, str]) -> None:
    world, _ = begun
    path = f"/ballots/{world.ballots_of(1)[0]['ballot_id']}"
    saved = world.ask(expert(1), "PUT", f"{path}/draft", {"scores": {"truth": "20.0"}}, **{"If-Match": '"1"'})
    assert (saved.json()["draft"], saved.headers["etag"]) == ({"truth": "20"}, '"2"')
    assert world.got(expert(1), path)["draft"] == {"truth": "20"}
    stale = world.ask(expert(1), "PUT", f"{path}/draft", {"scores": {"truth": "1"}}, **{"If-Match": '"1"'})
    assert stale.status_code == 412
    assert stale.json()["current"] == {"draft": {"truth": "20"}, "revision": 2}
    refused = world.ask(expert(1), "POST", f"{path}/submit", {"scores": {"truth": "26", "theme": 3}})
    assert refused.status_code == 422
    assert refused.json()["sentences"] == [
        "真实性26分，应为0—25分的数（评审细则）。请修改后提交。",
        "主题性的评分须写成文字，如“25”。请改写后提交。",
        "还缺2项评分：创新性、表现力。请补全后提交。",
    ]
    assert world.got(expert(1), path)["submitted"] is None


def test_a_retried_submission_has_one_effect_and_one_answer(begun: tuple[World, str]) -> None:
    world, _ = begun
    path = f"/ballots/{world.ballots_of(1)[0]['ballot_id']}/submit"
    body = {"scores": scored((1, 2, 3, 4))}
    key = {"Idempotency-Key": "one"}
    answers = [world.ask(expert(1), "POST", path, body, **key) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert world.rows("SELECT COUNT(*) FROM ballot") == [(1,)]


def test_what_is_not_ones_own_looks_as_if_it_did_not_exist(begun: tuple[World, str]) -> None:
    world, round_id = begun
    theirs = world.ballots_of(2)[0]["ballot_id"]

    def told(who: Any, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        answer = world.ask(who, method, path, body)
        document = answer.json()
        document.pop("instance")
        return answer.status_code, document

    for method, tail, body in [
        ("GET", "", None),
        ("PUT", "/draft", {"scores": {}}),
        ("POST", "/submit", {"scores": scored((1, 1, 1, 1))}),
        ("POST", "/recuse", {"reason": "回避"}),
    ]:
        assert told(expert(1), method, f"/ballots/{theirs}{tail}", body) == told(
            expert(1), method, f"/ballots/nothing{tail}", body
        )
        assert told(expert(1), method, f"/ballots/{theirs}{tail}", body)[0] == 404
    for who in (expert(1), LIAISON):
        for path in ("", "/tally", "/record", "/recusals"):
            assert world.ask(who, "GET", f"/rounds/{round_id}{path}").status_code == 403
    bound = CLERK.__class__("other", "s-other", CLERK.role, campaign_id="another-campaign")
    for path in ("", "/tally", "/record", "/recusals"):
        assert told(bound, "GET", f"/rounds/{round_id}{path}") == told(bound, "GET", f"/rounds/nothing{path}")
    assert world.got(bound, "/rounds") == {"rounds": []}
    assert told(None, "GET", "/results/nothing")[0] == 404


def test_the_record_opens_ballots_only_after_the_closing(begun: tuple[World, str]) -> None:
    world, round_id = begun
    vote_all(world, 5)
    refused = world.ask(CLERK, "GET", f"/rounds/{round_id}/record")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:laurel:problem:not-now")
    world.close(round_id)
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    assert "expert-" not in text
    seed = world.rows("SELECT hex(seed) FROM round")[0][0]
    assert seed.lower() not in text.lower()
    assert world.ask(CLERK, "GET", f"/rounds/{round_id}").text.lower().find(seed.lower()) == -1


def test_events_three_times_and_in_another_order_give_the_same_projection(world: World) -> None:
    world.invite_experts(2)
    world.accept_works(3)
    before = world.rows("SELECT * FROM work ORDER BY work_id"), world.rows("SELECT * FROM expert ORDER BY account_id")
    world.invite_experts(2)
    for number in (2, 0, 1, 1):
        world.emit(accepted(number))
    world.publish_campaign()
    assert before == (world.rows("SELECT * FROM work ORDER BY work_id"), world.rows("SELECT * FROM expert ORDER BY account_id"))


def test_a_rebuild_knows_which_works_have_left(begun: tuple[World, str]) -> None:
    world, _ = begun
    rejected = {"unit_id": UNITS[2].id, "title": "故事002", "reason": "材料不全"}
    world.emit(
        WorkWithdrawn(work_id="work-001", campaign_id=CAMPAIGN.id),
        WorkRejected(work_id="work-002", campaign_id=CAMPAIGN.id, **rejected),
    )
    told = world.events("record.advanced")
    before, after = rebuilt(world.context, "work", "*")
    assert [row[0] for row in before if not row[2]] == ["work-001", "work-002"]
    assert after == before
    assert world.events("record.advanced") == told
