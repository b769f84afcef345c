"""The story of S0 from the notice to the deadline, a test a step; steps follow each other on one platform."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import openpyxl
from flow_world import CAMPAIGN, ENTERING, SUBMITTING, World, refusal

UNIT = "yunzhan"
BEFORE, OPENING = "2024-09-22T23:59:59.999+08:00", "2024-09-23T00:00:00+08:00"
LAST, OVER = "2024-09-30T23:59:59.999+08:00", "2024-10-01T00:00:00+08:00"


def check_receipt(world: World, folder: Path, number: str, *files: Path) -> dict[str, Any]:
    """Check a receipt offline by the command, as genuine with these files, and return what it says."""
    token, keys = folder / f"{number}.jws", folder / "keys.json"
    token.write_text(world.clerk.get(f"/receipts/{number}")["receipt"])
    keys.write_text(json.dumps(world.visitor.get("/receipts/keys")))
    told = verify(token, keys, *files)
    assert told["verdict"] == "genuine", told
    return dict(told["receipt"])


def verify(token: Path, keys: Path, *files: Path) -> dict[str, Any]:
    given = [word for file in files for word in ("--file", str(file))]
    command = [sys.executable, "-m", "services", "receipt", "verify", str(token), "--key", str(keys), *given, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2])
    return dict(json.loads(done.stdout))


def test_step_01_every_question_of_the_notice_comes_at_once(world: World) -> None:
    said = [found["message"] for found in world.draft()["findings"]]
    assert "阶段之间有空档：9月21日—22日、10月19日—20日，空档期可否修改材料，请确认。" in said
    assert "复赛评审10月1日—18日跨国庆假期，实际工作日10天。" in said
    assert "通知未写明盖章PDF版的截止时间，暂按9月30日24:00。" in said
    assert "通知要求片尾明确‘推荐区’；成员单位的作品将核对‘推荐单位’，请确认（附件1 二（三））。" in said
    assert "通知未规定评审分值。" in said
    assert "通知写‘可推荐’，未达下限按‘请注意’处理，须填写特殊情况说明。" in said


def test_step_02_unconfirmed_readings_hold_the_publication(world: World) -> None:
    world.draft()
    refused = refusal(world.clerk.post, f"/campaigns/{CAMPAIGN}/publication")
    assert (refused.status, refused.message) == (409, "还有6处读法未确认，暂不能发布。")
    world.confirm_readings()
    told = world.clerk.get(f"/campaigns/{CAMPAIGN}")
    assert {each["confirmed_by"] for each in told["readings"] if each["confirmed"]} == {"周见微"}
    assert "1G按1,073,741,824字节" in json.dumps(told["explanation"], ensure_ascii=False)


def test_step_03_the_head_publishes_and_a_code_works_once(world: World) -> None:
    world.confirm_readings()
    assert world.clerk.post(f"/campaigns/{CAMPAIGN}/publication")["message"] == "发布须由负责人确认，已送陆砚秋待办。"
    refused = refusal(world.clerk.post, f"/campaigns/{CAMPAIGN}/publication/confirmation")
    assert refused.status == 403
    assert (
        world.confirm_publication()["message"] == "已发布。20个推荐单位的开通函已生成，其中2个单位没有手机号码，请打印后送达。"
    )
    code = world.code("luting", "liaison")
    assert world.visitor.register(code, "顾青萝", "10000009001", "gu@example.com").account["unit_id"] == "luting"
    again = refusal(world.visitor.register, code, "顾青萝", "10000009002", "gu2@example.com")
    assert 400 <= again.status < 500


def test_step_04_a_liaison_registers_with_the_printed_code(published: World) -> None:
    published.at("2024-07-08T09:00:00+08:00")
    account = published.liaison(UNIT).account
    assert (account["role"], account["unit_id"], account["name"]) == ("liaison", UNIT, "沈禾")
    assert account["message"] == "已登记。收到时间7月8日09:00。"
    rows = published.clerk.get(f"/campaigns/{CAMPAIGN}/liaisons")["liaisons"]
    row = next(each for each in rows if each["unit_id"] == UNIT)
    assert (row["unit_name"], row["mobile"], row["email"], row["late"]) == (
        "云栈区",
        account["mobile"],
        account["email"],
        False,
    )


def test_step_10_a_late_entry_stays_as_a_draft(published: World) -> None:
    published.at("2024-09-21T10:00:00+08:00")
    body = {"campaign_id": CAMPAIGN, "fields": {"title": "渡口夜校", "story": "船靠岸，灯还亮着。"}}
    entered = published.liaison(UNIT).post("/works", body)
    assert "初赛选拔已于9月20日24:00截止。如需补录，请由区学习办填写特殊情况说明。" in entered["message"]
    kept = published.liaison(UNIT).get(f"/works/{entered['work_id']}")
    assert (kept["state"], kept["title"]) == ("draft", "渡口夜校")


def test_step_11_a_submission_opens_to_the_millisecond(published: World) -> None:
    published.at(ENTERING)
    work = published.enter(UNIT, "灯下三代人", "family")
    published.at(BEFORE)
    refused = refusal(published.liaison(UNIT).post, f"/works/{work}/submission")
    assert (refused.status, refused.message) == (409, "推荐上报9月23日00:00开始。视频可先上传核验，届时再提交。")
    published.at(OPENING)
    assert published.liaison(UNIT).post(f"/works/{work}/submission")["state"] == "submitted"


def test_step_12_one_report_names_every_fault(published: World, faulty_clip: Path) -> None:
    published.at(ENTERING)
    work = published.enter(UNIT, "夜班后的课堂", "agency")
    published.liaison(UNIT).upload(faulty_clip, work)
    file = published.report(UNIT, work)
    blocks = {found["message"] for found in file["findings"] if found["severity"] == "block"}
    assert file["verdict"] == "block"
    assert blocks == {
        "时长10秒，应为5—8秒（附件1 二（一））",
        "分辨率640×360，应不低于720p（附件1 二（四））",
        "编码为H.265，应为H.264（附件1 二（四））",
    }
    asked = {found["key"] for found in file["findings"] if found["severity"] == "ask"}
    assert asked == {"head_card", "tail_card"}


def test_step_14_an_upload_survives_a_power_cut(published: World, good_clip: Path) -> None:
    published.at(ENTERING)
    work = published.enter(UNIT, "渡口的黑板")
    liaison, size = published.liaison(UNIT), good_clip.stat().st_size
    address = liaison.begin_upload(good_clip, work)
    stopped = liaison.send(address, good_clip, stop_at=size * 63 // 100)
    published.restart_after_a_power_cut()
    assert int(liaison.raw("HEAD", address, headers={"Tus-Resumable": "1.0.0"}).headers["Upload-Offset"]) == stopped
    assert liaison.send(address, good_clip) == size
    file = published.report(UNIT, work)
    assert file["sha256"] == hashlib.sha256(good_clip.read_bytes()).hexdigest()
    assert "规格核验通过：7秒，1280×720，H.264，MP4" in file["summary"]
    assert len(published.tick(UNIT, work, file)) == 2
    told = next(each for each in liaison.get(f"/works/{work}")["files"] if each["file_id"] == file["file_id"])
    ticked = [found["tick"] for found in told["findings"] if found["severity"] == "ask"]
    assert all(tick["by"] and tick["at"] for tick in ticked)


def test_step_15_what_is_missing_is_named_and_several_performers_are_accepted(published: World) -> None:
    published.at(ENTERING)
    work = published.enter("fengji", "三个人的书桌", performers=["罗桂枝", "沈一苇", "陶小满"], producer=None)
    published.at(SUBMITTING)
    refused = refusal(published.liaison("fengji").post, f"/works/{work}/submission")
    assert (refused.status, refused.message) == (422, "还缺1项：制作单位（片尾须明确，附件1 二（三））。")
    read = published.liaison("fengji").get(f"/works/{work}")
    change = {"fields": {"producer": "枫矶工作室"}}
    published.liaison("fengji").call("PATCH", f"/works/{work}", change, headers={"If-Match": f'"{read["revision"]}"'})
    assert published.liaison("fengji").post(f"/works/{work}/submission")["state"] == "submitted"


def test_step_16_a_seventh_finds_no_place(published: World) -> None:
    published.fill("baijing", {"agency": 1, "enterprise": 2, "community": 3})
    seventh = published.submitted("baijing", "第七个故事", "family")
    refused = refusal(published.liaison("baijing").post, f"/works/{seventh}/listing")
    assert (refused.status, refused.document["taken"]) == (409, 6)
    assert refused.message == "白泾区推荐名额5—6件，已占用6件，不能再列入。请先移出1件（通知五（二））。"


def test_step_17_a_missing_type_holds_the_lock_until_a_swap(published: World) -> None:
    made = published.fill("yupo", {"agency": 1, "enterprise": 2, "community": 3})
    liaison = published.liaison("yupo")
    refused = refusal(liaison.post, f"{published.list_path('yupo')}/lock")
    sentence = (
        "缺少‘家庭’类作品1件，暂不能锁定推荐名单：每一类学习型组织至少有1件（附件1 一（二））。"
        "现有：机关1件、企事业单位2件、社区3件、家庭0件。"
    )
    assert refused.status == 409
    assert refused.message.startswith(sentence)
    liaison.call("DELETE", f"/works/{made[-1]}/listing")
    family = published.submitted("yupo", "灯下三代人", "family")
    told = liaison.post(f"/works/{family}/listing")
    assert not [found for found in told["findings"] if found["check"] == "floor" or "家庭" in found["message"]]


def test_step_20_a_list_is_locked_by_two_persons_and_printed(published: World, good_clip: Path, tmp_path: Path) -> None:
    made = published.fill("heting", {"agency": 1, "enterprise": 1, "community": 2, "family": 1})
    liaison = published.liaison("heting")
    for work in made:
        liaison.upload(good_clip, work)
    published.at("2024-09-27T09:00:00+08:00")
    path = published.list_path("heting")
    assert refusal(liaison.get, f"{path}/paper").status == 409
    assert refusal(liaison.post, f"{path}/lock/confirmation").status == 403
    locked = published.lock("heting")
    assert (locked["state"], locked["locked_at"]) == ("locked", "2024-09-27T01:00:00Z")
    sheet = openpyxl.load_workbook(io.BytesIO(liaison.get(f"{path}/paper", form="xlsx"))).active
    rows = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    assert ["序号", "申报单位（含社区或家庭）名称", "学习型组织的类型", "作品名称"] in rows
    assert [row[3] for row in rows if len(row) == 4][1:] == [
        f"heting{name}" for name in ("agency0", "enterprise0", "community0", "community1", "family0")
    ]
    assert any(locked["check_code"] in str(cell) for row in rows for cell in row)
    assert liaison.get(f"{path}/paper").startswith(b"%PDF-")
    receipt = check_receipt(published, tmp_path, locked["receipt_number"])
    assert receipt["check_code"]
    assert refusal(liaison.call, "DELETE", f"/works/{made[0]}/listing").status == 409


def test_step_24_the_deadline_to_the_millisecond(published: World, good_clip: Path, tmp_path: Path) -> None:
    published.at(ENTERING)
    in_time, late, running = (published.enter("qingbu", title) for title in ("最后一课", "迟到的信", "路上的片子"))
    liaison = published.liaison("qingbu")
    liaison.upload(good_clip, in_time)
    published.at("2024-09-30T23:41:00+08:00")
    address = liaison.begin_upload(good_clip, running)
    liaison.send(address, good_clip, stop_at=1000)
    liaison.post(f"/works/{running}/submission")
    published.at(LAST)
    number = liaison.post(f"/works/{in_time}/submission")["receipt_number"]
    receipt = check_receipt(published, tmp_path, number, good_clip)
    assert receipt["received_at"].startswith("2024-09-30T23:59:59.999")
    assert [file["sha256"] for file in receipt["files"]] == [hashlib.sha256(good_clip.read_bytes()).hexdigest()]
    published.at(OVER)
    refused = refusal(liaison.post, f"/works/{late}/submission")
    assert refused.status == 409
    assert refused.message == (
        "推荐上报已于9月30日24:00截止，收到时间10月1日00:00:00.000。材料存为逾期材料，不占名额，是否受理由主办单位决定。"
    )
    kept = next(each for each in liaison.get("/late")["late"] if each["late_id"] == refused.document["late_id"])
    assert kept["work_id"] == late
    check_receipt(published, tmp_path, refused.document["receipt_number"])
    assert liaison.get(f"/works/{late}")["state"] == "draft"
    published.at("2024-10-01T00:06:00+08:00")
    liaison.send(address, good_clip)
    (file,) = liaison.until(f"/works/{running}", lambda told: bool(told["files"]))["files"]
    assert not file["late"]


def test_a_changed_receipt_is_not_genuine(published: World, tmp_path: Path) -> None:
    (each, *_) = [each for each in published.clerk.get("/works")["works"] if each["receipt_number"]]
    check_receipt(published, tmp_path, each["receipt_number"])
    token = tmp_path / f"{each['receipt_number']}.jws"
    head, body, signature = token.read_text().split(".")
    token.write_text(f"{head}.{body}.{signature[:-8]}{'A' * 8}")
    assert verify(token, tmp_path / "keys.json")["signature"] == "not-genuine"
