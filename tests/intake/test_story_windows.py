"""Story S0, time: steps 10, 11 and 24, to the millisecond, through the HTTP API."""

from __future__ import annotations

import json
import socket

import pytest
from world import S0, World, begin_upload, enter, fields, lock, own_list, put_on_list, refused, send, submit, told

LATE = "推荐上报已于9月30日24:00截止，收到时间10月1日{at}。材料存为逾期材料，不占名额，是否受理由主办单位决定。"


def test_step_10_what_is_entered_after_the_window_stays_as_a_draft(world: World) -> None:
    liaison = world.people["沈禾"]
    world.clock("2024-09-20 23:59:59.999")
    assert enter(liaison, "夜班后的课堂")["message"] is None
    world.clock("2024-09-21 10:00:00")
    late = enter(liaison, "灯下三代人", "家庭")
    sentence = "初赛选拔已于9月20日24:00截止。如需补录，请由区学习办填写特殊情况说明。"
    assert late["message"] == sentence
    kept = liaison.get(f"/works/{late['work_id']}")
    assert (kept["state_label"], kept["fields"]["title"], kept["entered_late"]) == ("未提交", "灯下三代人", True)
    world.clock("2024-09-23 09:00:00")
    assert refused(liaison.post(f"/works/{late['work_id']}/submission"), 409) == sentence
    told(liaison.patch(f"/works/{late['work_id']}", {"statement": "家庭作品征集延期，特此说明。"}, 1), 200)
    told(liaison.post(f"/works/{late['work_id']}/submission"), 200)


def test_step_10_nothing_is_entered_before_the_window(world: World) -> None:
    world.clock("2024-07-09 23:59:59.999")
    body = {"campaign_id": S0, "fields": fields("太早的故事")}
    assert refused(world.people["沈禾"].post("/works", body), 409) == "初赛选拔7月10日00:00开始。"
    world.clock("2024-07-10 00:00:00.000")
    told(world.people["沈禾"].post("/works", body), 201)


