"""Story S0 before publication, through the HTTP API: steps 1—4."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from world import PASSWORD, S0, World, confirm, files_of, refused, told

FINDINGS = [
    "阶段之间有空档：9月21日—22日、10月19日—20日，空档期可否修改材料，请确认。",
    "复赛评审10月1日—18日跨国庆假期，实际工作日10天。",
    "通知未写明盖章PDF版的截止时间，暂按9月30日24:00。",
    "通知要求片尾明确‘推荐区’；成员单位的作品将核对‘推荐单位’，请确认（附件1 二（三））。",
    "通知未规定评审分值。",
    "通知写‘可推荐’，未达下限按‘请注意’处理，须填写特殊情况说明。",
]


def test_step_1_the_draft_is_kept_with_everything_to_note_at_once(office: World) -> None:
    draft = told(office.clerk.post("/campaigns", files_of(S0)), 201)
    warned = [found["message"] for found in draft["findings"] if found["severity"] == "warn"]
    assert sorted(warned) == sorted(FINDINGS)
    assert (draft["state"], len(draft["readings"]), len(draft["units"])) == ("draft", 6, 20)


def test_step_2_it_is_not_published_before_each_reading_is_confirmed(office: World) -> None:
    clerk, path = office.clerk, f"/campaigns/{S0}"
    draft = told(clerk.post("/campaigns", files_of(S0)), 201)
    assert refused(clerk.post(f"{path}/publication"), 409) == "还有6处读法未确认，暂不能发布。"
    for left, reading in zip((5, 4, 3, 2, 1, 0), draft["readings"], strict=True):
        now = confirm(clerk, S0, reading)
        assert now["hold"] == (f"还有{left}处读法未确认，暂不能发布。" if left else None)
    words = json.dumps(clerk.get(path)["explanation"], ensure_ascii=False)
    assert "1G按1,073,741,824字节" in words
    assert {reading["confirmed_by"] for reading in clerk.get(path)["readings"]} == {"周见微"}


def test_step_2_the_option_that_a_person_chooses_stands_in_the_rules(office: World) -> None:
    told(office.clerk.post("/campaigns", files_of(S0)), 201)
    before = office.clerk.get(f"/campaigns/{S0}")["campaign_hash"]
    after = told(office.clerk.put(f"/campaigns/{S0}/readings/one-g", {"option": "decimal"}), 200)
    assert after["campaign_hash"] != before
    limits = [rule for rule in after["normalised"]["tracks"][0]["slots"][0]["rules"] if rule["kind"] == "file_size"]
    assert limits[0]["base"] == "decimal"
    assert refused(office.clerk.put(f"/campaigns/{S0}/readings/one-g", {"option": "third"}), 422)


def test_step_3_the_head_confirms_and_the_letters_are_there(office: World) -> None:
    clerk, head, path = office.clerk, office.head, f"/campaigns/{S0}"
    draft = told(clerk.post("/campaigns", files_of(S0)), 201)
    for reading in draft["readings"]:
        confirm(clerk, S0, reading)
    assert told(clerk.post(f"{path}/publication"), 200)["message"] == "发布须由负责人确认，已送陆砚秋待办。"
    assert clerk.post(f"{path}/publication/confirmation").status_code == 403
    office.clock("2024-07-03 09:00:00")
    done = told(head.post(f"{path}/publication/confirmation"), 200)
    assert done["message"] == "已发布。20个推荐单位的开通函已生成，其中2个单位没有手机号码，请打印后送达。"
    (event,) = office.events("campaign.published")
    raw = clerk.ask("GET", f"{path}/export").content
    assert hashlib.sha256(raw).hexdigest() == event["campaign_hash"] == clerk.get(path)["campaign_hash"]
    assert (event["version"], event["rehearsal"], event["published_at"]) == (1, True, "2024-07-03T01:00:00Z")
    assert len(office.events("campaign.announced")) == 1
    assert len(office.events("invitation.issued")) == 41  # the clerk's own, and two for each of 20 units


def test_step_3_one_person_cannot_do_both_unless_the_office_says_so(office: World) -> None:
    head, path = office.head, f"/campaigns/{S0}"
    draft = told(head.post("/campaigns", files_of(S0)), 201)
    for reading in draft["readings"]:
        confirm(head, S0, reading)
    told(head.post(f"{path}/publication"), 200)
    assert refused(head.post(f"{path}/publication/confirmation"), 403) == "发布须由另一人确认：提交和确认不能是同一人。"
    told(head.put("/office", {"one_person": True}), 200)
    told(head.post(f"{path}/publication/confirmation"), 200)
    assert head.get(path)["one_person"] is True


def test_step_3_the_letters_print_with_the_codes_and_print_again(office: World) -> None:
    office.publish()
    first, second = (office.clerk.ask("GET", f"/campaigns/{S0}/letters?unit=yunzhan") for _ in range(2))
    assert first.headers["content-type"] == "application/pdf"
    assert first.content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", second.content)) == 2


def test_step_3_a_code_works_once_and_only_for_its_unit(office: World) -> None:
    office.publish()
    code = office.letters()["yunzhan", "liaison"]
    liaison = office.redeem(code, "沈禾", 10)
    assert (liaison.account["role"], liaison.account["unit_id"]) == ("liaison", "yunzhan")
    body = {"code": code, "name": "他人", "mobile": "10000000011", "email": "x@jiangzhou.example", "password": PASSWORD}
    assert refused(office.client.post("/accounts", json=body), 410).startswith("开通码已使用。")
    mistyped = body | {"code": ("0" if code[0] != "0" else "1") + code[1:]}
    assert refused(office.client.post("/accounts", json=mistyped), 422).startswith("开通码有误")
    other = office.letters()["shiqiao", "liaison"]
    assert refused(liaison.post("/invitations/redemption", {"code": other}), 403) == "这个开通码不属于您的单位或角色。"
    assert not office.rows("SELECT 1 FROM invitation WHERE code_hash = ?", code)
    assert code not in "".join(str(row) for row in office.rows("SELECT * FROM invitation"))


def test_step_4_the_liaison_registers_with_the_columns_of_annex_4(office: World) -> None:
    office.clock("2024-07-03 09:00:00")
    office.publish()
    office.clock("2024-07-08 10:20:00")
    office.register("yunzhan", "沈禾", "韩思远", 10)
    assert office.people["沈禾"].message == "已登记。收到时间7月8日10:20。"
    office.clock("2024-07-16 09:12:00.000")
    office.register("beiling", "北辰", "北川", 20)
    assert office.people["北辰"].message == "已登记。收到时间7月16日09:12，系统记录为逾期报送。"
    (row, late) = office.clerk.get(f"/campaigns/{S0}/liaisons")["liaisons"][::-1]
    assert (row["unit_name"], row["name"], row["mobile"], row["email"]) == (
        "云栈区",
        "沈禾",
        "10000000010",
        "p10@jiangzhou.example",
    )
    assert (row["late"], late["late"]) == (False, True)


def test_a_file_with_faults_is_answered_with_every_line(office: World) -> None:
    files = files_of(S0)
    files["campaign"] = (
        files["campaign"]
        .replace("closes: 2024-09-30 24:00", "closes: 2024-09-31 24:00")
        .replace("cite: 附件2\n", "cite: 附件9\n", 1)
    )
    answer = office.clerk.post("/campaigns", files)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:laurel:problem:faulty-file"
    assert len(answer.json()["errors"]) >= 2
    assert all(fault["file"] == f"{S0}.yaml" and fault["line"] > 1 for fault in answer.json()["errors"])
    assert office.clerk.get("/campaigns") == {"campaigns": []}


def test_the_campaign_comes_as_yaml_alone_and_its_units_later(office: World) -> None:
    files = files_of(S0)
    sent = {"Authorization": f"Bearer {office.clerk.token}", "Content-Type": "text/yaml"}
    draft = told(office.client.post("/campaigns?file=s0.yaml", content=files["campaign"].encode(), headers=sent), 201)
    assert draft["units"] is None
    for reading in draft["readings"]:
        confirm(office.clerk, S0, reading)
    assert refused(office.clerk.post(f"/campaigns/{S0}/publication"), 409) == "尚未上传单位文件，暂不能发布。"
    revision = office.clerk.get(f"/campaigns/{S0}")["revision"]
    told(office.clerk.put(f"/campaigns/{S0}", files, If_Match=f'"{revision}"'), 200)
    assert refused(office.clerk.post(f"/campaigns/{S0}/publication"), 409) == "还有6处读法未确认，暂不能发布。"
    assert office.clerk.put(f"/campaigns/{S0}", files, If_Match=f'"{revision}"').status_code == 412


def test_a_published_campaign_cannot_be_replaced(world: World) -> None:
    revision = world.clerk.get(f"/campaigns/{S0}")["revision"]
    assert refused(world.clerk.put(f"/campaigns/{S0}", files_of(S0), If_Match=f'"{revision}"'), 409).startswith("活动已发布")
    assert refused(world.clerk.post("/campaigns", files_of(S0)), 409).startswith(f"活动“{S0}”已存在")


def test_a_draft_is_seen_by_the_organiser_alone(world: World) -> None:
    told(world.clerk.post("/campaigns", files_of("jiangzhou-2025")), 201)
    liaison = world.people["沈禾"]
    assert liaison.ask("GET", "/campaigns/jiangzhou-2025").status_code == 404
    assert [each["campaign_id"] for each in liaison.get("/campaigns")["campaigns"]] == [S0]
    assert len(world.clerk.get("/campaigns")["campaigns"]) == 2


@pytest.mark.parametrize("name", ["s0-rehearsal"])
def test_a_rehearsals_campaign_does_not_enter_a_real_deployment(tmp_path, name) -> None:
    from world import running

    with running(tmp_path / "home", rehearsal=False) as real:
        real.open_office()
        assert refused(real.clerk.post("/campaigns", files_of(name)), 409) == "试运行的活动不能进入正式平台。"
        clock = real.clerk.put("/clock", {"stopped_at": "2024-09-30T23:59:59+08:00"})
        assert refused(clock, 409) == "正式平台的时钟不能调整，只有试运行可以。"


def test_the_clock_answers_once_all_five_services_keep_it(office: World) -> None:
    face = told(office.clerk.put("/clock", {"stopped_at": "2024-09-30T23:59:59.999+08:00"}), 200)
    assert (face["waits_for"], face["campaign_time"]) == ([], "2024-09-30T15:59:59.999000Z")
    for running in office.platform.services.values():
        (row,) = running.database.look(lambda rows: rows.exec_driver_sql("SELECT revision FROM clock").all())
        assert row[0] == face["revision"]
    assert told(office.client.get("/clock"), 200)["campaign_time"] == "2024-09-30T15:59:59.999000Z"
    two = office.clerk.put("/clock", {"stopped_at": "2024-09-30T23:59:59+08:00", "offset_s": 1})
    assert refused(two, 422)


@pytest.mark.parametrize("stopped_at", ["1970-01-01T00:00:00Z", "2200-01-01T00:00:00Z"])
def test_a_clock_is_moved_by_fifty_years_at_most(office: World, stopped_at: str) -> None:
    assert refused(office.clerk.put("/clock", {"stopped_at": stopped_at}), 422) == "时钟至多前后调整50年。"


@pytest.mark.parametrize("stopped_at", ["9999-12-31T23:59:59.999-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_clock_is_moved_to_a_year_that_can_be_spoken_of(office: World, stopped_at: str) -> None:
    assert refused(office.clerk.put("/clock", {"stopped_at": stopped_at}), 422) == "时间应在1970年至2200年之间，请核对。"
