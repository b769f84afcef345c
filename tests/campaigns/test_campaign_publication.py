"""Story S0, steps 1 and 2: what is told before publication, and the readings that a person confirms."""

from __future__ import annotations

from datetime import date

from services.campaigns.calendars import china
from services.campaigns.evaluation.publication import DayKind, publication_findings, publication_hold, unconfirmed
from services.campaigns.explanation import explain
from services.campaigns.findings import Severity
from services.campaigns.loader import load_campaign
from services.campaigns.models import Campaign

NOTES = [
    "阶段之间有空档：9月21日—22日、10月19日—20日，空档期可否修改材料，请确认。",
    "复赛评审10月1日—18日跨国庆假期，实际工作日10天。",
    "通知未写明盖章PDF版的截止时间，暂按9月30日24:00。",
    "通知要求片尾明确‘推荐区’；成员单位的作品将核对‘推荐单位’，请确认（附件1 二（三））。",
    "通知未规定评审分值。",
    "通知写‘可推荐’，未达下限按‘请注意’处理，须填写特殊情况说明。",
]


def notes(campaign: Campaign) -> list[str]:
    return [found.message for found in publication_findings(campaign, china) if found.severity is Severity.WARN]


def test_step_1_all_notes_at_once(s0: Campaign) -> None:
    assert sorted(notes(s0)) == sorted(NOTES)


def test_step_1_working_days_count_the_make_up_saturday(s0: Campaign) -> None:
    def without_make_up(day: date) -> DayKind:
        known = china(day)
        assert known is not None
        return DayKind(workday=known.workday and day.weekday() < 5, holiday=known.holiday)

    messages = [found.message for found in publication_findings(s0, without_make_up)]
    assert "复赛评审10月1日—18日跨国庆假期，实际工作日9天。" in messages


def test_a_year_without_published_holidays_is_said(s0: Campaign) -> None:
    messages = [found.message for found in publication_findings(s0, lambda _: None)]
    assert "复赛评审10月1日—18日：2024年放假安排尚未公布，不能计算工作日。" in messages


def test_step_2_publication_waits_for_each_reading(s0: Campaign) -> None:
    assert publication_hold(s0, ()) == "还有6处读法未确认，暂不能发布。"
    every = [reading.id for reading in s0.readings]
    assert publication_hold(s0, every[1:]) == "还有1处读法未确认，暂不能发布。"
    assert [reading.id for reading in unconfirmed(s0, every[1:])] == every[:1]
    assert publication_hold(s0, every) is None


def test_step_2_the_readings_are_asked_one_by_one(s0: Campaign) -> None:
    asked = {found.reading: found for found in publication_findings(s0, china) if found.check == "reading_open"}
    assert set(asked) == {reading.id for reading in s0.readings}
    assert all(found.severity is Severity.ASK for found in asked.values())
    words = [found.measured for found in asked.values()]
    assert "1G按1,073,741,824字节" in words
    assert "以内、5—8分钟含本数" in words
    assert any("7月15日前含当日" in each for each in words)


def test_step_2_confirmed_readings_stand_in_the_explanation(s0: Campaign) -> None:
    (section,) = [each for each in explain(s0, confirmed={"one-g"}) if each.title == "读法"]
    assert "按：1G按1,073,741,824字节（已确认）。另可选：1G按1,000,000,000字节（附件1 二（四））" in str(section)
    assert str(section).count("（未确认）") == 5


def test_another_option_changes_its_remark_and_its_rule(s0_text: str) -> None:
    chosen = load_campaign(s0_text.encode(), "s0.yaml", choices={"may-recommend": "block"})
    assert {quota.below_min for quota in chosen.quotas} == {"block"}
    assert "通知写‘可推荐’，未达下限按‘须修改’处理，不能锁定。" in notes(chosen)


def test_the_photo_rule_that_most_cannot_meet_is_pointed_out(s2: Campaign) -> None:
    (message,) = [each for each in notes(s2) if "dpi扫描" in each]
    assert message.startswith(
        "证件照（35×49毫米）达到5MB，一般需约1200dpi扫描（约1654×2315像素）。两项要求可同时满足，但多数推介对象难以做到"
    )


def test_awards_that_do_not_add_up_are_said(s0_text: str) -> None:
    changed = s0_text.replace("label: 优秀故事作品, count: 20", "label: 优秀故事作品, count: 21")
    campaign = load_campaign(changed.encode(), "s0.yaml")
    assert "奖项合计31，优秀作品为30，两数不等（通知五（三））。" in notes(campaign)
