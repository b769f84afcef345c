"""Reports by event, people's ticks, the formal check, returned items, consent and release, through the HTTP API."""

from __future__ import annotations

from typing import Any

import pytest
from rebuilding import rebuilt
from world import S0, World, enter, lock, own_list, put_on_list, refused, told, upload

from services.kernel.contracts.events import (
    AssetFailed,
    AssetJudged,
    AssetRendered,
    ExclusionChecked,
    FindingData,
    FrameRef,
    ResultPublished,
    ResultWork,
)

LONG = FindingData(
    check="duration",
    severity="block",
    measured="8分12秒",
    required="5—8分钟",
    cite="附件1 二（一）",
    message="时长8分12秒，应为5—8分钟（附件1 二（一））。",
)
TAIL = FindingData(
    check="tail_card",
    severity="ask",
    measured="",
    required="",
    cite="附件1 二（三）",
    message="请核对片头、片尾画面（附件1 二（三））。",
)


def judge(world: World, work: dict[str, Any], file_id: str, *findings: FindingData, **changes: Any) -> None:
    """Let media say what it found."""
    (file,) = [each for each in world.clerk.get(f"/works/{work['work_id']}")["files"] if each["file_id"] == file_id]
    severities = {found.severity for found in findings}
    verdict = next((each for each in ("block", "ask", "warn") if each in severities), "clean")
    told_ = {
        "asset_id": file_id,
        "work_id": work["work_id"],
        "campaign_id": S0,
        "campaign_hash": world.clerk.get(f"/campaigns/{S0}")["campaign_hash"],
        "slot": "video",
        "sha256": file["sha256"],
        "verdict": verdict,
        "findings": findings,
        "frames": (FrameRef(part="tail", at_s=485.0, object_key="assets/x/tail.jpg"),),
    }
    world.say("media", AssetJudged(**told_ | changes))


@pytest.fixture
def at_hand(world: World) -> tuple[World, dict[str, Any], str]:
    """A work of a unit that may recommend one, with its file, listed. No engine judges it: media's jobs are taken away."""
    for worker in world.platform.services["media"].workers:
        worker.stop()
    liaison = world.people["水清"]
    work = enter(liaison, "河边的读书声", "机关")
    file_id = upload(liaison, work["work_id"], b"a film")
    world.clock("2024-09-25 09:00:00")
    put_on_list(liaison, work)
    return world, work, file_id