def test_step_11_submitting_begins_to_the_millisecond_and_the_video_may_come_before(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock("2024-09-22 23:59:59.999")
    path = f"/works/{work['work_id']}/submission"
    assert refused(liaison.post(path), 409) == "推荐上报9月23日00:00开始。视频可先上传核验，届时再提交。"
    assert begin_upload(liaison, work["work_id"]).status_code == 201
    world.clock("2024-09-23 00:00:00.000")
    done = told(liaison.post(path), 200)
    assert (done["state_label"], done["submitted_at"]) == ("已提交", "2024-09-22T16:00:00Z")


@pytest.mark.parametrize(
    ("at", "in_time"),
    [("2024-09-30 23:59:59.999", True), ("2024-10-01 00:00:00.000", False), ("2024-10-01 00:00:00.001", False)],
)
def test_step_24_minus_one_millisecond_is_in_time_zero_and_one_are_late(world: World, at: str, in_time: bool) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock(at)
    answer = liaison.post(f"/works/{work['work_id']}/submission")
    if in_time:
        assert told(answer, 200)["message"] == "已提交，回执 JZ-2024-0001。"
        receipt = liaison.get("/receipts/JZ-2024-0001")["says"]
        assert (receipt["received_at"], receipt["kind"]) == ("2024-09-30T23:59:59.999+08:00", "work")
        assert liaison.get("/late") == {"late": []}
    else:
        assert refused(answer, 409) == LATE.format(at=at[11:])
        (kept,) = liaison.get("/late")["late"]
        assert (kept["work_id"], kept["late_id"], kept["kind"]) == (work["work_id"], answer.json()["late_id"], "submission")
        assert liaison.get(f"/works/{work['work_id']}")["state"] == "draft"
        assert liaison.get(f"/receipts/{answer.json()['receipt_number']}")["kind"] == "late"


def test_step_24_a_late_submission_tried_again_is_kept_once(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock("2024-10-01 00:00:00.000")
    tries = [liaison.post(f"/works/{work['work_id']}/submission").json() for _ in range(3)]
    assert {each["late_id"] for each in tries} == {tries[0]["late_id"]}
    assert len(world.events("late.kept")) == 1


def test_step_24_a_list_is_in_time_by_the_stamp_of_the_heads_confirmation(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    work = enter(liaison, "河边的读书声", "机关")
    world.clock("2024-09-25 09:00:00")
    row = put_on_list(liaison, work)
    told(liaison.post(f"/lists/{row['list_id']}/lock"), 200)
    world.clock("2024-10-01 00:00:00.000")
    answer = head.post(f"/lists/{row['list_id']}/lock/confirmation")
    assert refused(answer, 409) == LATE.format(at="00:00:00.000")
    kept = world.until(lambda: [each for each in head.get("/late")["late"] if each["kind"] == "lock"])
    assert kept[0]["list_id"] == row["list_id"]
    assert own_list(liaison)["state"] == "requested"


def test_step_24_the_same_millisecond_before_the_list_is_locked(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    work = enter(liaison, "河边的读书声", "机关")
    world.clock("2024-09-25 09:00:00")
    row = put_on_list(liaison, work)
    world.clock("2024-09-30 23:59:59.999")
    done = lock(liaison, head, row)
    assert (done["state"], done["locked_at"]) == ("locked", "2024-09-30T15:59:59.999000Z")


def test_step_24_what_was_submitted_and_stands_on_no_locked_list_is_late_material_at_the_end(world: World) -> None:
    liaison = world.people["沈禾"]
    first, second, draft = (enter(liaison, title) for title in ("夜班后的课堂", "灯下三代人", "没有提交的故事"))
    world.clock("2024-09-25 09:00:00")
    submit(liaison, first)
    put_on_list(liaison, second)
    world.clock("2024-10-01 00:00:00.000")
    kept = world.until(lambda: liaison.get("/late")["late"])
    assert [each["work_id"] for each in kept] == [first["work_id"], second["work_id"]]
    assert draft["work_id"] not in {each["work_id"] for each in kept}
    assert {each["kind"] for each in kept} == {"unlisted"}
    (window,) = world.rows("SELECT * FROM window WHERE stage_id = 'recommendation'")
    assert window["settled_at"] >= window["closed_at"] > 0


def test_step_24_an_upload_begun_in_time_may_go_on_until_2_and_counts(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    world.clock("2024-09-10 09:00:00")
    work, other = enter(liaison, "河边的读书声", "机关"), enter(liaison, "对岸的灯", "社区")
    world.clock("2024-09-30 23:41:00")
    begun = begin_upload(liaison, work["work_id"], 6)
    world.clock("2024-09-30 23:59:00")
    told(liaison.post(f"/works/{work['work_id']}/submission"), 200)
    told(liaison.post(f"/works/{work['work_id']}/listing"), 200)
    row = own_list(liaison)
    locked = lock(liaison, head, row)
    receipt = liaison.get(f"/receipts/{locked['receipt_number']}")
    assert (receipt["complete"], receipt["says"]["files"][0]["state"]) == (False, "仍在传送")
    world.clock("2024-10-01 00:06:00")
    send(world, begun.headers["Location"], b"a film")
    second = world.until(
        lambda: [each for each in liaison.get(f"/receipts?list_id={row['list_id']}")["receipts"] if each["complete"]]
    )
    assert (second[0]["kind"], second[0]["follows"]) == ("files", locked["receipt_number"])
    assert own_list(liaison)["check_code"] == locked["check_code"]
    (file,) = liaison.get(f"/works/{work['work_id']}")["files"]
    assert file["late"] is False
    assert refused(begin_upload(liaison, other["work_id"], 6), 409)


def test_step_24_an_upload_that_is_not_whole_at_2_is_a_missing_item_of_a_locked_work(world: World) -> None:
    liaison, head = world.people["水清"], world.people["水源"]
    world.clock("2024-09-10 09:00:00")
    work = enter(liaison, "河边的读书声", "机关")
    world.clock("2024-09-30 23:41:00")
    begun = begin_upload(liaison, work["work_id"], 6)
    told(liaison.post(f"/works/{work['work_id']}/submission"), 200)
    told(liaison.post(f"/works/{work['work_id']}/listing"), 200)
    row = own_list(liaison)
    lock(liaison, head, row)
    world.clock("2024-10-01 02:00:00.000")
    returned = world.until(lambda: liaison.get(f"/works/{work['work_id']}")["returned"])
    assert [(each["item"], each["reason"]) for each in returned] == [
        ("video", "截止时未收到故事视频（附件1 二（一））。请补传。")
    ]
    send(world, begun.headers["Location"], b"a film")
    assert liaison.get(f"/works/{work['work_id']}")["files"][0]["late"] is False, "the returned item is what it mends"


def test_a_clock_set_back_reopens_nothing(world: World) -> None:
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.clock("2024-10-01 00:00:00.000")
    world.until(lambda: world.rows("SELECT 1 FROM window WHERE stage_id = 'recommendation' AND settled_at IS NOT NULL"))
    world.clock("2024-09-30 23:00:00.000")
    answer = liaison.post(f"/works/{work['work_id']}/submission")
    assert "已签名存证" in refused(answer, 503)
    assert answer.json()["stamp"].count(".") == 2
    assert [each["kind"] for each in liaison.get("/late")["late"]] == ["submission"]


def test_a_stamp_in_time_counts_though_its_body_ends_after_the_closing(world: World) -> None:
    """The headers come before the end, the body after it: settling waits for the answer, which is a receipt."""
    liaison = world.people["沈禾"]
    work = enter(liaison, "夜班后的课堂")
    world.runs_from("2024-09-30 23:59:59.000")
    port = int(str(world.client.base_url).rsplit(":", 1)[-1].strip("/"))
    body = b"{}"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        request = (
            f"POST /works/{work['work_id']}/submission HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {liaison.token}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: slow-1\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        connection.sendall(request.encode())
        closed = "SELECT closed_at, settled_at FROM window WHERE stage_id = 'recommendation'"
        world.until(lambda: world.rows(closed)[0]["closed_at"])
        assert world.rows(closed)[0]["settled_at"] is None, "it was settled over a write that is under way"
        connection.sendall(body)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    status, _, document = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 200"), answer
    assert json.loads(document)["receipt_number"] == "JZ-2024-0001"
    world.until(lambda: world.rows(closed)[0]["settled_at"])
    (kept,) = world.until(lambda: liaison.get("/late")["late"])
    assert kept["kind"] == "unlisted"
