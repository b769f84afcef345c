"""The offline commands: answers, exit codes, JSON."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from campaign_files import CAMPAIGNS, S0_FILE

from services.campaigns.example import WORK_SHAPE, example_work
from services.campaigns.files import read_campaign
from services.campaigns.models import Campaign
from services.campaigns.normal import campaign_hash

Laurel = Callable[..., Any]
UNITS_FILE = CAMPAIGNS / "units" / "jiangzhou.yaml"


def test_validate_tells_notes_and_questions(laurel: Laurel) -> None:
    answer = laurel("validate", S0_FILE, "--units", UNITS_FILE)
    assert answer.code == 1
    lines = answer.out.splitlines()
    assert lines[lines.index("请注意") + 1] == "  · 阶段之间有空档：9月21日—22日、10月19日—20日，空档期可否修改材料，请确认。"
    assert lines[-1] == "还有6处读法未确认，暂不能发布。"
    assert "江州市学习型社会建设与终身教育促进委员会办公室，20个单位" in answer.out


def test_validate_as_json(laurel: Laurel, s0: Campaign) -> None:
    answer = laurel("validate", S0_FILE, "--json")
    told = json.loads(answer.out)
    assert (told["verdict"], told["campaign_hash"]) == ("ask", campaign_hash(s0))
    assert {found["check"] for found in told["findings"]} >= {"stage_gap", "stage_holiday", "reading_open"}


def test_a_faulty_file_ends_with_3_and_its_lines(laurel: Laurel, tmp_path: Path, s0_text: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(s0_text.replace("    max: 6", "    max: six"), encoding="utf-8")
    answer = laurel("validate", file)
    assert (answer.code, answer.out) == (3, "")
    assert "broken.yaml:" in answer.err
    assert "quotas.1.max：应为整数" in answer.err
    told = json.loads(laurel("validate", file, "--json").out)
    assert told["verdict"] == "unjudged"
    assert told["faults"][0]["line"] == s0_text.count("\n", 0, s0_text.index("    max: 6")) + 1


def test_faulty_units_end_with_3(laurel: Laurel, tmp_path: Path) -> None:
    file = tmp_path / "units.yaml"
    file.write_text(UNITS_FILE.read_text(encoding="utf-8").replace("type: member", "type: guest"), encoding="utf-8")
    answer = laurel("validate", S0_FILE, "--units", file)
    assert answer.code == 3
    assert answer.err.count("没有单位类型“guest”") == 4


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("validate",),
        ("validat", S0_FILE),
        ("validate", S0_FILE, "--jsno"),
        ("explain", S0_FILE, "--reading", "one-g"),
        ("export", S0_FILE, "--reading", "one-g=octal"),
        ("judge", "work.json"),
    ],
)
def test_usage_ends_with_64_and_says_why(laurel: Laurel, arguments: tuple[str | Path, ...]) -> None:
    answer = laurel(*arguments)
    assert answer.code == 64
    assert answer.out.strip() + answer.err.strip()


def test_explain_reads_the_campaign_back(laurel: Laurel) -> None:
    answer = laurel("explain", S0_FILE)
    assert answer.code == 0
    for line in (
        "区：故事作品5—6件，达到上限后不能再列入；低于下限须填写特殊情况说明后锁定（通知五（二））",
        "区：每一类学习型组织至少有1件（经主办单位同意可不报某一类）（附件1 一（二））",
        "时长：应为5—8分钟（须修改）（附件1 二（一））",
        "推荐上报：2024年9月23日00:00—9月30日24:00，其间可提交、列入、锁定（通知五（二））",
        "各列：序号、申报单位（含社区或家庭）名称、学习型组织的类型、作品名称",
        "每件由3名专家评分，不评本单位作品（本活动约定）",
        "入围决赛：10件（通知五（三））",
        "按：1G按1,073,741,824字节（未确认）。另可选：1G按1,000,000,000字节（附件1 二（四））",
    ):
        assert line in answer.out


def test_explain_under_another_reading(laurel: Laurel) -> None:
    answer = laurel("explain", S0_FILE, "--reading", "may-recommend=block", "--json")
    sections = {section["title"]: section["lines"] for section in json.loads(answer.out)["sections"]}
    assert sections["推荐名额"][0]["text"].endswith("低于下限不能锁定")
    assert sections["推荐名额"][0]["cite"] == "通知五（二）"


def test_a_rehearsal_says_so(laurel: Laurel) -> None:
    assert laurel("explain", CAMPAIGNS / "s0-rehearsal.yaml").out.splitlines()[0].endswith("（试运行，不作为正式材料）")


def test_an_export_is_the_normalised_campaign(laurel: Laurel, tmp_path: Path, s0: Campaign) -> None:
    answer = laurel("export", S0_FILE)
    assert hashlib.sha256(answer.out.encode()).hexdigest() == campaign_hash(s0)
    file = tmp_path / "export.json"
    file.write_text(answer.out, encoding="utf-8")
    assert json.loads(laurel("validate", file, "--json").out)["campaign_hash"] == campaign_hash(s0)
    decimal = laurel("export", S0_FILE, "--reading", "one-g=decimal").out
    assert '"max_bytes":1000000000' in decimal


WORK = {
    "unit_type": "district",
    "fields": {
        "title": "灯下三代人",
        "entrant": "罗桂枝家庭",
        "organisation_type": "family",
        "performers": ["罗桂枝", "罗小满"],
        "producer": "云栈区融媒体中心",
    },
    "slots": {"video": ["story.mp4"]},
}


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({}, 0, "未发现须修改的内容"),
        ({"slots": {"video": 1}}, 0, "未发现须修改的内容"),
        ({"fields": {**WORK["fields"], "producer": ""}}, 2, "还缺1项：制作单位（片尾须明确，附件1 二（三））。"),  # type: ignore[dict-item]
        ({"unit_type": "school"}, 2, "没有给单位类型“school”分配“故事作品”的推荐名额"),
        ({"filds": {}}, 3, "不认识“filds”，是否想写“fields”"),
        ({"slots": {"video": -1}}, 3, "应不小于0"),
        ({"track": "songs"}, 64, "本活动没有类别“songs”"),
    ],
)
def test_judge_a_work(laurel: Laurel, tmp_path: Path, change: dict[str, Any], code: int, said: str) -> None:
    file = tmp_path / "work.json"
    file.write_text(json.dumps({**WORK, **change}, ensure_ascii=False), encoding="utf-8")
    answer = laurel("judge", "--campaign", S0_FILE, file)
    assert answer.code == code
    assert said in answer.out + answer.err


def test_judge_several_works_as_json_lines_and_end_with_the_worst(laurel: Laurel, tmp_path: Path, s0: Campaign) -> None:
    files = []
    for name, change in (("a", {}), ("b", {"slots": {}})):
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps({**WORK, **change}), encoding="utf-8")
    answer = laurel("judge", "--campaign", S0_FILE, *files, "--json")
    told = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 2
    assert [each["verdict"] for each in told] == ["clean", "block"]
    assert {each["campaign_hash"] for each in told} == {campaign_hash(s0)}
    assert told[1]["findings"][0]["check"] == "slot_missing"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"unit_type": "a", "unit_type": "b"}', b"null"])
def test_judge_what_is_no_work(laurel: Laurel, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "work.json"
    file.write_bytes(content)
    answer = laurel("judge", "--campaign", S0_FILE, file, "--json")
    assert answer.code == 3
    assert json.loads(answer.out)["faults"]


@pytest.mark.parametrize(
    ("work", "said"),
    [
        ({"unit_type": "district", "fields": ["a"]}, "fields：应由“名称: 值”组成"),
        ({"unit_type": "district", "slots": []}, "slots：应由“名称: 值”组成"),
        (
            {"unit_type": "district", "fields": {"title": {"a": 1}}},
            "fields.title：应为文字、数字、true或false，或由文字组成的列表",
        ),
        (
            {"unit_type": "district", "slots": {"video": "a.mp4"}},
            "slots.video：应为文件的个数（整数，应不小于0），或由文件名组成的列表",
        ),
        ([], "应由“名称: 值”组成"),
        ({"title": "灯下三代人"}, "缺少“unit_type”"),
    ],
)
def test_a_work_of_another_shape_is_told_once_a_place_beside_an_example(
    laurel: Laurel, tmp_path: Path, work: object, said: str
) -> None:
    file = tmp_path / "work.json"
    file.write_text(json.dumps(work), encoding="utf-8")
    answer = laurel("judge", "--campaign", S0_FILE, file)
    assert answer.code == 3
    told, example = answer.err.split("可以这样写：")
    assert said in told
    assert "不合要求" not in told
    assert told.count("work.json:1:1") == told.count("\n") - 1 <= 2
    file.write_text(example, encoding="utf-8")
    again = laurel("judge", "--campaign", S0_FILE, file)
    assert (again.code, again.out.splitlines()) == (0, [f"{file}：未发现须修改的内容"])


@pytest.mark.parametrize("name", ["s0-shanghai-2024-stories", "s0-rehearsal", "jiangzhou-2025", "test-s2-photos"])
def test_the_example_of_every_campaign_is_a_work_that_passes(laurel: Laurel, tmp_path: Path, name: str) -> None:
    campaign = read_campaign(CAMPAIGNS / f"{name}.yaml")
    file = tmp_path / "work.json"
    file.write_text(example_work(campaign), encoding="utf-8")
    answer = laurel("judge", "--campaign", CAMPAIGNS / f"{name}.yaml", file)
    assert "须修改" not in answer.out.replace("未发现须修改的内容", ""), answer.out


def test_help_and_manual_show_a_work_that_can_be_read(laurel: Laurel, tmp_path: Path) -> None:
    shown = " ".join(laurel("judge", "--help").out.split())
    assert '"unit_type": "district"' in shown
    manual = (CAMPAIGNS.parent / "docs" / "campaigns.md").read_text(encoding="utf-8")
    file = tmp_path / "work.json"
    file.write_text(manual.split("`WORK.json`：")[1].split("```json")[1].split("```")[0], encoding="utf-8")
    assert laurel("judge", "--campaign", S0_FILE, file).code == 0
    file.write_text(WORK_SHAPE, encoding="utf-8")
    assert laurel("judge", "--campaign", S0_FILE, file).code == 0


def test_a_kind_of_unit_by_another_word_is_told_beside_those_there_are(laurel: Laurel, tmp_path: Path) -> None:
    file = tmp_path / "work.json"
    file.write_text(json.dumps({**WORK, "unit_type": "区"}, ensure_ascii=False), encoding="utf-8")
    answer = laurel("judge", "--campaign", S0_FILE, file)
    assert answer.code == 2
    assert answer.out.splitlines()[-1] == "unit_type 写的是“区”，可写：district（区）、member（成员单位）"


def test_a_name_with_control_characters_is_shown_escaped(laurel: Laurel) -> None:
    answer = laurel("validate", "a\n\u202eb.yaml")
    assert answer.code == 3
    assert "a\\u000a\\u202eb.yaml" in answer.err


def test_what_is_heavy_is_imported_only_where_it_is_used() -> None:
    code = (
        "import sys, services.campaigns.evaluation.works, services.campaigns.loader, services.campaigns.normal,"
        " services.campaigns.calendars, services.campaigns.evaluation.publication;"
        "print([name for name in ('ruamel', 'rfc8785', 'chinese_calendar', 'stdnum', 'cv2', 'PIL') if name in sys.modules])"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == "[]"
