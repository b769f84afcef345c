"""Normal forms: what is one, and what never becomes one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.search.domain import forms

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("银龄課堂（）第四季2024年届•·“”《》+ 项目区县市省")), max_size=24)
FORMS = [
    forms.said,
    forms.person_name,
    forms.title_core,
    forms.title_loosely,
    forms.organisation,
    forms.organisation_loosely,
    forms.honour,
    forms.place_name,
    forms.place_stem,
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@given(text=TEXTS)
@example(text="（2024年）第四季")
@example(text="李四同志同志")
@example(text="课（第）四季")
@example(text="(第二届)(第二届)")
def test_a_form_of_a_form_is_that_form(form: Callable[[str], str], text: str) -> None:
    assert form(form(text)) == form(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿依努尔·赛麦提", "阿依努尔•赛麦提"),
        ("阿依努尔‧赛麦提", "阿依努尔・赛麦提"),
        ("阿依努尔·赛麦提", "阿依努尔赛麦提"),
        ("溫 綉 雲", "温绣云"),
        ("宋禾生（已退休）", "宋禾生"),
        ("“宋禾生”", "宋禾生"),
        ("宋禾生同志", "宋禾生"),
        ("ＡＮＮ Lee", "ann lee"),
    ],
)
def test_one_person(one: str, other: str) -> None:
    assert forms.person_name(one) == forms.person_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("王老师", "王"), ("赛麦提", "赛买提"), ("李明", "李朋"), ("张伟", "张伟伟"), ("同志", "先生")]
)
def test_two_persons(one: str, other: str) -> None:
    assert forms.person_name(one) != forms.person_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("银龄课堂·进社区（第四季）", "银龄课堂进社区"),
        ("银龄课堂（2024年）", "《银龄课堂》"),
        ("银龄课堂 第五季", "银龄课堂第十二季"),
        ("银龄课堂—2023年度", "“银龄课堂”"),
        ("銀齡課堂(2023—2024年)", "银龄课堂【第３届】"),
        ("读书节（二〇二四年）", "读书节"),
    ],
)
def test_one_title_over_its_editions(one: str, other: str) -> None:
    assert forms.title_core(one) == forms.title_core(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("迈向2035年", "迈向2049年"),
        ("2035年远景课堂", "2049年远景课堂"),
        ("C++入门课堂", "C入门课堂"),
        ("银龄课堂（云栈区）", "银龄课堂（石桥区）"),
        ("第二季人生课堂", "人生课堂"),
        ("银龄课堂", "银龄课堂项目"),
        ("第一课堂", "课堂"),
        ("第一季", "第二季"),
        ("1+1学习圈", "11学习圈"),
    ],
)
def test_two_titles(one: str, other: str) -> None:
    assert forms.title_core(one) != forms.title_core(other)


def test_a_title_only_alike_is_found_and_not_equal() -> None:
    for one, other in (("银龄课堂", "银龄课堂品牌项目"), ("2023年银龄课堂", "银龄课堂"), ("第五届读书节", "读书节")):
        assert forms.title_loosely(one) == forms.title_loosely(other)
        assert forms.title_core(one) != forms.title_core(other)


def test_an_organisation_keeps_its_place_and_its_level() -> None:
    assert forms.organisation("广州市社区学院") != forms.organisation("越秀区社区学院")
    assert forms.organisation("江州市 云栈区社区学院（公章）") == forms.organisation("江州市云栈区社區學院")
    assert forms.organisation("江州一中（东校区）") != forms.organisation("江州一中（西校区）")
    assert forms.organisation_loosely("江岚广播电视大学") == forms.organisation_loosely("江岚开放大学")
    assert forms.organisation("江岚广播电视大学") != forms.organisation("江岚开放大学")


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("江岚省江州市云栈区社区学院", ("江岚省", "江州市", "云栈区")),
        ("江州市云栈区社区学院", ("", "江州市", "云栈区")),
        ("云栈区社区学院", ("", "", "云栈区")),
        ("社区学院", ("", "", "")),
        ("江岚开放大学", ("", "", "")),
        ("中国成人学习促进会", ("", "", "")),
    ],
)
def test_places_that_a_name_begins_with(name: str, places: tuple[str, str, str]) -> None:
    assert forms.places_in(name) == places


def test_the_word_for_a_place_is_no_part_of_its_stem() -> None:
    assert forms.place_stem("云栈区") == forms.place_stem("云栈") == forms.place_stem("云栈县")
    assert forms.place_stem("广西壮族自治区") == forms.place_stem("广西")
    assert forms.place_stem("东区") == "东区"


def test_a_title_is_compared_without_level_and_year() -> None:
    assert forms.honour("2019年全国“百姓学习之星”") == forms.honour("百姓学习之星")
    assert forms.honour("全国新时代“百姓学习之星”") == forms.honour("百姓学习之星")
    assert forms.honour("学习之星") != forms.honour("百姓学习之星")
