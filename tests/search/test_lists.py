"""Lists as offices keep them, and as nobody should."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from services.kernel.keys import Keys
from services.search.domain.columns import ALIASES, Column, recognise
from services.search.domain.entries import Birth, Outcome, Place, Subject
from services.search.tools.faults import FaultyFile
from services.search.tools.lists import ListRead, read_list
from services.search.tools.register_rows import Defaults

VALID = "11010519491231002X"
STAR = Defaults(honour="全国百姓学习之星", year=2019)
Read = Callable[..., ListRead]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.open(tmp_path_factory.mktemp("keys"), make=True)


@pytest.fixture
def read(keys: Keys) -> Read:
    def reading(data: bytes | str, defaults: Defaults = STAR) -> ListRead:
        return read_list(data.encode() if isinstance(data, str) else data, "名录", defaults, keys, 2024)

    return reading


def xlsx(*sheets: tuple[str, list[list[Any]]], merged: dict[str, list[str]] | None = None) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for area in (merged or {}).get(name, []):
            sheet.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def missed(found: ListRead) -> list[tuple[int, int, str]]:
    return [(row.row, row.line, row.reason) for row in found.report.not_taken]


# As offices keep them


def test_a_list_with_merged_heads_a_title_and_remarks(read: Read) -> None:
    rows = [
        ["2017年全国“百姓学习之星”名单", None, None, None, None, None],
        ["序号", "姓名", "所在地", None, "工作单位\n（全称）", "备注"],
        [None, None, "省", "市", None, None],
        [1, "阿依努尔•赛麦提", "江岚省", "江州市", "江州水文局", None],
        [2, None, "江岚省", "江州市", "石桥区文化馆", None],
        [None, None, None, None, None, None],
        ["序号", "姓名", "省", "市", "工作单位", "备注"],
        [3, "白鹤亭", None, "白鹭市", "白鹭港", "2018年补报"],
        ["备注：以上名单以公布文件为准。", None, None, None, None, None],
    ]
    merged = {"星": ["A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "F2:F3", "C4:C5", "A9:F9"]}
    found = read(xlsx(("星", rows), merged=merged), Defaults(honour="全国百姓学习之星"))
    assert [(record.entry.name, record.year, record.level) for _, record in found.records] == [
        ("阿依努尔•赛麦提", 2017, "national"),
        ("白鹤亭", 2017, "national"),
    ]
    assert found.records[0][1].entry.place == Place("江岚省", "江州市")
    assert found.records[0][1].entry.organisation == "江州水文局"
    assert missed(found) == [(2, 5, "没有姓名"), (3, 7, "重复的表头"), (5, 9, "说明行")]
    assert found.report.rows_read == 5
    assert found.report.sentence == "读取5行，收录2行，3行未收录（没有姓名1、重复的表头1、说明行1）。"
    assert "第4行" in found.records[0][1].source


def test_several_sheets_count_their_rows_through(read: Read) -> None:
    data = xlsx(
        ("2018", [["2018年名单"], ["姓名", "级别"], ["甲一", "省级"], ["乙二", "市级"]]),
        ("说明", [["本表由学习办汇总"]]),
        ("2019年", [["姓名", "级别"], ["丙三", "全国"]]),
    )
    found = read(data, Defaults(honour="百姓学习之星"))
    assert [(row.row, row.sheet, row.line, record.year, record.level) for row, record in found.records] == [
        (1, "2018", 3, 2018, "province"),
        (2, "2018", 4, 2018, "city"),
        (3, "2019年", 2, 2019, "national"),
    ]
    assert [(sheet.sheet, sheet.head_line) for sheet in found.report.sheets] == [("2018", 2), ("说明", None), ("2019年", 1)]


def test_wrong_years_are_named(read: Read) -> None:
    rows = "姓名,年份\n甲,2019年\n乙,二〇一八年度\n丙,2109\n丁,19年\n戊,2018-2019\n己,２０１７\n庚,2024-05-01\n"
    found = read(rows, Defaults(honour="全国百姓学习之星"))
    assert [record.year for _, record in found.records] == [2019, 2018, 2017, 2024]
    assert [reason for _, _, reason in missed(found)] == ["年份不明：2109", "年份不明：19年", "年份不明：2018-2019"]


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("姓名", Subject.PERSON),
        ("项目名称", Subject.PROJECT),
        ("终身学习品牌项目", Subject.PROJECT),
        ("作品名称", Subject.WORK),
        ("故事名称", Subject.WORK),
        ("获奖单位", None),
        ("单位名称", Subject.ORGANISATION),
        ("name", Subject.PERSON),
        ("Project_Name", Subject.PROJECT),
        ("work title", Subject.WORK),
    ],
)
def test_the_naming_column_says_what_is_listed(read: Read, line: str, subject: Subject | None) -> None:
    data = f"{line},级别\n云栈区社区学院,市级\n"
    if subject is None:
        with pytest.raises(FaultyFile, match="没有找到表头"):
            read(data)
    else:
        assert read(data).records[0][1].entry.subject is subject


def test_a_row_without_its_name_is_no_organisation(read: Read) -> None:
    assert missed(read("姓名,单位\n,水文局\n甲,园林局\n")) == [(1, 2, "没有姓名")]
    assert missed(read('{"单位": "水文局"}\n{"姓名": "甲"}')) == [(1, 1, "没有姓名")]


def test_what_columns_hold_is_read(read: Read) -> None:
    line = {
        "external_id": "A-1", "person": "宋禾生", "id_number": f" {VALID.lower()}", "birth": "1990.2",
        "organisation": "江州水文局", "province": "江岚省", "city": "江州市", "district": "云栈区",
        "title": "百姓学习之星", "level": "全国", "year": 2019, "outcome": "提名", "phone": "13900000000", "favourite": "x",
    }  # fmt: skip
    found = read(json.dumps(line, ensure_ascii=False))
    _, record = found.records[0]
    assert record.external_id == "A-1"
    assert record.entry.birth == Birth(1949, 12)
    assert record.entry.id_digest is not None
    assert record.entry.id_digest.last4 == "002X"
    assert record.entry.place == Place("江岚省", "江州市", "云栈区")
    assert (record.honour, record.level, record.year, record.outcome) == ("百姓学习之星", "national", 2019, Outcome.NOMINEE)
    assert found.report.sheets[0].unread == ("favourite",)
    assert VALID not in repr(record)
    assert "13900000000" not in repr(record)


def test_a_number_is_the_same_in_every_writing(read: Read) -> None:
    written = [
        VALID,
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "'11010519491231002X",
        "110105 19491231 002X",
        "110105491231002",
    ]
    found = read("姓名,证件号\n" + "\n".join(f"甲{at},{number}" for at, number in enumerate(written)))
    assert len({record.entry.id_digest for _, record in found.records}) == 1


@pytest.mark.parametrize("number", ["110105194912310021", "110105194902300028", "无", "111111111111111111", "1.10105E+17"])
def test_a_number_that_is_none_is_set_aside_and_said_so(read: Read, number: str) -> None:
    found = read(f"姓名,证件号\n甲,{number}\n")
    assert found.records[0][1].entry.id_digest is None
    assert found.report.set_aside[0].reason.startswith("证件号不是有效的身份证号")
    assert number not in found.report.set_aside[0].reason


def test_a_number_kept_as_a_number_has_lost_its_end(read: Read) -> None:
    found = read(xlsx(("s", [["姓名", "身份证号"], ["甲", 110105194912310020]])))
    assert found.records[0][1].entry.id_digest is None
    assert found.report.set_aside[0].reason.startswith("证件号以数字格式保存，末几位已丢失")


def test_formulas_are_text(read: Read) -> None:
    found = read(xlsx(("s", [["姓名", "单位"], ['=HYPERLINK("http://x","甲")', "=1+1"], ["+乙", "-1"]])))
    assert [record.entry.name for _, record in found.records] == ['=HYPERLINK("http://x","甲")', "+乙"]
    assert found.records[0][1].entry.organisation == "=1+1"


def test_what_no_reader_sees_is_left_out(read: Read) -> None:
    lines = [
        '{"\\u200b姓名": "\\u202e宋\\u200b禾\\u0000生\\ud800", "单位": "水文局\\u2028二处"}',
        '{"姓名": "\\u202e\\u200b"}',
        '{"姓名": "？！"}',
    ]
    found = read("\n".join(lines))
    assert [record.entry.name for _, record in found.records] == ["宋禾 生\N{REPLACEMENT CHARACTER}"]
    assert missed(found) == [(2, 2, "没有姓名"), (3, 3, "没有可比对的文字：？！")]


def test_a_name_in_characters_newer_than_this_python_is_kept(read: Read) -> None:
    rare = "沈\U0002ebf0"  # CJK extension I, Unicode 15.1
    assert [record.entry.name for _, record in read(f"姓名,单位\n{rare},江州学院\n").records] == [rare]


def test_a_broken_cell_is_named(read: Read) -> None:
    found = read(xlsx(("s", [["姓名", "单位"], ["#REF!", "甲"], ["乙", "#N/A"]])))
    assert [reason for _, _, reason in missed(found)] == ["单元格为“#REF!”，请在表格中改正", "单元格为“#N/A”，请在表格中改正"]


def test_the_same_row_twice_is_taken_once(read: Read) -> None:
    found = read("姓名,单位\n甲,水文局\n“甲”,水 文局\n甲,园林局\n")
    assert [row.row for row, _ in found.records] == [1, 3]
    assert missed(found) == [(2, 3, "与前面的行相同：第1行")]


def test_two_columns_of_one_meaning_are_doubted(read: Read) -> None:
    with pytest.raises(FaultyFile, match="第2列“单位”与第3列“工作单位”含义相同，请只保留一列"):
        read("姓名,单位,工作单位\n甲,a,b\n")
    assert read(xlsx(("s", [["姓名", "单位", None], ["甲", "a", None]]), merged={"s": ["B1:C1"]})).records


def test_a_level_may_stand_in_the_title(read: Read) -> None:
    found = read(
        "姓名,称号,级别\n甲,全国百姓学习之星,\n乙,市级百姓学习之星,\n丙,百姓学习之星,\n丁,百姓学习之星,局级\n",
        Defaults(year=2019),
    )
    assert [record.level for _, record in found.records] == ["national", "city"]
    assert [reason for _, _, reason in missed(found)] == ["级别不明", "级别不明：局级"]


def test_without_a_title_a_row_is_not_taken(read: Read) -> None:
    assert missed(read("姓名\n甲\n", Defaults(year=2019, level="city"))) == [(1, 2, "称号不明")]


# Encodings and kinds of file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_in_every_writing(read: Read, encoding: str, delimiter: str, newline: str) -> None:
    text = newline.join([delimiter.join(["姓名", "单位"]), delimiter.join(["宋禾生", '"水文局\n二处"']), ""])
    _, record = read(text.encode(encoding)).records[0]
    assert (record.entry.name, record.entry.organisation) == ("宋禾生", "水文局\n二处")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "文件是空的"),
        (b" \n\t", "文件是空的"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "旧版Excel"),
        (b"\x89PNG\r\n\x1a\n\0\0", "含有空字符"),
        ("姓名\n甲".encode("utf-16-le"), "含有空字符"),
        ("姓名\n甲\n".encode() + b"\xff\xff\n", "第3行不是UTF-8"),
        ("姓名\n“甲\n".encode("cp1252", "ignore") + b"\x81", "编码无法识别"),
        ('姓名,单位\n"甲,水文局\n乙,园林局\n'.encode(), "第2行不是完整的csv：引号没有成对"),
        (("姓名,单位\n甲," + "水" * 200_000 + "\n").encode(), "第2行有一格超过131,072字"),
        (("姓名" + "," * 1_000_000 + "\n甲").encode(), "第1行有1,000,001列，至多256列"),
        ("你好,世界\n1,2\n".encode(), "没有找到表头"),
        (b'[{"name": "x"}]', "JSON数组"),
        (b"PK\x03\x04 not a zip", "不是完整的.xlsx"),
    ],
)
def test_a_file_that_is_no_list_is_told_why(read: Read, data: bytes, words: str) -> None:
    with pytest.raises(FaultyFile, match=words):
        read(data)


def test_each_line_of_jsonl_is_taken_or_named(read: Read) -> None:
    lines = [
        '{"姓名": "甲"}',
        "",
        '{"姓名": "乙"',
        '["丙"]',
        '{"姓名": ["丁"]}',
        '{"姓名": "戊", "姓名": "己"}',
        '{"姓名": "庚", "person": "辛"}',
        '{"年份": NaN, "姓名": "壬"}',
        "[" * 100_000,
        '{"单位": null, "姓名": 12}',
        "{}",
    ]
    found = read("\n".join(lines))
    assert [record.entry.name for _, record in found.records] == ["甲", "12"]
    assert [(row, line) for row, line, _ in missed(found)] == [(2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9), (10, 11)]
    assert missed(found)[2][2] == "“姓名”的值应为文字或数字"
    assert missed(found)[3][2] == "“姓名”与另一项含义相同，请只保留一项"


# Hostile workbooks


def rezip(data: bytes, change: dict[str, bytes | None]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            kept = change.get(name, old.read(name))
            if kept is not None:
                new.writestr(name, kept)
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name] or b"")
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def cells(*refs: str) -> bytes:
    made = b"".join(b'<c r="%s" t="inlineStr"><is><t>x</t></is></c>' % ref.encode() for ref in refs)
    return HEAD + b'<row r="1">' + made + b"</row></sheetData></worksheet>"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"xl/media/bomb.bin": b"\0" * (170 * 1024 * 1024)}, "解压后"),
        ({f"xl/p{number}.xml": b"" for number in range(2100)}, "个部件"),
        ({"xl/workbook.xml": None}, "这不是.xlsx工作簿"),
        ({SHEET: b"<worksheet"}, "不是完整的.xlsx|没有找到表头"),
        ({SHEET: cells("A1", "XFD1")}, "列，至多256列"),
        ({SHEET: cells("A1", "BDWGN1")}, "不是完整的.xlsx|列，至多256列"),
        (
            {SHEET: HEAD + b'<row r="999999999"><c r="A999999999"><v>1</v></c></row></sheetData></worksheet>'},
            "超过300,000行|单元格超过",
        ),
        ({SHEET: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + cells("A1")}, "XML实体声明"),
        ({"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><workbook/>'}, "XML实体声明"),
        (
            {"xl/sharedStrings.xml": b'<!DOCTYPE x [<!ENTITY a "a">]><sst>&a;</sst>', "[Content_Types].xml": b"<x/>"},
            "不是完整的",
        ),
        (
            {
                SHEET: cells("A1").replace(
                    b"</worksheet>", b"<mergeCells>" + b'<mergeCell ref="A1:B2"/>' * 60_000 + b"</mergeCells></worksheet>"
                )
            },
            "合并单元格",
        ),
    ],
)
def test_a_hostile_workbook_is_refused_with_its_reason(read: Read, change: dict[str, bytes | None], words: str) -> None:
    with pytest.raises(FaultyFile, match=words):
        read(rezip(xlsx(("s", [["姓名"], ["甲"]])), change))


def test_a_workbook_said_to_be_huge_is_read_as_it_is(read: Read) -> None:
    data = xlsx(("s", [["姓名"], ["甲"]]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read(SHEET).replace(b'ref="A1:A2"', b'ref="A1:XFD1048576"')
    assert len(read(rezip(data, {SHEET: sheet})).records) == 1


def test_a_merge_over_the_whole_sheet_fills_only_rows_that_are_there(read: Read) -> None:
    data = xlsx(("s", [["名单"], ["姓名", "年份"], ["甲", 2018], ["乙"]]), merged={"s": ["A1:B1"]})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        merges = b'<mergeCell ref="A1:XFD1"/><mergeCell ref="B3:B1048576"/>'
        sheet = archive.read(SHEET).replace(b'<mergeCell ref="A1:B1" />', merges)
        assert merges in sheet
    assert [record.year for _, record in read(rezip(data, {SHEET: sheet})).records] == [2018, 2018]


# The document


def test_every_alias_stands_in_the_document_and_means_one_thing() -> None:
    text = (Path(__file__).parents[2] / "docs" / "register.md").read_text()
    rows = dict(line.strip("| \n").split(" | ", 1) for line in text.splitlines() if line.startswith("| `"))
    assert rows.keys() >= {f"`{column}`" for column in Column}
    for column, aliases in ALIASES.items():
        assert rows[f"`{column}`"].split(" | ")[-1] == "、".join(aliases)
        assert all(recognise(alias) is column for alias in aliases), column
