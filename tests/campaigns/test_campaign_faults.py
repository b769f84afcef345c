"""Every kind of fault in a campaign file: its line, and plain words."""

from __future__ import annotations

import pytest
from campaign_files import CAMPAIGNS, S0_FILE, faults_of
from hypothesis import given, settings
from hypothesis import strategies as st

from services.campaigns.loader import Fault, FaultyFileError, UnknownChoiceError, load_campaign, load_units
from services.campaigns.loader.faults import MAX_FAULTS
from services.campaigns.loader.tree import MAX_BYTES
from services.campaigns.models import Campaign

# name: what stood in the file, what stands there now, what is said; the fault is on the line of the change
EDITS: dict[str, tuple[str, str, str]] = {
    "missing key": ("document_number: 沪学习促进办〔2024〕9号\n", "\n", "缺少“document_number”"),
    "unknown key": ("implementer: 上海市教育", "implementor: 上海市教育", "不认识“implementor”，是否想写“implementer”"),
    "unknown key of a rule": ("max_s: 8分钟", "max_ss: 8分钟", "不认识“max_ss”，是否想写“max_s”"),
    "unknown kind": ("kind: video_codec, codecs", "kind: video_codek, codecs", "“video_codek”不在可选值之中"),
    "missing kind": ("- kind: duration\n            min_s", "- min_s", "缺少“kind”"),
    "unknown choice": (
        "below_min: {by: may-recommend, warn: warn,",
        "below_min: {by: may-recommend, warn: wran,",
        "是否想写“warn”",
    ),
    "clause the notice lacks": (
        "T2, cite: 附件1 二（二）",
        "T2, cite: 附件1 二（二",
        "通知没有条款“附件1 二（二”，是否想写“附件1 二（二）”",
    ),
    "half-width clause": ("cite: 通知七（二）}", "cite: 通知七(二)}", "通知没有条款“通知七(二)”，是否想写“通知七（二）”"),
    "wrong unit of length": ("min_s: 5分钟", "min_s: 5MB", "“5MB”不是时长，请写成“5分钟”“8分12秒”或以秒计的数字"),
    "wrong unit of size": ("max_bytes: 1G", "max_bytes: 8分钟", "“8分钟”不是文件大小，请写成“1G”“5MB”或以字节计的整数"),
    "negative length": ("min_s: 10秒, cite: 平台要求}\n    prior", "min_s: -10, cite: 平台要求}\n    prior", "应大于0"),
    "upside-down range": ("min_s: 5分钟\n", "min_s: 9分钟\n", "min_s 大于 max_s"),
    "no such day": ("opens: 2024-07-10", "opens: 2024-07-32", "日历上没有2024年7月32日"),
    "no such hour": ("closes: 2024-09-20 24:00", "closes: 2024-09-20 25:00", "不是一天中的时刻"),
    "an end without an hour": ("closes: 2024-09-20 24:00", "closes: 2024-09-20", "含当日请写“2024-09-20 24:00”"),
    "an end that is no time": ("closes: 2024-09-20 24:00", "closes: 九月二十日", "不是北京时间，请写成“2024-09-30 24:00”"),
    "a number as time": ("closes: 2024-09-20 24:00", "closes: 20240920", "不是北京时间，请写成“2024-09-30 24:00”"),
    "no date": ("issued_on: 2024-07-03", "issued_on: 七月三日", "不是日期，请写成“2024-09-30”"),
    "closes before it opens": ("closes: 2024-09-20 24:00", "closes: 2024-07-01 24:00", "closes 应晚于 opens"),
    "overlapping stages": ("opens: 2024-09-23", "opens: 2024-09-20", "“推荐上报”与“初赛选拔”的时间重叠"),
    "unknown unit type": (
        "liaisons: {unit_types: [district]",
        "liaisons: {unit_types: [distrikt]",
        "没有单位类型“distrikt”，是否想写“district”",
    ),
    "unknown track": (
        "  - unit_type: member\n    track: stories",
        "  - unit_type: member\n    track: storys",
        "没有类别“storys”，是否想写“stories”",
    ),
    "unknown stage": ("stage: second-review\n", "stage: second-revue\n", "没有阶段“second-revue”，是否想写“second-review”"),
    "unknown column": (
        "source: field, field: entrant,",
        "source: field, field: entrent,",
        "没有填报项“entrent”，是否想写“entrant”",
    ),
    "unknown card field": (
        "words: 故事的名称, field: title",
        "words: 故事的名称, field: titel",
        "没有填报项“titel”，是否想写“title”",
    ),
    "unknown reading": ("reading: one-g", "reading: one-gb", "readings 中没有“one-gb”，是否想写“one-g”"),
    "unknown reading of a value": ("base: {by: one-g,", "base: {by: two-g,", "readings 中没有“two-g”，是否想写“one-g”"),
    "options that are not the reading's": (
        "base: {by: one-g, binary: binary, decimal: decimal}",
        "base: {by: one-g, binary: binary}",
        "读法“one-g”的选项是 binary、decimal，此处写的是 binary",
    ),
    "a default that is no option": ("default: binary", "default: octal", "default 应为 binary、decimal 之一"),
    "a bad value of another option": (
        "without-the-day: 2024-07-14 24:00}",
        "without-the-day: 2024-07-34 24:00}",
        "日历上没有2024年7月34日",
    ),
    "duplicate key": ("format: 1\n", "format: 1\nformat: 1\n", "“format”写了两次"),
    "duplicate id": ("{id: theme, label", "{id: truth, label", "“truth”写了两次"),
    "text expected": ("label: 初赛选拔", "label: 2024", "应为文字；数字或日期当文字用时请加引号"),
    "number expected": ("    max: 6", "    max: 六", "应为整数"),
    "negative number": ("    min: 5\n", "    min: -5\n", "应不小于0"),
    "fraction": ("    max: 6", "    max: 6.5", "应为整数"),
    "yes or no": ("ranked: false", "ranked: 也许", "应为 true 或 false"),
    "list expected": ("governs: [enter]", "governs: enter", "应为列表，每项以“- ”开头"),
    "unknown severity": ("{kind: audio_missing, cite", "{kind: audio_missing, severity: blok, cite", "是否想写“block”"),
    "mapping expected": (
        "repair: {decided_by: organiser, keeps_place: true, cite: 本活动约定}",
        "repair: 不补正",
        "应由“名称: 值”组成",
    ),
    "empty text": ("label: 初赛选拔", 'label: ""', "不能为空"),
    "id in capitals": ("id: s0-shanghai-2024-stories", "id: S0上海", "“S0上海”应由小写字母、数字和连字符组成"),
    "version of the language": ("format: 1", "format: 2", "“2”不在可选值之中：1"),
    "floors above the cap": ("at_least: 1", "at_least: 2", "各类至少合计8，多于名额上限6"),
    "floor over free text": ("field: organisation_type\n", "field: producer\n", "“producer”不是类别“stories”的选择项"),
    "more finalists than chosen": (
        "label: 入围决赛, count: 10",
        "label: 入围决赛, count: 40",
        "“入围决赛”40，多于“优秀作品”30",
    ),
    "a tier without a term": (
        "  - {tier: T3, until: 2024-12-31 24:00, words: 联系电话, cite: 本活动约定}",
        "",
        "未写明 T3 级数据保存多久",
    ),
    "nobody may submit": ("governs: [submit, list, lock]", "governs: [list, lock]", "没有阶段管理“submit”"),
    "two stages for one act": ("governs: [ballot]", "governs: [ballot, enter]", "“enter”由不止一个阶段管理"),
    "a photo rule for a film": (
        "{kind: audio_missing, cite",
        "{kind: photo_dpi, min_dpi: 300, read: tag, cite",
        "video 材料不能使用规则 photo_dpi",
    ),
    "a size without a bound": ("max_bytes: 1G", "written: 1G", "file_size 须写 min_bytes 或 max_bytes 之一"),
    "tab": ("  organiser: 上海市学习型社会", "\torganiser: 上海市学习型社会", "用了制表符缩进，请改用空格"),
    "direction mark": ("label: 初赛选拔", "label: 初赛\u202e选拔", "含有看不见的字符 U+202E，请删去"),
    "anchor": ("label: 初赛选拔", "label: &a 初赛选拔", "活动文件不使用锚点（&）和别名（*），请把内容写全"),
    "alias": ("label: 初赛选拔", "label: *a", "活动文件不使用别名"),
    "tag": ("label: 初赛选拔", "label: !!python/object:os.system x", "活动文件不使用标签"),
    "colon in plain text": ("label: 初赛选拔", "label: 初赛: 选拔", "此处不能有冒号"),
    "unknown symbol": ("label: 初赛选拔", "label: @初赛", "此处的字符不能开头"),
    "written by the platform": ("    default: binary", "    chosen: binary\n    default: binary", "chosen 由平台填写，请删去"),
    "copy_of by hand": ("format: 1", "copy_of: x\nformat: 1", "copy_of 由平台填写"),
    "as without extends": ("format: 1", "as: copy\nformat: 1", "as 须与 extends 一起写"),
}

