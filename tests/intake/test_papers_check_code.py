import dataclasses
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.papers import Column, ListPaper, check_code, list_check_code
from services.kernel.codes import ALPHABET

COLUMNS = (
    Column("序号", "center", 0.55),
    Column("申报单位（含社区或家庭）名称", "start", 2.4),
    Column("学习型组织的类型", "center", 1.25),
    Column("作品名称", "start", 2.2),
)
TITLES = [column.title for column in COLUMNS]
ROWS = ((1, "云栈区实验学校", "企事业单位", "夜班后的课堂"), (2, "罗桂枝家庭", "家庭", "灯下三代人"))

# the canonical bytes are written out by hand, the digests were made with sha256sum
VECTORS = [
    ({}, b"{}", "8G9P-Z8TN-PDKR"),
    ({"b": 1, "a": ["序号", "\n\x0f"]}, '{"a":["序号","\\n\\u000f"],"b":1}'.encode(), None),
    (
        {"unit": "云栈区", "rows": [[1, "𠮷㛃"]], "columns": []},
        '{"columns":[],"rows":[[1,"𠮷㛃"]],"unit":"云栈区"}'.encode(),
        None,
    ),
]


def by_hand(canonical: bytes) -> str:
    bits = "".join(f"{int(digit, 16):04b}" for digit in hashlib.sha256(canonical).hexdigest()[:15])
    code = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[int(bits[start : start + 5], 2)] for start in range(0, 60, 5))
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def paper(rows: tuple[tuple[str | int, ...], ...] = ROWS, unit: str = "云栈区") -> ListPaper:
    return ListPaper(
        annex="附件2",
        heading="“我与学习型组织共成长”故事征集活动",
        title="推荐作品汇总表",
        unit_label="区/成员单位",
        unit_name=unit,
        columns=COLUMNS,
        rows=rows,
        summary="共2件。",
        seal_label="推荐单位（盖章）",
        rehearsal=False,
    )


@pytest.mark.parametrize(("document", "canonical", "code"), VECTORS)
def test_the_code_is_the_first_60_bits_of_the_digest_of_the_canonical_json(
    document: dict[str, Any], canonical: bytes, code: str | None
) -> None:
    assert check_code(document) == by_hand(canonical)
    if code:
        assert check_code(document) == code


def test_the_code_of_a_list_covers_unit_titles_and_every_cell() -> None:
    code = paper().check_code
    assert code == list_check_code("云栈区", TITLES, ROWS)
    renamed = ((*ROWS[0][:3], "夜班后的一课"), ROWS[1])
    others = {
        paper(renamed).check_code,
        paper(ROWS[::-1]).check_code,
        paper(ROWS[:1]).check_code,
        paper(unit="石桥区").check_code,
    }
    assert len(others | {code}) == 5


def test_what_stands_around_the_table_does_not_change_the_code() -> None:
    assert dataclasses.replace(paper(), summary="共二件", rehearsal=True).check_code == paper().check_code


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_code_has_three_groups_of_the_alphabet(text: str) -> None:
    code = check_code({"t": text})
    assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert set(code) <= set(ALPHABET + "-")


def test_text_that_is_not_unicode_has_no_code() -> None:
    with pytest.raises(ValueError, match="canonical"):
        check_code({"t": "\ud800"})


def test_a_row_that_does_not_fit_the_columns_is_refused_with_its_number() -> None:
    with pytest.raises(ValueError, match="row 2 has 3 cells"):
        paper((ROWS[0], ROWS[1][:3]))
