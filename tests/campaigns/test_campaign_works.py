"""Story S0, step 15, and every way in which a work's fields can be other than asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.evaluation.works import WORK_CHECKS, UnknownTrackError, judge_work, missing_sentence
from services.campaigns.findings import Severity
from services.campaigns.models import Campaign

WORK: dict[str, Any] = {
    "title": "夜班后的课堂",
    "entrant": "江州第三纺织厂",
    "organisation_type": "企事业单位",
    "performers": ["罗桂枝"],
    "producer": "云栈区融媒体中心",
}
VIDEO = {"video": 1}


def found(campaign: Campaign, files: dict[str, int] | None = None, **changes: object) -> list[tuple[str, str]]:
    values = {name: value for name, value in {**WORK, **changes}.items() if value is not None}
    findings = judge_work(campaign, "stories", "district", values, VIDEO if files is None else files)
    assert all(finding.check in WORK_CHECKS and finding.severity is Severity.BLOCK for finding in findings)
    return [(finding.check, finding.message) for finding in findings]


def test_a_complete_work_is_clean(s0: Campaign) -> None:
    assert found(s0) == []


def test_step_15_the_producer_is_missing(s0: Campaign) -> None:
    assert found(s0, producer=None) == [("field_missing", "还缺1项：制作单位（片尾须明确，附件1 二（三））。")]
    assert found(s0, producer="  ") == found(s0, producer=None)


def test_step_15_three_performers_instead_of_one_narrator(s0: Campaign) -> None:
    assert found(s0, performers=["罗桂枝", "沈小满", "顾行舟"]) == []


def test_all_that_is_missing_in_one_sentence(s0: Campaign) -> None:
    findings = judge_work(s0, "stories", "district", {"entrant": "某厂", "organisation_type": "机关", "performers": []}, {})
    assert missing_sentence(findings) == (
        "还缺4项：作品名称（片头须明确，附件1 二（三））、主讲人或表演者（片头须明确，附件1 二（二））、"
        "制作单位（片尾须明确，附件1 二（三））、故事视频1个（附件1 二（一））。"
    )
    assert missing_sentence(()) is None


def test_a_draft_is_not_asked_for_what_is_missing(s0: Campaign) -> None:
    assert judge_work(s0, "stories", "district", {}, {}, draft=True) == ()
    long = judge_work(s0, "stories", "district", {"title": "长" * 41}, {}, draft=True)
    assert [finding.check for finding in long] == ["field_too_long"]


HIDDEN = "作品名称含有看不见的字符 {}，应只含可见文字（平台要求）。请删去后提交。"
OUTSIDE = "学习型组织的类型{}不在可选值之中：机关、企事业单位、社区、家庭（附件2）。请重新选择。"


@pytest.mark.parametrize(
    ("changes", "check", "message"),
    [
        ({"title": "长" * 41}, "field_too_long", "作品名称41字，应不超过40字（附件1 二（三））。请删减后提交。"),
        ({"title": 7}, "field_type", "作品名称应为文字（附件1 二（三））。请重新填写。"),
        ({"title": "夜班\u202e后"}, "field_hidden_character", HIDDEN.format("U+202E")),
        ({"title": "夜班\n后"}, "field_hidden_character", HIDDEN.format("U+000A")),
        ({"organisation_type": "学校"}, "field_option", OUTSIDE.format("“学校”")),
        ({"organisation_type": ["机关"]}, "field_option", OUTSIDE.format("所填内容")),
        ({"performers": "罗桂枝"}, "field_type", "主讲人或表演者应为若干项文字（附件1 二（二））。请重新填写。"),
        ({"performers": ["甲"] * 31}, "field_items", "主讲人或表演者31项，应为1—30项（附件1 二（二））。请修改后提交。"),
        ({"producr": "x"}, "field_unknown", "填报项“producr”不属于类别“故事作品”（平台要求）。请核对名称。"),
    ],
)  # fmt: skip
def test_a_field_other_than_asked(s0: Campaign, changes: dict[str, object], check: str, message: str) -> None:
    assert found(s0, **changes) == [(check, message)]


def test_the_last_character_allowed_is_allowed(s0: Campaign) -> None:
    assert found(s0, title="长" * 40) == []
    assert found(s0, performers=["甲"] * 30) == []


def test_lines_are_welcome_in_the_story(s0: Campaign) -> None:
    assert found(s0, story="第一段\n第二段") == []


@pytest.mark.parametrize(
    ("files", "check", "message"),
    [
        ({}, "slot_missing", "还缺1项：故事视频1个（附件1 二（一））。"),
        ({"video": 3}, "slot_too_many", "故事视频3个，应为1个（附件1 二（一））。请移出2个。"),
        ({"video": 1, "vidoe": 1}, "slot_unknown", "材料“vidoe”不属于类别“故事作品”（平台要求）。请核对名称。"),
    ],
)
def test_a_slot_other_than_asked(s0: Campaign, files: dict[str, int], check: str, message: str) -> None:
    assert found(s0, files) == [(check, message)]


def test_some_files_of_several_are_counted(s2: Campaign) -> None:
    values = {"name": "银龄课堂", "organisation": "江岚书院"}
    findings = judge_work(s2, "brands", "province", values, {"project-photos": 2})
    assert missing_sentence(findings) == "还缺1项：品牌项目照片3—5个，现有2个（三（二）2（2））。"


def test_an_id_number_is_never_shown_back(s2: Campaign) -> None:
    values = {"name": "温绣云", "organisation": "江岚书院", "id_number": "990101197001010019"}
    findings = judge_work(s2, "stars", "province", values, {"id-photo": 1, "photo": 1})
    assert [finding.check for finding in findings] == ["field_id_number"]
    assert "9901" not in findings[0].model_dump_json()


def test_an_unknown_track_is_refused(s0: Campaign) -> None:
    with pytest.raises(UnknownTrackError, match="有：stories"):
        judge_work(s0, "songs", "district", {}, {})


@given(
    st.dictionaries(
        st.text(max_size=8) | st.sampled_from(list(WORK)), st.none() | st.text() | st.integers() | st.lists(st.text())
    )
)
def test_no_input_breaks_it(s0: Campaign, values: dict[str, Any]) -> None:
    for finding in judge_work(s0, "stories", "district", values, {}):
        assert finding.message.endswith("。")