# faults of a whole are told where the whole begins
WHOLES = {
    "missing key": "notice:",
    "upside-down range": "kind: duration",
    "closes before it opens": "id: preselection",
    "a default that is no option": "id: one-g",
    "a tier without a term": "retention:",
    "nobody may submit": "stages:",
    "two stages for one act": "stages:",
    "a photo rule for a film": "- id: video",
    "a size without a bound": "kind: file_size",
    "missing kind": "- min_s: 5分钟",
    "duplicate key": "format: 1\nid",
}


@pytest.mark.parametrize("name", EDITS)
def test_a_fault_is_told_with_its_line(s0_text: str, name: str) -> None:
    old, new, said = EDITS[name]
    assert old in s0_text
    edited = s0_text.replace(old, new, 1)
    where = edited.index(WHOLES[name]) if name in WHOLES else changed_at(s0_text, edited)
    faults = faults_of(edited)
    told = [fault for fault in faults if said in fault.message]
    assert told, [str(fault) for fault in faults]
    assert told[0].mark.file == "file.yaml"
    assert told[0].mark.line == edited.count("\n", 0, where) + 1, str(told[0])


def changed_at(before: str, after: str) -> int:
    return next(place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])


def test_all_faults_at_once(s0_text: str) -> None:
    edited = s0_text
    for name in ("unknown key", "clause the notice lacks", "no such day", "unknown column", "unknown reading", "fraction"):
        old, new, _ = EDITS[name]
        edited = edited.replace(old, new, 1)
    faults = faults_of(edited)
    assert len(faults) == 6, [str(fault) for fault in faults]
    assert list(faults) == sorted(faults)


