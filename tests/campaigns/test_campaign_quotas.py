"""Story S0, steps 16, 17 and 18: places, floors, the lower bound, and what waives them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.evaluation.quotas import (
    Listed,
    Waivers,
    below_min_key,
    decide_listing,
    decide_lock,
    floor_key,
    waiver_sentence,
)
from services.campaigns.findings import Severity
from services.campaigns.loader import load_campaign
from services.campaigns.models import Campaign

OPTIONS = ("agency", "enterprise", "community", "family")


def listed(*types: str) -> list[Listed]:
    return [Listed("stories", {"organisation_type": each}) for each in types]


SIX = listed("agency", "enterprise", "enterprise", "community", "community", "community")


def test_step_16_a_seventh_work_of_a_district(s0: Campaign) -> None:
    refusal = decide_listing(s0, "district", "云栈区", "stories", 6)
    assert refusal is not None
    assert refusal.message == "云栈区推荐名额5—6件，已占用6件，不能再列入。请先移出1件（通知五（二））。"
    assert refusal.severity is Severity.BLOCK
    assert decide_listing(s0, "district", "云栈区", "stories", 5) is None


def test_step_17_a_missing_category_holds_the_lock(s0: Campaign) -> None:
    decision = decide_lock(s0, "district", "云栈区", SIX)
    assert not decision.may_lock
    (finding,) = decision.findings
    assert finding.message == (
        "缺少‘家庭’类作品1件，暂不能锁定推荐名单：每一类学习型组织至少有1件（附件1 一（二））。"
        "现有：机关1件、企事业单位2件、社区3件、家庭0件。"
    )


def test_step_17_with_a_family_it_locks(s0: Campaign) -> None:
    assert decide_lock(s0, "district", "云栈区", [*SIX[:5], *listed("family")]).may_lock


def test_step_18_an_agreed_waiver_lets_five_without_a_family_lock(s0: Campaign) -> None:
    key = floor_key("stories", "organisation_type", "family")
    assert not decide_lock(s0, "district", "石桥区", SIX[:5], Waivers(filed=frozenset({key}))).may_lock
    decision = decide_lock(s0, "district", "石桥区", SIX[:5], Waivers(agreed=frozenset({key})))
    assert decision.may_lock
    assert decision.findings == ()
    assert waiver_sentence(s0, "石桥区", "家庭") == "经主办单位同意，石桥区本次可不报‘家庭’类作品。"


def test_step_18_a_waiver_covers_its_category_alone(s0: Campaign) -> None:
    key = floor_key("stories", "organisation_type", "family")
    decision = decide_lock(s0, "district", "石桥区", SIX[1:], Waivers(agreed=frozenset({key})))
    assert [found.message.split("，")[0] for found in decision.findings] == ["缺少‘机关’类作品1件"]


def test_a_floor_that_may_not_be_waived_is_not(s0_text: str) -> None:
    strict = load_campaign(s0_text.replace("waivable: true", "waivable: false").encode(), "s0.yaml")
    agreed = Waivers(agreed=frozenset({floor_key("stories", "organisation_type", "family")}))
    assert not decide_lock(strict, "district", "石桥区", SIX[:5], agreed).may_lock


def test_step_18_four_works_want_a_statement(s0: Campaign) -> None:
    four = listed(*OPTIONS)
    decision = decide_lock(s0, "district", "南塘区", four)
    assert not decision.may_lock
    assert [found.message for found in decision.findings] == ["4件，低于5件（通知五（二））。可填写特殊情况说明后锁定。"]
    assert decision.findings[0].severity is Severity.WARN
    stated = decide_lock(s0, "district", "南塘区", four, Waivers(filed=frozenset({below_min_key("stories")})))
    assert stated.may_lock
    assert [found.message for found in stated.findings] == ["4件，低于5件（通知五（二））。已填写特殊情况说明。"]


def test_step_18_a_third_work_of_a_member_unit(s0: Campaign) -> None:
    refusal = decide_listing(s0, "member", "市水文局", "stories", 2)
    assert refusal is not None
    assert refusal.message == "成员单位可推荐1—2件，已占用2件，不能再列入。请先移出1件（附件1 一（一））。"


def test_where_the_lower_bound_obliges_no_statement_helps(s0_text: str) -> None:
    strict = load_campaign(s0_text.encode(), "s0.yaml", choices={"may-recommend": "block"})
    stated = Waivers(filed=frozenset({below_min_key("stories")}))
    decision = decide_lock(strict, "district", "南塘区", listed(*OPTIONS), stated)
    assert not decision.may_lock
    assert [found.message for found in decision.findings] == ["4件，低于5件（通知五（二））。暂不能锁定推荐名单。"]


def test_an_empty_list_is_not_locked(s0: Campaign) -> None:
    (finding,) = decide_lock(s0, "member", "市轮渡公司", []).findings
    assert finding.message == "推荐名单没有作品，不能锁定（平台要求）。如本次无推荐，请报送无推荐（零报告）。"


def test_a_list_over_its_cap_is_not_locked(s0: Campaign) -> None:
    decision = decide_lock(s0, "district", "云栈区", [*SIX, *listed("family", "family")])
    assert [found.message for found in decision.findings] == [
        "云栈区推荐名额5—6件，已占用8件，不能锁定。请先移出2件（通知五（二））。"
    ]


def test_a_unit_type_without_places(s0: Campaign) -> None:
    refusal = decide_listing(s0, "school", "江州一中", "stories", 0)
    assert refusal is not None
    assert refusal.check == "no_quota"
    assert not decide_lock(s0, "school", "江州一中", listed("agency")).may_lock


def test_several_tracks_are_named(s2: Campaign) -> None:
    refusal = decide_listing(s2, "province", "江岚省教育厅", "stars", 5)
    assert refusal is not None
    assert "百姓学习之星推介名额3—5名，已占用5名" in refusal.message
    decision = decide_lock(s2, "province", "江岚省教育厅", [Listed("stars", {})] * 3 + [Listed("brands", {})] * 2)
    assert [found.message for found in decision.findings] == [
        "终身学习品牌项目2个，低于3个（一（二））。可填写特殊情况说明后锁定。"
    ]


@given(st.lists(st.sampled_from(OPTIONS), max_size=9), st.sets(st.sampled_from(OPTIONS)), st.booleans())
def test_a_lock_is_exactly_cap_floors_and_lower_bound(s0: Campaign, types: list[str], waived: set[str], stated: bool) -> None:
    agreed = frozenset(floor_key("stories", "organisation_type", each) for each in waived)
    filed = frozenset({below_min_key("stories")}) if stated else frozenset()
    decision = decide_lock(s0, "district", "云栈区", listed(*types), Waivers(filed=filed, agreed=agreed))
    enough = len(types) >= 5 or stated
    every_type = set(OPTIONS) <= set(types) | waived
    assert decision.may_lock == (0 < len(types) <= 6 and enough and every_type)
    assert decision.may_lock or decision.findings


@given(st.integers(0, 20), st.sampled_from([("district", 6), ("member", 2)]))
def test_a_place_is_free_exactly_below_the_cap(s0: Campaign, count: int, place: tuple[str, int]) -> None:
    unit_type, cap = place
    assert (decide_listing(s0, unit_type, "某单位", "stories", count) is None) == (count < cap)
