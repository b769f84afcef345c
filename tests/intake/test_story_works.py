"""Works in the hands of their unit: step 15, drafts, receipts, withdrawal, ID numbers, through the HTTP API."""

from __future__ import annotations

import hashlib
import json

import pytest
from world import S0, World, begin_upload, confirm, enter, fields, files_of, put_on_list, refused, send, submit, told, upload

from services.intake.tools.receipts import verify
from services.kernel.keys import Purpose, public_keys

ID_NUMBER = "11010519491231002X"  # the standard's own example: nobody's


def test_step_15_what_is_missing_is_said_with_its_clause(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂", producer="")
    world.clock("2024-09-25 09:00:00")
    assert work["missing"] == "还缺1项：制作单位（片尾须明确，附件1 二（三））。"
    answer = liaison.post(f"/works/{work['work_id']}/submission")
    assert refused(answer, 422) == "还缺1项：制作单位（片尾须明确，附件1 二（三））。"
    assert [found["check"] for found in answer.json()["findings"]] == ["field_missing"]


def test_step_15_three_performers_instead_of_one_are_accepted(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂", performers=["林见川", "许闻溪", "沈知白"])
    world.clock("2024-09-25 09:00:00")
    assert submit(liaison, work)["state"] == "submitted"


def test_submitting_waits_for_no_file_and_gives_the_receipt_at_once(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    begin_upload(liaison, work["work_id"], 1000)
    world.clock("2024-09-25 09:00:00.123")
    done = submit(liaison, work)
    receipt = liaison.get(f"/receipts/{done['receipt_number']}")
    assert (receipt["complete"], receipt["says"]["received_at"]) == (False, "2024-09-25T09:00:00.123+08:00")
    assert receipt["says"]["note"] == "试运行，不作为正式材料"
    keys = told(world.client.get("/receipts/keys"), 200)
    assert verify(receipt["receipt"].encode(), public_keys(keys).values()).number == done["receipt_number"]
    assert keys == world.context.keys.public_jwks(Purpose.RECEIPT)


def test_submitting_twice_gives_one_receipt(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock("2024-09-25 09:00:00")
    first, second = submit(liaison, work), submit(liaison, work)
    assert first["receipt_number"] == second["receipt_number"]
    assert len(world.events("work.submitted")) == len(world.events("receipt.issued")) == 1


def test_the_same_request_again_has_one_effect_and_one_answer(world: World) -> None:
    liaison, body = world.people["沈禾"], {"campaign_id": S0, "fields": fields("夜班后的课堂")}
    first, second = (liaison.post("/works", body, Idempotency_Key="k-1") for _ in range(2))
    assert (first.status_code, first.content, first.headers["etag"]) == (201, second.content, second.headers["etag"])
    assert len(liaison.get("/works")["works"]) == 1
    other = body | {"fields": fields("灯下三代人")}
    assert refused(liaison.post("/works", other, Idempotency_Key="k-1"), 422).startswith("同一个Idempotency-Key")


def test_a_draft_is_saved_as_typed_and_says_what_is_to_be_mended(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂", organisation_type="行会", story="夜" * 5001)
    saved = liaison.get(f"/works/{work['work_id']}")
    assert saved["fields"]["organisation_type"] == "行会"
    assert {found["check"] for found in saved["findings"]} == {"field_option", "field_too_long"}
    by_label = told(
        liaison.patch(f"/works/{work['work_id']}", {"fields": {"organisation_type": "家庭", "story": None}}, 1), 200
    )
    assert (by_label["fields"]["organisation_type"], by_label["findings"]) == ("family", [])
    assert "story" not in by_label["fields"]


def test_a_field_that_the_track_lacks_is_named_and_nothing_is_taken(world: World) -> None:
    liaison = world.people["沈禾"]
    body = {"campaign_id": S0, "fields": fields("夜班后的课堂", shoe_size="41")}
    assert refused(liaison.post("/works", body), 422) == "填报项“shoe_size”不属于类别“故事作品”。请核对名称。"
    assert refused(liaison.post("/works", body | {"track": "poems"}), 422).startswith("请写明学习型组织的类型")
    assert refused(liaison.post("/works", {"campaign_id": S0, "fields": {"title": 7}}), 422)
    assert liaison.get("/works")["works"] == []


def test_a_change_on_an_old_version_shows_both(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    told(liaison.patch(f"/works/{work['work_id']}", {"fields": {"title": "夜班后的一课"}}, 1), 200)
    answer = liaison.patch(f"/works/{work['work_id']}", {"fields": {"title": "下班之后"}}, 1)
    assert refused(answer, 412) == "内容已在另一处修改，请比较两个版本后再保存。"
    assert answer.json()["current"]["fields"]["title"] == "夜班后的一课"
    assert answer.json()["submitted"] == {"fields": {"title": "下班之后"}}
    no_match = liaison.ask("PATCH", f"/works/{work['work_id']}", {"fields": {}})
    assert no_match.status_code == 428


def test_events_tell_a_work_with_its_personal_part_apart(world: World) -> None:
    liaison, story = world.people["沈禾"], "夜班下来，灯还亮着。" * 25
    enter(liaison, "夜班后的课堂", "家庭", story=story, contact_phone="100-0000-0001", minors_shown="adults")
    (event,) = world.events("work.saved")
    assert (event["title"], event["unit_name"], event["region_code"], event["revision"]) == (
        "夜班后的课堂",
        "云栈区",
        "990101",
        1,
    )
    assert event["fields"] == {"title": "夜班后的课堂", "organisation_type": "家庭", "producer": "江州融媒工作室"}
    personal = event["personal"]
    assert personal["fields"] == {"entrant": "桂花里社区", "performers": "林见川", "minors_shown": "不含未成年人"}
    assert (personal["story"], personal["compared"]["organisation"]) == (story, "桂花里社区")
    letters = story.replace("，", "").replace("。", "")
    assert personal["compared"]["content_hash"] == hashlib.sha256(letters.encode()).hexdigest()
    assert "100-0000-0001" not in json.dumps(event, ensure_ascii=False), "what is secret stands in no event"


def test_a_submitted_work_changes_with_a_new_receipt_and_stays_complete(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock("2024-09-25 09:00:00")
    done = submit(liaison, work)
    path = f"/works/{work['work_id']}"
    assert refused(liaison.patch(path, {"fields": {"producer": None}}, done["revision"]), 422).startswith("还缺1项：制作单位")
    changed = told(liaison.patch(path, {"fields": {"title": "夜班后的一课"}}, done["revision"]), 200)
    assert (changed["state"], changed["receipt_number"]) == ("submitted", "JZ-2024-0002")
    codes = [event["check_code"] for event in world.events("receipt.issued")]
    assert len(set(codes)) == 2
    world.clock("2024-10-01 00:00:00.000")
    late = liaison.patch(path, {"fields": {"title": "夜班"}}, changed["revision"])
    assert refused(late, 409).startswith("推荐上报已于9月30日24:00截止")


def test_a_work_is_withdrawn_until_it_is_locked(world: World) -> None:
    liaison = world.people["沈禾"]
    draft, listed = enter(liaison, "夜班后的课堂"), enter(liaison, "灯下三代人", "家庭")
    assert told(liaison.post(f"/works/{draft['work_id']}/withdrawal"), 200)["state_label"] == "已撤回"
    world.clock("2024-09-25 09:00:00")
    assert put_on_list(liaison, listed)["places"][0]["used"] == 1
    told(liaison.post(f"/works/{listed['work_id']}/withdrawal"), 200)
    assert [len(world.events(kind)) for kind in ("work.listed", "work.unlisted", "work.withdrawn")] == [1, 1, 2]
    assert refused(liaison.post(f"/works/{draft['work_id']}/submission"), 409) == "作品现为“已撤回”，不能提交。"


def test_a_unit_sees_its_own_works_alone_and_the_organiser_all(world: World) -> None:
    mine = enter(world.people["沈禾"], "夜班后的课堂")
    theirs = enter(world.people["石溪"], "石桥夜话")
    assert [each["work_id"] for each in world.people["沈禾"].get("/works")["works"]] == [mine["work_id"]]
    assert world.people["沈禾"].get("/works?unit_id=shiqiao")["works"][0]["work_id"] == mine["work_id"]
    assert len(world.clerk.get("/works")["works"]) == 2
    first = world.clerk.get("/works?limit=1")
    second = world.clerk.get(f"/works?limit=1&after={first['next']}")
    assert [first["works"][0]["work_id"], second["works"][0]["work_id"], second["next"]] == [
        mine["work_id"],
        theirs["work_id"],
        None,
    ]
    hidden = world.people["沈禾"].ask("GET", f"/works/{theirs['work_id']}")
    missing = world.people["沈禾"].ask("GET", "/works/0192-none")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.json()["message"] == missing.json()["message"]


# --- ID numbers, in a campaign that asks for them -------------------------------------------------------------------


@pytest.fixture
def with_stars(world: World) -> World:
    draft = told(world.clerk.post("/campaigns", files_of("jiangzhou-2025")), 201)
    for reading in draft["readings"]:
        confirm(world.clerk, "jiangzhou-2025", reading)
    told(world.clerk.post("/campaigns/jiangzhou-2025/publication"), 200)
    told(world.head.post("/campaigns/jiangzhou-2025/publication/confirmation"), 200)
    world.clock("2025-03-20 09:00:00")
    return world


def test_an_id_number_is_kept_as_a_keyed_hash_and_its_last_four_alone(with_stars: World) -> None:
    liaison = with_stars.people["沈禾"]
    star = {"title": "林见川", "entrant": "桂花里社区", "id_number": "1101051949 1231002x"}
    work = told(liaison.post("/works", {"campaign_id": "jiangzhou-2025", "track": "stars", "fields": star}), 201)
    assert work["fields"]["id_number"] == {"last4": "002X"}
    assert (work["missing"], work["findings"]) == (None, [])
    submit(liaison, work)
    (event,) = with_stars.events("work.submitted")
    assert len(event["personal"]["compared"]["id_hash"]) == 64
    with_stars.settle()
    for database in with_stars.home.glob("*.db*"):
        assert ID_NUMBER.encode() not in database.read_bytes(), database.name


def test_an_id_number_that_cannot_exist_is_refused_and_never_repeated(with_stars: World) -> None:
    liaison = with_stars.people["沈禾"]
    star = {"title": "林见川", "entrant": "桂花里社区", "id_number": "110105194912310021"}
    answer = liaison.post("/works", {"campaign_id": "jiangzhou-2025", "track": "stars", "fields": star})
    assert refused(answer, 422) == "身份证号的校验位不符，请核对。"
    assert "110105194912310021" not in answer.text


def test_one_account_serves_the_next_campaign_by_its_letter(with_stars: World) -> None:
    liaison = with_stars.people["沈禾"]
    code = with_stars.letters("jiangzhou-2025")["yunzhan", "liaison"]
    assert told(liaison.post("/invitations/redemption", {"code": code}), 200)["message"] == "已登记。"
    assert [each["unit_name"] for each in with_stars.clerk.get("/campaigns/jiangzhou-2025/liaisons")["liaisons"]] == ["云栈区"]


def test_a_file_that_replaces_another_retires_it(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    first, second = upload(liaison, work["work_id"], b"first"), upload(liaison, work["work_id"], b"second")
    (file,) = liaison.get(f"/works/{work['work_id']}")["files"]
    assert (file["file_id"], file["sha256"]) == (second, hashlib.sha256(b"second").hexdigest())
    assert [event["upload_id"] for event in world.events("upload.retired")] == [first]
    address = file["original"]
    assert told(world.client.get(address), 200) == b"second"
    told(liaison.delete(f"/works/{work['work_id']}/files/{second}"), 204)
    assert liaison.get(f"/works/{work['work_id']}")["files"] == []


def test_a_work_says_how_far_its_uploads_came(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    location = begin_upload(liaison, work["work_id"], 3 * 1024**2, name="成片.mp4").headers["Location"]
    send(world, location, b"\0" * 1024**2)
    (going_on,) = liaison.get(f"/works/{work['work_id']}")["uploads"]
    assert (going_on["name"], going_on["sentence"]) == ("成片.mp4", "上次已传1.0MB，共3.0MB，可继续上传。")