def test_a_fault_names_file_line_column_and_path(s0_text: str) -> None:
    (fault,) = faults_of(s0_text.replace("    max: 6", "    max: six"))
    line = s0_text.count("\n", 0, s0_text.index("    max: 6")) + 1
    assert str(fault) == f"file.yaml:{line}:5 quotas.1.max：应为整数"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "文件是空的"),
        (b"\xef\xbb\xbf \n", "文件是空的"),
        (b"# nothing\n", "文件是空的"),
        (b"[" * 1000, "括号嵌套过深"),
        (b"- " * 3000 + b"x", "嵌套过深"),
        (b"- a\n- b\n", "文件应由“名称: 值”组成"),
        ("活动：一\n".encode(), "文件应由“名称: 值”组成"),
        (b"x" * (MAX_BYTES + 1), "应在131,072字节以内"),
        ("id: 活动".encode("gbk"), "文件不是UTF-8编码，请另存为UTF-8"),
        ("id: 活动".encode("utf-16"), "文件不是UTF-8编码，请另存为UTF-8"),
        (b"id: a\x00b\n", "含有看不见的字符 U+0000"),
        (b"id: a\n---\nid: b\n", "一个文件只写一个活动"),
        (b'id: "a\n', "引号没有配对"),
        (b"id: a\n   b: c\n", "此处不能有冒号"),
        (b"? [a]\n: b\n", "名称应为文字"),
        (b"<<: {a: 1}\n", "名称应为文字"),
        (b"a: &a [*a]\n", "活动文件不使用锚点"),
        (b"{}", "缺少“id”"),
        (b'{"id": 1', "不是可读的JSON"),
        (b'{"id": "a", "id": "b"}', "“id”写了两次"),
        (b'{"id": NaN}', "NaN 不是数字"),
        (b'{"a":' * 100_000, "不是可读的JSON"),
    ],
)
def test_a_file_of_another_form(source: bytes, said: str) -> None:
    faults = faults_of(source)
    assert any(said in fault.message for fault in faults), [str(fault) for fault in faults]