def test_a_known_fault_holds_the_lock_and_queued_checks_do_not(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id = at_hand
    liaison, head = world.people["水清"], world.people["水源"]
    assert liaison.get(f"/works/{work['work_id']}")["status"].endswith("核验中1个。")
    row = own_list(liaison)
    judge(world, work, file_id, LONG)
    held = refused(liaison.post(f"/lists/{row['list_id']}/lock"), 409)
    assert held == f"《河边的读书声》成片.mp4须修改：{LONG.message}"
    upload(liaison, work["work_id"], b"another film")
    assert lock(liaison, head, own_list(liaison))["state"] == "locked"


def test_only_a_verdict_on_the_present_bytes_and_campaign_counts(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id = at_hand
    judge(world, work, file_id, LONG, sha256="0" * 64)
    judge(world, work, file_id, LONG, campaign_hash="0" * 64)
    (file,) = world.people["水清"].get(f"/works/{work['work_id']}")["files"]
    assert (file["check_label"], file["verdict"]) == ("核验中", None)
    judge(world, work, file_id)
    (file,) = world.people["水清"].get(f"/works/{work['work_id']}")["files"]
    assert (file["check_label"], file["verdict"]) == ("已核验", "clean")


def test_a_question_is_answered_by_a_person_and_name_and_time_are_kept(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id = at_hand
    liaison = world.people["水清"]
    judge(world, work, file_id, TAIL, TAIL)
    (file,) = liaison.get(f"/works/{work['work_id']}")["files"]
    assert [found["key"] for found in file["findings"]] == ["tail_card", "tail_card:2"]
    assert file["frames"][0]["url"].startswith("/bytes/assets/x/tail.jpg?")
    path = f"/works/{work['work_id']}/files/{file_id}/ticks"
    done = told(liaison.post(path, {"finding": "tail_card", "note": "片尾清楚"}), 200)
    assert done["files"][0]["findings"][0]["tick"] == {"by": "水清", "at": "2024-09-25T01:00:00Z", "note": "片尾清楚"}
    assert done["status"].endswith("1项待人工核实。")
    assert liaison.post(path, {"finding": "nothing"}).status_code == 404
    judge(world, work, file_id, LONG)
    assert refused(liaison.post(path, {"finding": "duration"}), 409) == "只有“待人工核实”的事项可以由人核实。"


def locked(at_hand: tuple[World, dict[str, Any], str]) -> tuple[World, dict[str, Any], str, str]:
    world, work, file_id = at_hand
    row = lock(world.people["水清"], world.people["水源"], own_list(world.people["水清"]))
    return world, work, file_id, row["list_id"]


def test_a_rebuild_keeps_the_report_and_returns_nothing_again(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, _ = locked(at_hand)
    judge(world, work, file_id, LONG)
    columns, emptied = "id, check_state, verdict, report", "check_state = 'queued', verdict = NULL, report = NULL"
    before, after = rebuilt(world.context, "work_file", columns, emptied)
    assert before == after
    assert [verdict for _, _, verdict, _ in after] == ["block"]
    assert len(world.rows("SELECT id FROM returned_item")) == 1


def test_a_fault_found_after_the_lock_returns_that_item_alone(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, list_id = locked(at_hand)
    liaison, path = world.people["水清"], f"/works/{work['work_id']}"
    judge(world, work, file_id, LONG)
    now = liaison.get(path)
    assert (now["state_label"], now["status"]) == ("退回补正", "退回补正1项，名额保留。")
    assert [(each["item"], each["reason"]) for each in now["returned"]] == [("video", LONG.message)]
    assert own_list(liaison)["places"][0]["used"] == 1
    title = {"fields": {"title": "另一个题目"}}
    assert refused(liaison.patch(path, title, now["revision"]), 409) == "退回补正期间只能修改列明的补正事项。"
    world.clock("2024-10-05 09:00:00")
    judge(world, work, file_id, LONG)
    assert len(world.events("work.returned")) == 1, "the same fault is returned once"
    assert refused(liaison.post(f"{path}/mending"), 409) == f"补正尚未完成：{LONG.message}"
    new = upload(liaison, work["work_id"], b"a shorter film")
    assert told(liaison.post(f"{path}/mending"), 200)["message"] == "补正已完成，等待复核。"
    judge(world, work, new)
    told(world.clerk.post(f"/lists/{list_id}/acceptance"), 200)


def test_nothing_is_accepted_while_something_is_open(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, list_id = locked(at_hand)
    clerk, path = world.clerk, f"/works/{work['work_id']}"
    assert refused(clerk.post(f"{path}/acceptance"), 409) == "《河边的读书声》核验中1个。暂不能通过形式审查。"
    judge(world, work, file_id, TAIL)
    assert refused(clerk.post(f"/lists/{list_id}/acceptance"), 409) == "还有1件作品未办结：《河边的读书声》1项待人工核实。"
    told(clerk.post(f"{path}/files/{file_id}/ticks", {"finding": "tail_card"}), 200)
    assert told(clerk.post(f"/lists/{list_id}/acceptance"), 200)["message"] == "市水文局推荐名单形式审查通过。"
    (event,) = world.events("work.accepted")
    assert (event["work_id"], [asset["asset_id"] for asset in event["assets"]]) == (work["work_id"], [file_id])
    assert len(world.events("list.accepted")) == 1
    assert refused(clerk.post(f"{path}/acceptance"), 409) == "作品现为“形式审查通过”，不能通过形式审查。"
    assert refused(world.people["水清"].delete(f"/lists/{list_id}/lock"), 409)


def test_a_work_accepted_alone_ends_its_list_when_it_is_the_last(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, _ = locked(at_hand)
    judge(world, work, file_id)
    told(world.clerk.post(f"/works/{work['work_id']}/acceptance"), 200)
    assert own_list(world.people["水清"])["state_label"] == "形式审查通过"


def test_the_organiser_returns_named_items_with_a_term(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, _ = locked(at_hand)
    judge(world, work, file_id)
    path, liaison = f"/works/{work['work_id']}", world.people["水清"]
    body = {
        "items": [{"item": "entrant", "reason": "申报单位名称与公章不一致"}, {"item": "video", "reason": "片头未写主讲人"}],
        "term": "2024-10-08T00:00:00+08:00",
    }
    assert (
        refused(world.clerk.post(f"{path}/return", {"items": [{"item": "colour", "reason": "?"}]}), 422)
        == "没有补正事项“colour”。"
    )
    assert told(world.clerk.post(f"{path}/return", body), 200)["message"] == "退回补正2项，名额保留。"
    revision = liaison.get(path)["revision"]
    changed = told(liaison.patch(path, {"fields": {"entrant": "江州市桂花里社区"}}, revision), 200)
    assert (changed["state"], changed["revision"]) == ("returned", revision + 1)
    world.clock("2024-10-08 00:00:00.000")
    late = liaison.patch(path, {"fields": {"entrant": "桂花里"}}, changed["revision"])
    assert refused(late, 409) == "补正期限已过，请与主办单位联系。"


def test_a_rejection_has_its_reason(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, _, _ = locked(at_hand)
    path = f"/works/{work['work_id']}/rejection"
    assert world.clerk.post(path, {"reason": " "}).status_code == 422
    told(world.clerk.post(path, {"reason": "材料不属于本活动范围"}), 200)
    now = world.people["水清"].get(f"/works/{work['work_id']}")
    assert now["status"] == "形式审查不通过：材料不属于本活动范围"
    history = world.people["水清"].get(f"/works/{work['work_id']}/history")["history"]
    assert [(each["by"], each["act"]) for each in history][-1] == ("周见微", "work.rejected")


def test_the_registers_answer_counts_for_the_present_fields_alone(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, _ = at_hand
    world.settle()
    event = world.events("work.submitted")[-1]
    answer = {"work_id": work["work_id"], "campaign_id": S0, "phase": "submit", "answer": "ask", "effect": "note"}
    sentence = "往年记录：2024年市级三等奖，申报单位同名。本通知未规定往年作品不得再报，仅作提示。"
    world.say("search", ExclusionChecked(**answer, compared_hash="0" * 64, sentence="旧", matches=()))
    assert (world.people["水清"].get(f"/works/{work['work_id']}")["hint"] or {}).get("sentence") != "旧"
    world.say("search", ExclusionChecked(**answer, compared_hash=event["compared_hash"], sentence=sentence, matches=()))
    assert world.people["水清"].get(f"/works/{work['work_id']}")["hint"]["sentence"] == sentence


def test_a_work_that_the_rules_exclude_is_not_accepted(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, file_id, _ = locked(at_hand)
    judge(world, work, file_id)
    hash_ = world.events("work.submitted")[-1]["compared_hash"]
    told_ = {
        "work_id": work["work_id"],
        "campaign_id": S0,
        "phase": "lock",
        "compared_hash": hash_,
        "effect": "exclude",
        "matches": (),
    }
    path = f"/works/{work['work_id']}/acceptance"
    world.say("search", ExclusionChecked(**told_, answer="exclude", sentence="往年已获得，不再推介。"))
    assert refused(world.clerk.post(path), 409) == "《河边的读书声》往年已获得，不再推介。暂不能通过形式审查。"
    world.say("search", ExclusionChecked(**told_, answer="clear", sentence="未发现往年获得记录。"))
    told(world.clerk.post(path), 200)


def test_what_there_is_to_look_at_has_signed_addresses_and_a_failure_is_told(
    at_hand: tuple[World, dict[str, Any], str],
) -> None:
    world, work, file_id = at_hand
    (file,) = world.people["水清"].get(f"/works/{work['work_id']}")["files"]
    of = {"asset_id": file_id, "work_id": work["work_id"], "campaign_id": S0, "sha256": file["sha256"]}
    world.say("media", AssetRendered(**of, preview_key="assets/x/preview.mp4", preview_type="video/mp4"))
    world.say("media", AssetFailed(**of, reason="核验程序多次中断。"))
    (file,) = world.people["水清"].get(f"/works/{work['work_id']}")["files"]
    assert file["look"]["preview"].startswith("/bytes/assets/x/preview.mp4?")
    assert (file["check_label"], file["summary"]) == ("未能核验", "核验程序多次中断。")


def test_consent_and_release_are_recorded_acts(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, _ = at_hand
    liaison, path = world.people["水清"], f"/works/{work['work_id']}"
    assert (
        refused(world.head.post(f"{path}/release", {"released": True}), 409) == "《河边的读书声》授权未确认，不能通过发布审核。"
    )
    told(liaison.post(f"{path}/consent", {"given": True, "given_by": "罗桂枝", "form": "paper"}), 200)
    told(world.head.post(f"{path}/release", {"released": True, "note": "终审"}), 200)
    told(liaison.post(f"{path}/consent", {"given": False, "given_by": "罗桂枝"}), 200)
    assert [event["given"] for event in world.events("consent.recorded")] == [True, False]
    assert [event["released"] for event in world.events("release.decided")] == [True]
    assert world.clerk.post(f"{path}/release", {"released": True}).status_code == 403


def test_a_published_result_names_the_works_outcome(at_hand: tuple[World, dict[str, Any], str]) -> None:
    world, work, _ = at_hand
    named = {"work_id": work["work_id"], "title": "河边的读书声", "unit_id": "hydrology", "unit_name": "市水文局"}
    result = ResultWork(**named, region_code="990100", track="stories", outcome="优秀作品")
    of = {
        "result_id": "r-1",
        "round_id": "round-1",
        "campaign_id": S0,
        "campaign_title": "故事征集",
        "level": "city",
        "year": 2024,
    }
    at = world.client.get("/clock").json()["campaign_time"]
    world.say("review", ResultPublished(**of, published_at=at, record_head="0" * 64, works=(result,), personal={}))
    assert world.people["水清"].get(f"/works/{work['work_id']}")["outcome"] == "优秀作品"
