"""Exclude, ask, clear: what the register answers, and what it never answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.domain import forms
from services.search.domain.answers import Answer, Rules, judge
from services.search.domain.decisions import Decision, fields_hash, record_hash
from services.search.domain.entries import Birth, EarlierRecord, Entry, IdDigest, Outcome, Place, Subject
from services.search.domain.keys import keys
from tests.search.makers import BORN, PROVINCE, number, person, project, record, rule, rules, work

PERSONS, PROJECTS, WORKS = rules(rule()), rules(rule("project")), rules(rule("work", level={"match": "any"}))


def answered(entry: Entry, earlier: Entry, by: Rules = PERSONS, **of_record: object) -> Answer:
    return judge(entry, [record(earlier, **of_record)], by).answer


# Persons


def test_the_same_number_and_name_exclude_with_the_record_and_the_clause() -> None:
    outcome = judge(person(id_digest=number("a")), [record(person(id_digest=number("a"), place=PROVINCE))], PERSONS)
    assert outcome.answer is Answer.EXCLUDE
    assert outcome.matches[0].reasons[:2] == (
        "往年已获得，不再推介（一（一））：2019年全国百姓学习之星，江岚省，名录.xlsx，第1204行。如有不同意见，可提交复核申请。",
        "姓名一致：宋禾生",
    )
    assert "证件号一致：后四位0012" in outcome.matches[0].reasons


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("阿依努尔·赛麦提", "阿依努尔•赛麦提"),
        ("溫綉雲", "温绣云"),
        ("宋禾生（已退休）", "宋 禾 生"),
        ("“宋禾生”", "宋禾生同志"),
    ],
)
def test_a_name_changed_only_in_form_is_the_same(ours: str, theirs: str) -> None:
    both = (person(ours, id_digest=number("a")), person(theirs, id_digest=number("a")))
    assert answered(*both) is Answer.EXCLUDE
    assert keys(both[0]) & keys(both[1])


def test_the_same_number_with_another_name_asks() -> None:
    assert answered(person("宋禾生", id_digest=number("a")), person("宋禾升", id_digest=number("a"))) is Answer.ASK


def test_numbers_under_two_keys_ask_and_are_never_cleared() -> None:
    ours = person(id_digest=number("a", "k1"), birth=BORN, place=PROVINCE)
    for theirs in (
        person(id_digest=number("b", "k2"), birth=BORN, place=PROVINCE),
        person(id_digest=number("b", "k2", "9999"), birth=Birth(1990, 1), place=Place("海屿省")),
        person("宋禾升", id_digest=number("b", "k2"), birth=BORN),
    ):
        assert answered(ours, theirs) is Answer.ASK
    assert keys(ours) & keys(person("宋禾升", id_digest=number("b", "k2"), birth=BORN))


def test_a_number_that_differs_asks_where_name_organisation_and_birth_agree() -> None:
    ours = person(id_digest=number("a"), birth=BORN, organisation="江州水文局")
    assert answered(ours, replace(ours, id_digest=number("b"))) is Answer.ASK
    assert (
        answered(ours, replace(ours, id_digest=number("b"), birth=Birth(1990, 1), organisation="石桥区文化馆")) is Answer.CLEAR
    )


@pytest.mark.parametrize(
    ("theirs", "expected"),
    [
        ({"organisation": "江州水文局"}, Answer.ASK),
        ({"birth": BORN, "place": Place("海屿省"), "organisation": "海屿港务局"}, Answer.ASK),
        ({"birth": Birth(1962), "place": Place("海屿省")}, Answer.ASK),
        ({"birth": Birth(1962, 4), "organisation": "江州水文局", "place": PROVINCE}, Answer.CLEAR),
        ({"place": Place("海屿省"), "organisation": "海屿港务局"}, Answer.CLEAR),
        ({"place": PROVINCE, "organisation": "海屿港务局"}, Answer.ASK),
        ({}, Answer.ASK),
    ],
)
def test_namesakes_without_two_numbers(theirs: dict[str, object], expected: Answer) -> None:
    ours = person(birth=BORN, organisation="江州水文局", place=PROVINCE, id_digest=number("a"))
    assert answered(ours, person(**theirs)) is expected


def test_a_long_name_alone_asks() -> None:
    ours = person("阿依努尔·赛麦提", place=PROVINCE, organisation="江州水文局")
    assert answered(ours, person("阿依努尔•赛麦提", place=Place("海屿省"), organisation="海屿港务局")) is Answer.ASK


# Projects


def test_a_project_is_excluded_by_title_organisation_level_and_district() -> None:
    ours, theirs = project("银龄课堂·进社区（第四季）"), project("银龄课堂进社区")
    assert answered(ours, theirs, PROJECTS) is Answer.EXCLUDE


def test_a_name_may_say_the_district_that_a_column_leaves_out() -> None:
    assert answered(project(), project(place=Place("江岚省", "江州市")), PROJECTS) is Answer.EXCLUDE


@pytest.mark.parametrize(
    "theirs",
    [
        {"organisation": "石桥区社区学院", "place": Place("江岚省", "江州市", "石桥区")},
        {"organisation": "云栈区文化馆"},
        {"place": Place("江岚省", "白鹭市", "云栈区")},
        {"place": Place("", "", "云栈区")},
        {"place": Place("江岚省")},
        {"place": Place()},
        {"place": Place("江岚省", "江州市", "云栈县"), "organisation": "社区学院"},
        {"organisation": "江州市社区学院", "place": Place("江岚省", "江州市")},
        {"organisation": ""},
    ],
)
def test_a_project_of_the_same_title_otherwise_asks(theirs: dict[str, object]) -> None:
    assert answered(project(), project(**theirs), PROJECTS) is Answer.ASK


def test_a_district_is_compared_with_its_city() -> None:
    here, there = Place("江岚省", "江州市", "鼓楼区"), Place("江岚省", "白鹭市", "鼓楼区")
    both = [project(organisation="鼓楼区社区学院", place=place) for place in (here, there)]
    assert answered(*both, PROJECTS) is Answer.ASK
    assert answered(both[0], both[0], PROJECTS) is Answer.EXCLUDE
    without = project(organisation="鼓楼区社区学院", place=Place("", "", "鼓楼区"))
    assert answered(without, without, PROJECTS) is Answer.ASK


def test_regions_of_the_platform_are_compared_by_their_codes() -> None:
    ours = project(place=Place(code="990101"))
    assert answered(ours, ours, PROJECTS) is Answer.EXCLUDE
    assert answered(ours, replace(ours, place=Place(code="990102")), PROJECTS) is Answer.ASK


def test_another_level_of_the_candidate_asks() -> None:
    assert answered(replace(project(), level="city"), replace(project(), level="national"), PROJECTS) is Answer.ASK


# Works and organisations


def test_a_work_is_excluded_by_its_content_alone() -> None:
    ours, theirs = work(contents=frozenset({"a"})), work("三代人", organisation="别处", contents=frozenset({"a", "b"}))
    assert answered(ours, theirs, WORKS) is Answer.EXCLUDE
    assert keys(ours) & keys(theirs)


def test_a_story_of_the_same_title_by_the_same_organisation_asks_or_is_noted() -> None:
    assert answered(work(contents=frozenset({"a"})), work(contents=frozenset({"b"})), WORKS) is Answer.ASK
    noted = judge(work(), [record(work(), year=2024, honour="优秀作品（入围决赛）", level="city")], rules())
    assert noted.answer is Answer.CLEAR
    assert noted.sentence == (
        "往年记录：2024年市级优秀作品（入围决赛），申报单位同名。本通知未规定往年作品不得再报，仅作提示。"
    )


def test_a_rule_that_notes_tells_in_its_own_words() -> None:
    words = "本通知未规定往年作品不得再报，仅作提示。"
    noting = rules(rule("work", "note", level={"match": "any"}, words=words))
    told = judge(work(), [record(work(), year=2024, honour="优秀作品", level="city")], noting)
    assert told.answer is Answer.CLEAR
    assert told.sentence == f"往年记录：2024年市级优秀作品，申报单位同名。{words}"


def test_an_organisation_is_never_excluded_by_the_machine() -> None:
    ours = Entry(Subject.ORGANISATION, "江州市云栈区社区学院", "江州市云栈区社区学院")
    by = rules(rule("organisation"))
    assert answered(ours, ours, by) is Answer.ASK
    other = Entry(Subject.ORGANISATION, "江州市石桥区社区学院", "江州市石桥区社区学院")
    assert answered(ours, other, by) is Answer.CLEAR


def test_entries_of_two_kinds_are_not_compared() -> None:
    assert answered(person("银龄课堂"), project("银龄课堂"), rules(rule(), rule("project"))) is Answer.CLEAR


# The campaign's predicate


@pytest.mark.parametrize(
    ("of_record", "changed", "expected"),
    [
        ({"level": "province"}, {}, Answer.CLEAR),
        ({"level": None}, {}, Answer.ASK),
        ({"level": "province"}, {"level": {"match": "at_least", "level": "city"}}, Answer.EXCLUDE),
        ({"level": "national"}, {"level": {"match": "equal", "level": "city"}}, Answer.CLEAR),
        ({"level": "district"}, {"level": {"match": "any"}}, Answer.EXCLUDE),
        ({"year": 2019}, {"from_year": 2020}, Answer.CLEAR),
        ({"year": 2019}, {"to_year": 2018}, Answer.CLEAR),
        ({"year": 2019}, {"from_year": 2019, "to_year": 2019}, Answer.EXCLUDE),
        ({"outcome": Outcome.NOMINEE}, {}, Answer.CLEAR),
        ({"outcome": Outcome.NOMINEE}, {"outcome": "any"}, Answer.EXCLUDE),
        ({"outcome": Outcome.CHEAT}, {"outcome": "cheat"}, Answer.EXCLUDE),
        ({}, {"titles": ["百姓学习之星"]}, Answer.EXCLUDE),
        ({"honour": "2019年全国“百姓学习之星”"}, {"titles": ["百姓学习之星"]}, Answer.EXCLUDE),
        ({"honour": "事迹特别感人的百姓学习之星"}, {"titles": ["百姓学习之星"]}, Answer.ASK),
        ({"honour": "全国劳动模范"}, {"titles": ["百姓学习之星"]}, Answer.CLEAR),
    ],
)
def test_what_a_rule_speaks_of(of_record: dict[str, object], changed: dict[str, object], expected: Answer) -> None:
    same = person(id_digest=number("a"))
    assert answered(same, same, rules(rule(**changed)), **of_record) is expected


def test_the_gravest_of_several_rules_and_records_counts() -> None:
    same = person(id_digest=number("a"))
    noting, excluding = rule(effect="note", id="note", level={"match": "any"}), rule(id="exclude")
    found = judge(
        same,
        [record(same, record="city", level="city", year=2021), record(same, record="national")],
        rules(noting, excluding),
    )
    assert [(match.record.record, match.answer) for match in found.matches] == [
        ("national", Answer.EXCLUDE),
        ("city", Answer.CLEAR),
    ]
    assert found.sentence.endswith("另有1条往年记录，请一并查看。")


def test_nobody_found_is_said_so() -> None:
    assert judge(person(), [], PERSONS).sentence == "未发现往年获得记录。"


# Decisions of persons


def decided(entry: Entry, earlier: EarlierRecord, *, same: bool) -> Decision:
    at = datetime(2024, 4, 2, 16, 30, tzinfo=UTC)
    return Decision(fields_hash(entry), record_hash(earlier), same, "方未晞", at, "单位不同，已电话核实。")


def test_a_decision_stands_for_its_pair_and_says_who_and_why() -> None:
    ours, earlier = person(organisation="甲", place=PROVINCE), record(person(place=PROVINCE))
    assert judge(ours, [earlier], PERSONS).answer is Answer.ASK
    assert judge(ours, [earlier], PERSONS, [decided(ours, earlier, same=False)]).answer is Answer.CLEAR
    found = judge(ours, [earlier], PERSONS, [decided(ours, earlier, same=True)])
    assert found.answer is Answer.EXCLUDE
    assert found.matches[0].reasons[1] == "方未晞于2024年4月3日核实为同一对象：单位不同，已电话核实。"


def test_a_decision_is_known_again_in_another_form_and_in_another_list() -> None:
    ours, earlier = person("阿依努尔·赛麦提", place=PROVINCE), record(person("阿依努尔•赛麦提", place=PROVINCE))
    made = [decided(ours, earlier, same=False)]
    typed_anew = person("阿依努尔•赛麦提", place=PROVINCE)
    assert judge(typed_anew, [replace(earlier, record="r9", source="另一份名录")], PERSONS, made).answer is Answer.CLEAR


def test_a_decision_is_not_used_for_other_fields_or_another_record() -> None:
    ours, earlier = person(organisation="甲", place=PROVINCE), record(person(place=PROVINCE))
    made = [decided(ours, earlier, same=False)]
    assert judge(replace(ours, organisation="乙"), [earlier], PERSONS, made).answer is Answer.ASK
    assert judge(ours, [replace(earlier, year=2020)], PERSONS, made).answer is Answer.ASK


def test_the_last_decision_of_a_pair_counts() -> None:
    ours, earlier = person(place=PROVINCE), record(person(place=PROVINCE))
    made = [decided(ours, earlier, same=True), decided(ours, earlier, same=False)]
    assert judge(ours, [earlier], PERSONS, made).answer is Answer.CLEAR


# Never


NAMES = st.sampled_from(
    ["宋禾生", "宋禾升", "阿依努尔·赛麦提", "阿依努尔•赛买提", "银龄课堂", "银龄课堂（第二季）", "银龄课堂项目"]
)
PLACES = st.builds(
    Place,
    st.sampled_from(["", "江岚省", "江岚", "海屿省"]),
    st.sampled_from(["", "江州市", "白鹭市"]),
    st.sampled_from(["", "鼓楼区", "鼓楼县", "云栈区"]),
    st.sampled_from(["", "", "990101", "990102"]),
)
ENTRIES = st.builds(
    Entry,
    subject=st.sampled_from(Subject),
    name=NAMES,
    organisation=st.sampled_from(["", "云栈区社区学院", "江州市社区学院", "江州市鼓楼区社区学院", "鼓楼区社区学院"]),
    place=PLACES,
    birth=st.sampled_from([None, Birth(1962), Birth(1962, 3), Birth(1970, 1)]),
    id_digest=st.sampled_from([None, number("a"), number("b"), number("a", "k2"), IdDigest("k1", "a", "")]),
    level=st.sampled_from([None, "national", "city"]),
    contents=st.sampled_from([frozenset(), frozenset({"x"}), frozenset({"x", "y"})]),
)


@settings(max_examples=3000, deadline=None)
@given(ENTRIES, ENTRIES)
def test_the_machine_excludes_on_hard_evidence_alone(entry: Entry, earlier: Entry) -> None:
    every = rules(*(rule(subject.value, level={"match": "any"}) for subject in Subject))
    if answered(entry, earlier, every) is not Answer.EXCLUDE:
        return
    assert entry.subject is earlier.subject
    if entry.subject is Subject.PERSON:
        assert forms.person_name(entry.name) == forms.person_name(earlier.name)
        assert entry.id_digest is not None
        assert earlier.id_digest is not None
        assert (entry.id_digest.kid, entry.id_digest.digest) == (earlier.id_digest.kid, earlier.id_digest.digest)
    elif entry.subject is Subject.PROJECT:
        assert forms.title_core(entry.name) == forms.title_core(earlier.name)
        assert entry.organisation == earlier.organisation != ""
        assert {entry.level, earlier.level} != {"national", "city"}
        places = [(place.city, place.district) for place in (entry.place, earlier.place) if not place.code]
        assert all(a == b or not (a and b) for a, b in zip(*places, strict=True)) if len(places) == 2 else True
        assert entry.place.code == earlier.place.code or not (entry.place.code and earlier.place.code)
    else:
        assert entry.subject is Subject.WORK
        assert entry.contents & earlier.contents


@settings(max_examples=1500, deadline=None)
@given(ENTRIES, ENTRIES)
def test_whatever_is_not_cleared_is_found_by_a_key(entry: Entry, earlier: Entry) -> None:
    every = rules(*(rule(subject.value, level={"match": "any"}) for subject in Subject))
    if answered(entry, earlier, every) is not Answer.CLEAR:
        born = [replace(each, birth=each.birth or (BORN if each.id_digest else None)) for each in (entry, earlier)]
        named = forms.person_name(entry.name) == forms.person_name(earlier.name)
        assert keys(entry) & keys(earlier) or (not named and keys(born[0]) & keys(born[1])) or _only_ends_alike(*born)


def _only_ends_alike(ours: Entry, theirs: Entry) -> bool:
    """Two numbers under two keys end alike, but were not born in one month: no list holds such a pair of one number."""
    return ours.birth != theirs.birth and ours.id_digest is not None and ours.id_digest.last4 == theirs.id_digest.last4