def test_the_line_of_another_encoding() -> None:
    (fault,) = faults_of(b"format: 1\nid: a\n" + "title: 活动".encode("gbk"))
    assert (fault.mark.line, fault.mark.column) == (3, 8)


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    faults = faults_of("\n".join(lines))
    assert len(faults) == 60
    assert all("锚点" in fault.message for fault in faults)


def test_very_many_faults_are_told_up_to_a_limit(s0_text: str) -> None:
    strangers = "".join(f"  - {{id: x{number}, cite: 附件九}}\n" for number in range(500))
    faults = faults_of(s0_text.replace("awards:\n", "awards:\n" + strangers))
    assert len(faults) == MAX_FAULTS + 1
    assert faults[-1].message.startswith("另有")


def test_more_readings_than_a_person_can_confirm(s0_text: str) -> None:
    reading = "  - {{id: r{}, question: 问, cite: 附件2, default: a, options: [{{id: a, words: 甲}}, {{id: b, words: 乙}}]}}\n"
    many = "".join(reading.format(number) for number in range(500))
    (fault,) = faults_of(s0_text.replace("readings:\n", "readings:\n" + many))
    assert fault.message == "读法506处，最多60处"


def test_windows_line_ends_and_a_byte_order_mark_are_read(s0: Campaign, s0_text: str) -> None:
    source = b"\xef\xbb\xbf" + s0_text.replace("\n", "\r\n").encode()
    assert load_campaign(source, "s0.yaml") == s0


COPY = "extends: base\nas: copy\nid: copy\nrehearsal: true\n"


SCRAPS = [
    "null",
    "-1",
    "[]",
    "{}",
    '""',
    "x",
    "[[x]]",
    "{by: one-g}",
    "2024-02-30 24:00",
    ".nan",
    "1e999",
    "*a",
    "|",
    "'",
    "附件9",
]


@given(st.integers(0, 10_000), st.sampled_from(SCRAPS), st.booleans())
@settings(max_examples=30, deadline=None)
def test_no_file_breaks_the_loader(s0_text: str, place: int, scrap: str, whole: bool) -> None:
    lines = s0_text.split("\n")
    number = place % len(lines)
    head = lines[number].split(":", 1)[0] if whole else lines[number].rsplit(":", 1)[0]
    lines[number] = f"{head}: {scrap}"
    for fault in faults_if_any("\n".join(lines)):
        assert fault.mark.line
        assert not any(unworded in fault.message for unworded in ("不合要求", "chosen", "resolves"))


