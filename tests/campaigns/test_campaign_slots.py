"""Rules of material slots: bounds to the last unit, and what they ask in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.campaigns.findings import Severity
from services.campaigns.slots import (
    CHECK_IDS,
    RULES,
    Duration,
    FileSize,
    FrameRate,
    Look,
    PhotoDpi,
    PhotoPixels,
    Resolution,
    Slot,
    TailCard,
)

CITE = "附件1 二（一）"


def test_the_closed_list_of_checks() -> None:
    assert CHECK_IDS == (
        "container", "video_codec", "resolution", "duration", "frame_rate", "black", "frozen", "silent", "audio_missing",
        "head_card", "tail_card", "photo_format", "photo_pixels", "photo_dpi", "file_size", "truncated", "corrupt", "padded",
        "look", "unreadable", "hostile",
    )  # fmt: skip


def test_what_each_kind_weighs_unless_the_campaign_says_otherwise() -> None:
    lighter = {
        str(rule.model_fields["kind"].default): rule.model_fields["severity"].default
        for rule in RULES
        if rule.model_fields["severity"].default is not Severity.BLOCK
    }
    assert lighter == {
        "black": Severity.WARN,
        "frozen": Severity.WARN,
        "silent": Severity.WARN,
        "audio_missing": Severity.ASK,
        "head_card": Severity.ASK,
        "tail_card": Severity.ASK,
        "padded": Severity.ASK,
        "look": Severity.ASK,
    }


@pytest.mark.parametrize(
    ("seconds", "met"),
    [(299.94, False), (299.96, True), (300.0, True), (480.0, True), (480.04, True), (480.06, False), (492.0, False)],
)
def test_five_to_eight_minutes_inclusive_to_a_tenth(seconds: float, met: bool) -> None:
    rule = Duration.model_validate({"min_s": "5分钟", "max_s": "8分钟", "cite": CITE})
    assert rule.met_by(seconds) is met


def test_exclusive_bounds_fail_at_the_bound() -> None:
    rule = Duration(min_s=300, max_s=480, inclusive=False, cite=CITE)
    assert [rule.met_by(each) for each in (300.0, 300.1, 479.9, 480.0)] == [False, True, True, False]
    assert rule.asked() == "应为5—8分钟（不含本数）"


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_longer_never_passes_where_a_shorter_was_too_long(one: float, other: float) -> None:
    rule = Duration(max_s=480, cite=CITE)
    shorter, longer = sorted((one, other))
    assert rule.met_by(shorter) or not rule.met_by(longer)


@pytest.mark.parametrize(
    ("base", "written", "bound"),
    [("binary", "1G", 1 << 30), ("decimal", "1G", 10**9), ("decimal", "5MB", 5_000_000), ("binary", "5MB", 5 << 20)],
)
def test_a_size_is_read_in_its_base(base: str, written: str, bound: int) -> None:
    rule = FileSize.model_validate({"max_bytes": written, "base": base, "cite": CITE})
    assert (rule.bound_bytes, rule.written) == (bound, written)
    assert [rule.met_by(bound + step) for step in (-1, 0, 1)] == [True, True, False]
    assert rule.asked() == f"应在{written}以内（本活动按{bound:,}字节）"


def test_a_floor_of_size_is_inclusive() -> None:
    rule = FileSize.model_validate({"min_bytes": "5MB", "base": "decimal", "cite": CITE})
    assert [rule.met_by(each) for each in (4_999_999, 5_000_000, 5_000_001)] == [False, True, True]
    assert rule.shown(420_000) == "0.42MB"


def test_an_exclusive_bound_of_size_fails_at_the_bound() -> None:
    rule = FileSize.model_validate({"max_bytes": "1G", "inclusive": False, "cite": CITE})
    assert [rule.met_by((1 << 30) + step) for step in (-1, 0)] == [True, False]
    assert rule.asked() == "应在1G以内（本活动按1,073,741,824字节，不含本数）"


def test_a_measured_size_in_the_words_of_the_story() -> None:
    rule = FileSize.model_validate({"max_bytes": "1G", "cite": CITE})
    assert rule.shown(1_204_322_304) == "1.12G"


@pytest.mark.parametrize(
    ("written", "base", "size_bytes", "shown"),
    [
        ("1G", "binary", 0, "0字节"),
        ("1G", "binary", 900, "900字节"),
        ("1G", "binary", 1024, "1.0KB"),
        ("1G", "binary", 51_200, "50.0KB"),
        ("1G", "binary", 13_002_342, "12.4MB"),
        ("1G", "binary", (1 << 30) // 10 + 1, "0.10G"),
        ("1G", "decimal", 12_400_000, "12.4MB"),
        ("5MB", "decimal", 99_999, "100.0KB"),
        ("5MB", "decimal", 100_000, "0.10MB"),
        ("5MB", "decimal", 31_000, "31.0KB"),
        ("500K", "binary", 51_200, "50.00K"),
    ],
)
def test_a_small_file_is_told_in_a_unit_in_which_it_can_be_read(written: str, base: str, size_bytes: int, shown: str) -> None:
    rule = FileSize.model_validate({"max_bytes": written, "base": base, "cite": CITE})
    assert rule.shown(size_bytes) == shown
    assert rule.asked().startswith(f"应在{written}以内")


@pytest.mark.parametrize(
    ("size", "short", "exact", "least"),
    [
        ((1920, 1080), True, False, True),
        ((1080, 1920), True, False, True),
        ((1280, 720), False, True, True),
        ((720, 1280), False, True, True),
        ((1919, 1079), False, False, True),
        ((1280, 718), False, False, False),
    ],
)
def test_three_ways_to_read_a_resolution(size: tuple[int, int], short: bool, exact: bool, least: bool) -> None:
    assert Resolution(min_short_side_px=1080, cite=CITE).met_by(*size) is short
    assert Resolution.model_validate({"exact_px": ["1280×720"], "cite": CITE}).met_by(*size) is exact
    assert Resolution.model_validate({"at_least_px": "1280x720", "cite": CITE}).met_by(*size) is least


def test_an_upright_picture_only_where_the_campaign_allows_it() -> None:
    assert not Resolution(min_short_side_px=1080, portrait=False, cite=CITE).met_by(1080, 1070)
    assert not Resolution(exact_px=((1280, 720),), portrait=False, cite=CITE).met_by(720, 1280)


@pytest.mark.parametrize(("rate", "met"), [(24.98, True), (25.0, True), (25.05, True), (25.06, False), (23.976, False)])
def test_a_stream_copied_25_is_25(rate: float, met: bool) -> None:
    assert FrameRate(rates_fps=(25,), cite=CITE).met_by(rate) is met


@pytest.mark.parametrize(
    ("read", "tag", "printed", "met"),
    [
        ("tag", 299.7, None, True),
        ("tag", 72.0, 300.0, False),
        ("print_size", 72.0, 299.6, True),
        ("print_size", 300.0, 200.0, False),
        ("either", None, 300.0, True),
        ("either", None, None, False),
    ],
)
def test_dpi_is_read_as_the_campaign_says(read: str, tag: float | None, printed: float | None, met: bool) -> None:
    rule = PhotoDpi.model_validate({"min_dpi": 300, "read": read, "print_mm": "35×49", "cite": CITE})
    assert rule.met_by(tag, printed) is met


def test_dpi_over_the_print_size_turns_the_picture() -> None:
    rule = PhotoDpi.model_validate({"min_dpi": 300, "read": "print_size", "print_mm": "35×49", "cite": CITE})
    for size in ((413, 579), (579, 413)):
        assert rule.printed_dpi(*size) == pytest.approx(299.7, abs=0.1)
        assert rule.met_by(None, rule.printed_dpi(*size))


def test_pixels_on_either_side() -> None:
    rule = PhotoPixels(min_long_side_px=1600, min_short_side_px=1200, cite=CITE)
    assert [rule.met_by(*size) for size in ((1600, 1200), (1200, 1600), (1599, 1200), (1600, 1199))] == [
        True,
        True,
        False,
        False,
    ]
    assert rule.asked() == "长边应不少于1600像素、短边应不少于1200像素"


def test_a_card_is_asked_of_the_unit_types_it_names(s0: object) -> None:
    (tail,) = [rule for rule in s0.slot("video").rules if isinstance(rule, TailCard)]  # type: ignore[attr-defined]
    assert [shown.words for shown in tail.asked_of("district")] == ["推荐区", "制作单位"]
    assert [shown.words for shown in tail.asked_of("member")] == ["推荐单位", "制作单位"]
    assert len(tail.asked_of(None)) == 3


@pytest.mark.parametrize(
    "slot",
    [
        {"medium": "photo", "rules": [{"kind": "duration", "max_s": 8, "cite": CITE}]},
        {"medium": "video", "rules": [{"kind": "photo_dpi", "min_dpi": 300, "read": "tag", "cite": CITE}]},
        {"medium": "video", "min_files": 2, "max_files": 1},
        {"medium": "photo", "rules": [{"kind": "look", "item": "a", "question": "?", "cite": CITE}] * 2},
        {"medium": "photo", "rules": [{"kind": "photo_dpi", "min_dpi": 300, "read": "print_size", "cite": CITE}]},
        {"medium": "photo", "rules": [{"kind": "photo_pixels", "cite": CITE}]},
        {"medium": "video", "rules": [{"kind": "resolution", "min_short_side_px": 1080, "at_least_px": "1×1", "cite": CITE}]},
        {"medium": "video", "rules": [{"kind": "duration", "cite": CITE}]},
    ],
)
def test_a_slot_that_does_not_stand(slot: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Slot.model_validate({"id": "v", "label": "材料", "cite": CITE, **slot})


def test_several_looks_are_told_apart() -> None:
    looks = tuple(Look(item=item, question=item, cite=CITE) for item in ("bareheaded", "clear"))
    assert Slot(id="p", label="照片", medium="photo", cite=CITE, rules=looks).rules == looks


def test_the_notice_own_words_stand_where_the_campaign_gives_them() -> None:
    rule = Resolution(exact_px=((1280, 720),), words="通知为1280*720", cite=CITE)
    assert rule.asked() == "通知为1280*720"
