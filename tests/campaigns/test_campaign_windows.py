"""Story S0, steps 5, 6, 10, 11 and 24: time to the millisecond."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from campaign_files import at
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.evaluation.windows import (
    UngovernedActError,
    decide_upload,
    decide_window,
    reminder_sentence,
    reported_late,
    reported_sentence,
)
from services.campaigns.models import Act, Campaign, Stage

MS = timedelta(milliseconds=1)


def test_step_10_a_new_entrant_after_the_preselection(s0: Campaign) -> None:
    decision = decide_window(s0, "enter", at("2024-09-21 10:00"))
    assert decision.state == "late"
    assert decision.message == "初赛选拔已于9月20日24:00截止。如需补录，请由区学习办填写特殊情况说明。"


def test_step_11_one_millisecond_before_the_opening(s0: Campaign) -> None:
    early = decide_window(s0, "submit", at("2024-09-22 23:59:59.999"))
    assert (early.state, early.message) == ("early", "推荐上报9月23日00:00开始。视频可先上传核验，届时再提交。")
    opened = decide_window(s0, "submit", at("2024-09-23 00:00:00.000"))
    assert (opened.state, opened.message) == ("open", None)


def test_step_24_the_last_millisecond_and_the_first_late_one(s0: Campaign) -> None:
    assert decide_window(s0, "submit", at("2024-09-30 23:59:59.999")).state == "open"
    late = decide_window(s0, "submit", at("2024-10-01 00:00:00.000"))
    assert late.state == "late"
    assert late.message == (
        "推荐上报已于9月30日24:00截止，收到时间10月1日00:00:00.000。材料存为逾期材料，不占名额，是否受理由主办单位决定。"
    )


def test_step_24_an_upload_begun_in_time_goes_on(s0: Campaign) -> None:
    stage = submitting(s0)
    begun = at("2024-09-30 23:41")
    going_on = decide_upload(stage, begun, at("2024-10-01 00:06"))
    assert (going_on.state, going_on.message) == ("open", "截止前已开始的上传可续传至10月1日02:00。")
    assert decide_upload(stage, begun, at("2024-10-01 02:00") - MS).state == "open"
    ended = decide_upload(stage, begun, at("2024-10-01 02:00"))
    assert ended.state == "late"
    assert ended.message == "截止前已开始的上传可续传至10月1日02:00。收到时间10月1日02:00:00.000，未传完的文件按缺件处理。"


def test_an_upload_begun_at_the_end_is_late(s0: Campaign) -> None:
    decision = decide_upload(submitting(s0), at("2024-10-01 00:00"), at("2024-10-01 00:06"))
    assert decision.state == "late"
    assert decision.message is not None
    assert decision.message.startswith("推荐上报已于9月30日24:00截止")


def test_an_upload_may_begin_before_the_window_opens(s0: Campaign) -> None:
    assert decide_upload(submitting(s0), at("2024-09-21"), at("2024-09-21 01:00")).state == "open"


def test_step_5_the_reminder_names_duty_and_deadline(s0: Campaign) -> None:
    duty = s0.deadlines[0]
    assert reminder_sentence(duty, "北岭区") == "北岭区尚未报送联络员，截止时间7月15日24:00（通知七（二））。"
    assert duty.unit_types == ("district",)


def test_step_6_a_late_registration_is_recorded(s0: Campaign) -> None:
    received = at("2024-07-16 09:12:00.000")
    assert reported_sentence(s0.deadlines[0], received) == "已登记。收到时间7月16日09:12，系统记录为逾期报送。"
    assert not reported_late(s0.deadlines[0], at("2024-07-15 23:59:59.999"))
    assert reported_late(s0.deadlines[0], at("2024-07-16 00:00:00.000"))


def test_an_act_without_a_stage_is_refused(s0: Campaign) -> None:
    without = s0.model_copy(update={"stages": s0.stages[:2]})
    with pytest.raises(UngovernedActError):
        decide_window(without, "ballot", at("2024-10-02"))


@given(st.sampled_from(["enter", "submit", "list", "lock", "ballot"]), st.data())
def test_a_window_is_half_open(s0: Campaign, act: Act, data: st.DataObject) -> None:
    stage = s0.stage_for(act)
    assert stage is not None
    moment = data.draw(near(stage.opens) | near(stage.closes) | st.datetimes(datetime(2024, 1, 1), datetime(2025, 1, 1)))  # noqa: DTZ001 - made aware below
    instant = moment if moment.tzinfo else moment.replace(tzinfo=stage.opens.tzinfo)
    decision = decide_window(s0, act, instant)
    assert decision.state == ("early" if instant < stage.opens else "late" if instant >= stage.closes else "open")
    assert (decision.message is None) == (decision.state == "open")


def near(instant: datetime) -> st.SearchStrategy[datetime]:
    return st.sampled_from([instant - MS, instant, instant + MS, instant - timedelta(microseconds=1)])


def submitting(campaign: Campaign) -> Stage:
    stage = campaign.stage_for("submit")
    assert stage is not None
    return stage