def faults_if_any(text: str) -> tuple[Fault, ...]:
    try:
        load_campaign(text.encode(), "file.yaml")
    except FaultyFileError as faulty:
        return faulty.faults
    return ()


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (COPY.replace("base", "other"), 1, "找不到活动“other”的文件"),
        (COPY.replace("as: copy\n", ""), 1, "请写 as: copy"),
        (COPY.replace("as: copy", "as: relay"), 2, "请写 as: copy"),
        (COPY.replace("rehearsal: true", "rehearsal: false"), 4, "副本只能用于试运行"),
        (COPY.replace("rehearsal: true\n", ""), 1, "副本只能用于试运行"),
        (COPY.replace("id: copy", "id: base"), 3, "副本须有自己的 id"),
        (COPY + "titel: x\n", 5, "不认识“titel”，是否想写“title”"),
        (COPY + "quotas: [{unit_type: district, track: stories, max: -1}]\n", 5, "应大于0"),
    ],
)
def test_a_copy_that_does_not_stand(text: str, line: int, said: str) -> None:
    faults = faults_of(text, {"base": S0_FILE.read_bytes()})
    (fault,) = [each for each in faults if said in each.message]
    assert (fault.mark.file, fault.mark.line) == ("file.yaml", line)


def test_a_copy_of_a_copy_is_refused() -> None:
    (fault,) = faults_of(COPY, {"base": (CAMPAIGNS / "s0-rehearsal.yaml").read_bytes()})
    assert "只能沿用一层" in fault.message


def test_a_fault_of_the_base_is_told_in_the_base(s0_text: str) -> None:
    (fault,) = faults_of(COPY, {"base": s0_text.replace("    max: 6", "    max: six").encode()})
    assert fault.mark.file == "base.yaml"


def test_a_choice_that_is_not_offered(s0_text: str) -> None:
    with pytest.raises(UnknownChoiceError, match="没有读法“one-gb”，是否想写“one-g”"):
        load_campaign(s0_text.encode(), "s0.yaml", choices={"one-gb": "binary"})
    with pytest.raises(UnknownChoiceError, match="可选：binary、decimal"):
        load_campaign(s0_text.encode(), "s0.yaml", choices={"one-g": "octal"})


UNITS = (CAMPAIGNS / "units" / "jiangzhou.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: shiqiao", "id: yunzhan", "“yunzhan”写了两次"),
        ("name: 石桥区", "name: 云栈区", "“云栈区”已是单位“yunzhan”的名称"),
        ("aliases: [石桥区学习办]", "aliases: [云栈区]", "“云栈区”已是单位“yunzhan”的名称"),
        ("name: 石桥区, type: district", "name: 石桥区, type: distrikt", "没有单位类型“distrikt”，是否想写“district”"),
        (
            'name: 石桥区, type: district, region_code: "990102"',
            "name: 石桥区, type: district, region_code: 990102",
            "应为文字",
        ),
        ("host:\n", "hosts:\n", "不认识“hosts”，是否想写“host”"),
    ],
)
def test_units_that_do_not_stand(s0: Campaign, old: str, new: str, said: str) -> None:
    edited = UNITS.replace(old, new, 1)
    with pytest.raises(FaultyFileError) as raised:
        load_units(edited.encode(), "units.yaml", campaign=s0)
    told = [fault for fault in raised.value.faults if said in fault.message]
    assert told, str(raised.value)
    assert told[0].mark.line == edited.count("\n", 0, changed_at(UNITS, edited)) + 1


def test_the_invented_city(s0: Campaign) -> None:
    units = load_units(UNITS.encode(), "units.yaml", campaign=s0)
    kinds = [unit.type for unit in units.units]
    assert (kinds.count("district"), kinds.count("member")) == (16, 4)
    assert units.host.name.startswith("江州市")


def test_a_compared_field_that_the_track_lacks_is_named(s0_text: str) -> None:
    wrong = s0_text.replace("story: story}", "story: retelling}")
    with pytest.raises(FaultyFileError) as faulty:
        load_campaign(wrong.encode(), "s0.yaml")
    assert any("retelling" in fault.message and fault.path == "tracks.1.compared.story" for fault in faulty.value.faults)
