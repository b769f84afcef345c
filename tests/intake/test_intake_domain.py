"""Intake's decisions without any engine: states, content, people, terms."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.calendars import china
from services.campaigns.files import read_campaign
from services.intake.domain import content, lists
from services.intake.domain.files import Check, Report, keyed, open_sentence
from services.intake.domain.people import LONGEST_WAIT, may_help, may_invite, normal_login, wait_after
from services.intake.domain.terms import repair_term
from services.intake.domain.works import EDITABLE, ON_LIST, Step, StepRefused, WorkState, after, check_editable, may
from services.kernel import grams
from services.kernel.auth import Principal, Role

TRACK = read_campaign(Path(__file__).parents[2] / "campaigns" / "s0-shanghai-2024-stories.yaml").tracks[0]
ENDED = {WorkState.ACCEPTED, WorkState.REJECTED, WorkState.WITHDRAWN}


@given(st.lists(st.sampled_from(list(Step)), max_size=40))
def test_a_work_gains_its_place_by_listing_alone_and_loses_it_before_the_lock_alone(steps: list[Step]) -> None:
    state = WorkState.DRAFT
    for step in steps:
        if not may(state, step):
            with pytest.raises(StepRefused):
                after(state, step)
            continue
        assert state not in ENDED, "what has ended goes nowhere"
        before, state = state, after(state, step)
        if (before in ON_LIST) != (state in ON_LIST):
            assert step in {Step.LIST, Step.UNLIST, Step.WITHDRAW}
        if state in {WorkState.ACCEPTED, WorkState.REJECTED}:
            assert before in {WorkState.LOCKED, WorkState.RETURNED}
        if state is WorkState.WITHDRAWN:
            assert before in EDITABLE


@given(st.lists(st.sampled_from(list(lists.Step)), max_size=30))
def test_a_list_is_locked_by_a_confirmation_of_what_was_submitted_and_not_changed_since(steps: list[lists.Step]) -> None:
    state, asked = lists.ListState.OPEN, False
    for step in steps:
        try:
            reached = lists.after(state, step)
        except lists.StepRefused:
            continue
        if step is lists.Step.CONFIRM:
            assert asked
        asked = step is lists.Step.REQUEST
        state = reached


@pytest.mark.parametrize("state", list(WorkState))
def test_only_what_is_named_may_change_after_the_lock(state: WorkState) -> None:
    changes = frozenset({"title"})
    if state in EDITABLE:
        check_editable(state, frozenset(), changes)
    elif state is WorkState.RETURNED:
        check_editable(state, changes, changes)
    if state not in EDITABLE:
        with pytest.raises(StepRefused):
            check_editable(state, frozenset({"producer"}), changes)


WORDS = st.text(alphabet="夜班后的一课灯下三代人A1 ，。", max_size=60)


@given(WORDS, WORDS)
def test_the_hash_of_what_is_compared_tells_titles_apart_and_ignores_what_is_not_compared(one: str, other: str) -> None:
    base = {"title": one, "entrant": "桂花里社区", "organisation_type": "family", "performers": ["林见川"]}
    changed = {**base, "title": other}
    same = content.compared_hash(TRACK, base) == content.compared_hash(TRACK, changed)
    assert same == (one == other)
    assert content.compared_hash(TRACK, base) == content.compared_hash(TRACK, {**base, "producer": "别处"})


def test_what_a_work_is_compared_by_is_the_hash_by_which_the_register_finds_it() -> None:
    told = "夜班后的一课，灯还亮着；老邻居们围坐读书，谈到Ａ1。" * 12
    other_script = " ".join(told.replace("灯还", "燈還").replace("读书", "讀書").replace("，", ",\n").replace("Ａ", "a"))
    kept = _compared_content(told)
    assert kept == grams.content_hash(told) == _compared_content(other_script)
    assert kept is not None
    assert len(bytes.fromhex(kept)) == 32, "a hash on which a work is excluded is SHA-256, whole"
    assert kept != _compared_content(told.replace("夜班", "早班"))


@pytest.mark.parametrize(("chars", "telling"), [(grams.TELLING_CONTENT_CHARS - 1, False), (grams.TELLING_CONTENT_CHARS, True)])
def test_a_story_so_short_that_two_works_may_share_it_has_no_hash(chars: int, *, telling: bool) -> None:
    assert (_compared_content("灯" * chars + "。，！") is not None) == telling


def _compared_content(story: str) -> str | None:
    return content.compared(TRACK, {"title": "灯下三代人", "story": story}).content_hash


@given(st.dictionaries(st.sampled_from(["title", "producer", "story", "performers"]), st.one_of(st.none(), WORDS), max_size=4))
def test_a_change_keeps_what_it_does_not_name_and_takes_out_what_it_empties(change: dict[str, str | None]) -> None:
    before = {"title": "灯下三代人", "entrant": "桂花里社区"}
    now = content.laid_over(TRACK, before, change, lambda _number: {})
    assert now["entrant"] == "桂花里社区"
    for name, value in change.items():
        assert (name in now) == bool(value and value.strip())
    assert content.laid_over(TRACK, now, {}, lambda _number: {}) == now


def test_options_are_kept_by_id_and_shown_by_label() -> None:
    now = content.laid_over(TRACK, {}, {"organisation_type": "家庭"}, lambda _number: {})
    assert now == {"organisation_type": "family"}
    assert content.text(TRACK, now, "organisation_type") == "家庭"


def test_findings_that_occur_twice_have_keys_of_their_own() -> None:
    assert [found["key"] for found in keyed([{"check": "frozen"}, {"check": "black"}, {"check": "frozen"}])] == [
        "frozen",
        "black",
        "frozen:2",
    ]


def test_what_is_still_open_is_one_sentence() -> None:
    block, ask = {"key": "a", "severity": "block"}, {"key": "b", "severity": "ask"}
    reports = [Report(Check.JUDGED, (block, ask)), Report(Check.QUEUED), Report(Check.UNJUDGED)]
    assert open_sentence(reports) == "1项须修改，核验中1个，未能核验1个，1项待人工核实。"
    assert open_sentence([Report(Check.JUDGED, (ask,), frozenset({"b"}))]) is None


@pytest.mark.parametrize(
    ("returned_at", "days", "ends"),
    [
        ("2024-09-27T10:00+08:00", 1, "2024-09-29T16:00+00:00"),  # Friday; the Sunday of the 29th is worked
        ("2024-09-29T10:00+08:00", 2, "2024-10-08T16:00+00:00"),  # the week of the holiday lies between
        ("2024-09-30T23:59+08:00", 1, "2024-10-08T16:00+00:00"),
    ],
)
def test_a_term_of_working_days_leaves_its_first_day_out_and_knows_make_up_days(returned_at: str, days: int, ends: str) -> None:
    def is_workday(day: object) -> bool:
        kind = china(day)  # type: ignore[arg-type]
        assert kind is not None
        return kind.workday

    assert repair_term(datetime.fromisoformat(returned_at), days, is_workday) == datetime.fromisoformat(ends)


def test_waiting_begins_after_some_attempts_and_has_an_end() -> None:
    assert [wait_after(number) for number in (0, 4, 5, 6)] == [
        timedelta(0),
        timedelta(0),
        timedelta(seconds=1),
        timedelta(seconds=2),
    ]
    assert wait_after(500) == LONGEST_WAIT


def test_nobody_invites_or_helps_upwards_but_the_head() -> None:
    for role in Role:
        who = Principal("a", "s", role, "yunzhan" if role in {Role.LIAISON, Role.UNIT_HEAD} else None)
        assert may_invite(who, Role.HEAD) == (role is Role.HEAD)
        assert may_help(who, Role.HEAD, None) == (role is Role.OPERATOR)
        assert may_help(who, Role.LIAISON, "yunzhan") == (role in {Role.HEAD, Role.CLERK, Role.UNIT_HEAD})
        assert may_help(who, Role.LIAISON, "shiqiao") == (role in {Role.HEAD, Role.CLERK})


def test_logins_have_one_spelling() -> None:
    assert normal_login(" +86 138-0000 0000 ") == normal_login("１３８００００００００") == "13800000000"
    assert normal_login("Shen.He@Jiangzhou.Example") == "shen.he@jiangzhou.example"
