import dataclasses
import json
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from services.intake.domain.papers import REHEARSAL_MARK, Column, Letter, ListPaper
from services.intake.tools import typesetting
from services.intake.tools.papers import letters_pdf, list_pdf, list_xlsx
from services.intake.tools.typesetting import TypesettingError, render

STAMP = datetime(2024, 9, 27, 1, 0, tzinfo=UTC)
COLUMNS = (
    Column("序号", "center", 0.55),
    Column("申报单位（含社区或家庭）名称", "start", 2.4),
    Column("学习型组织的类型", "center", 1.25),
    Column("作品名称", "start", 2.2),
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("https://example.invalid")', "{=1}", "https://example.invalid/")
MARKUP = '#strong[x] $x^2$ *星* _下_ `c` \\ @ref <label> // 注 /* */ = 题 ~ -- "q" #sys.inputs #read("/etc/hostname")'


def paper(*names: str, rehearsal: bool = False) -> ListPaper:
    return ListPaper(
        annex="附件2",
        heading="“我与学习型组织共成长”故事征集活动",
        title="推荐作品汇总表",
        unit_label="区/成员单位",
        unit_name="云栈区",
        columns=COLUMNS,
        rows=tuple((number, "桂花里社区", "社区", name) for number, name in enumerate(names, 1)),
        summary=f"共{len(names)}件：社区{len(names)}件。",
        seal_label="推荐单位（盖章）",
        rehearsal=rehearsal,
    )


def letter(**changes: Any) -> Letter:
    base = Letter(
        organiser="江州市学习型社会建设办公室",
        campaign="“我与学习型组织共成长”故事征集活动",
        unit_name="云栈区学习办",
        role="联络员",
        code="7F3K-92QX-M4TD-81MP",
        address="https://laurel.jiangzhou.example/register",
        purpose="录入和提交本单位推荐的作品",
        deadline="2024年7月15日24:00前",
        issued_on="2024年7月3日",
        rehearsal=False,
    )
    return dataclasses.replace(base, **changes)


def text_of(pdf: bytes, tmp_path: Path, *options: str) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (Debian: poppler-utils) is not installed")
    (tmp_path / "paper.pdf").write_bytes(pdf)
    command = ["pdftotext", *options, str(tmp_path / "paper.pdf"), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_list_prints_exactly_the_notices_columns_and_every_cell(tmp_path: Path) -> None:
    text = squeezed(text_of(list_pdf(paper("夜班后的一课", "𠮷㛃的书房"), stamp=STAMP), tmp_path))
    for expected in (
        "附件2",
        "推荐作品汇总表",
        "区/成员单位：云栈区",
        *(c.title for c in COLUMNS),
        "夜班后的一课",
        "𠮷㛃的书房",
    ):
        assert squeezed(expected) in text
    assert f"名单校验码{paper('夜班后的一课', '𠮷㛃的书房').check_code}" in text
    assert "第1页，共1页" in text
    assert "推荐单位（盖章）" in text
    assert REHEARSAL_MARK not in text


def test_a_long_list_repeats_its_head_and_counts_its_pages(tmp_path: Path) -> None:
    pdf = list_pdf(paper(*(f"故事{n:02d}" for n in range(1, 61)), rehearsal=True), stamp=STAMP)
    text = squeezed(text_of(pdf, tmp_path))
    count = pages(pdf)
    assert count > 1
    assert text.count("学习型组织的类型") == count
    assert f"第{count}页，共{count}页" in text
    assert text.count(REHEARSAL_MARK) >= count
    assert all(f"故事{n:02d}" in text for n in range(1, 61))


def test_typed_text_is_never_markup(tmp_path: Path) -> None:
    text = text_of(list_pdf(paper(MARKUP), stamp=STAMP), tmp_path)
    assert squeezed(MARKUP) in squeezed(text)


def test_a_text_of_16_thousand_characters_is_printed_whole(tmp_path: Path) -> None:
    long = "".join(chr(0x4E00 + n % 5000) for n in range(16_000))
    text = squeezed(text_of(list_pdf(paper(long), stamp=STAMP), tmp_path, "-layout"))
    assert sum(text.count(c) for c in set(long)) >= 16_000


def test_the_typeface_is_embedded_and_the_file_is_archival() -> None:
    pdf = list_pdf(paper("夜班后的一课"), stamp=STAMP)
    assert b"NotoSerifCJKsc" in pdf
    assert b"/FontFile3" in pdf
    assert b"pdfaid:part" in pdf


def test_a_character_that_the_typeface_lacks_does_not_stop_the_paper(tmp_path: Path) -> None:
    pdf = list_pdf(paper("𪚥先生的课"), stamp=STAMP)
    assert b"pdfaid:part" not in pdf
    assert "先生的课" in squeezed(text_of(pdf, tmp_path))


def test_the_same_arguments_give_the_same_bytes() -> None:
    for make in (list_pdf, list_xlsx):
        assert make(paper("夜班后的一课"), stamp=STAMP) == make(paper("夜班后的一课"), stamp=STAMP)


def test_the_child_gives_what_the_engine_gives() -> None:
    data = {**dataclasses.asdict(paper("夜班后的一课")), "rehearsal_mark": REHEARSAL_MARK}
    request = {
        "template": str(typesetting.TEMPLATES / "list.typ"),
        "data": json.dumps(data),
        "stamp": int(STAMP.timestamp()),
        "fonts": str(typesetting.DEBIAN_FONTS),
    }
    assert typesetting._set(request) == render("list", data, stamp=STAMP)


def test_no_cell_of_the_workbook_is_a_formula_or_a_link() -> None:
    content = list_xlsx(paper(*FORMULAS), stamp=STAMP)
    sheet = openpyxl.load_workbook(BytesIO(content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert [sheet.cell(6 + n, 4).value for n in range(len(FORMULAS))] == list(FORMULAS)
    quoted = [sheet.cell(6 + n, 4).quotePrefix for n in range(len(FORMULAS))]
    assert quoted == [bool(name.startswith(("=", "+", "-", "@", "\t"))) for name in FORMULAS]
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert not any(b"<f>" in archive.read(name) or b"hyperlink" in archive.read(name) for name in archive.namelist())


def test_the_workbook_holds_exactly_the_notices_columns_and_the_code() -> None:
    it = paper("夜班后的一课", "𠮷㛃的书房")
    sheet = openpyxl.load_workbook(BytesIO(list_xlsx(it, stamp=STAMP))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[4] == [column.title for column in COLUMNS]
    assert rows[5:7] == [list(row) for row in it.rows]
    assert [f"名单校验码 {it.check_code}"] in [[value for value in row if value] for row in rows]
    assert sheet.print_title_rows == "$5:$5"


def test_the_workbook_keeps_long_text_whole_and_refuses_what_no_cell_can_hold() -> None:
    long = "长" * 16_000
    sheet = openpyxl.load_workbook(BytesIO(list_xlsx(paper(long), stamp=STAMP))).active
    assert sheet.cell(6, 4).value == long
    with pytest.raises(ValueError, match="row 6, column 4"):
        list_xlsx(paper("𠮷" * 16_384), stamp=STAMP)


def test_each_letter_is_a_page_of_its_own_with_unit_role_and_code(tmp_path: Path) -> None:
    letters = [letter(), letter(role="单位负责人", code="ABCD-1234-EFGH-5678"), letter(unit_name="石桥区学习办")]
    pdf = letters_pdf(letters, stamp=STAMP)
    each = [squeezed(page) for page in text_of(pdf, tmp_path).split("\f")[:-1]]
    assert len(each) == 3
    for page, it in zip(each, letters, strict=True):
        assert it.unit_name in page
        assert it.role in page
        assert it.code.replace("-", "") in page
        assert it.deadline in page
    assert pages(letters_pdf(letters[:1], stamp=STAMP)) == 1


def test_a_letter_needs_someone_to_go_to() -> None:
    with pytest.raises(ValueError, match="no letters"):
        letters_pdf([], stamp=STAMP)


def test_a_missing_typeface_is_said_and_nothing_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(typesetting, "DEBIAN_FONTS", tmp_path)
    with pytest.raises(TypesettingError, match="fonts-noto-cjk"):
        render("list", {}, stamp=STAMP)


def test_data_that_do_not_fit_the_template_are_an_error_with_its_place() -> None:
    with pytest.raises(TypesettingError, match=r"list\.typ|paper\.typ"):
        render("list", {"rehearsal": False}, stamp=STAMP)
