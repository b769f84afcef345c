"""Lengths, sizes, instants, characters and ID numbers: read and shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from campaign_files import at
from hypothesis import example, given
from hypothesis import strategies as st

from services.campaigns.id_numbers import is_id_number
from services.campaigns.instants import closing_text, days_text, last_day, local, moment_text, opening_text, parse_instant
from services.campaigns.quantities import duration_range_text, duration_text, parse_duration_s, parse_pair, parse_size_bytes
from services.campaigns.text import count_chars
from services.kernel.auth.id_numbers import IdNumberRefused, checked_id_number


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5分钟", 300), ("8分12秒", 492), ("10秒", 10), ("2小时", 7200), ("1.5分钟", 90), ("90s", 90), ("1小时30分钟", 5400)],
)
def test_lengths_are_read(text: str, seconds: float) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5MB", "五分钟", "5分钟x", "-5秒", "5分钟 左右"])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(ValueError, match="不是时长"):
        parse_duration_s(text)


@pytest.mark.parametrize("text", ["", "1", "1GiB", "1 G以内", "G", "-1G", "8分钟"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="不是文件大小"):
        parse_size_bytes(text, "binary")


@pytest.mark.parametrize("text", ["1280*720", "1280×720", "1280x720", "1280 X 720"])
def test_pairs_are_read(text: str) -> None:
    assert parse_pair(text) == (1280, 720)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(492.0, "8分12秒"), (300, "5分钟"), (6.4, "6.4秒"), (461.04, "7分41秒"), (299.96, "5分钟"), (0, "0秒")],
)
def test_lengths_are_shown(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.integers(0, 100_000))
def test_a_shown_length_reads_back(seconds: int) -> None:
    assert parse_duration_s(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (300, 480, "5—8分钟"),
        (5, 8, "5—8秒"),
        (30, 120, "30秒—2分钟"),
        (330, 480, "5分30秒—8分钟"),
        (None, 480, "不超过8分钟"),
        (300, None, "不少于5分钟"),
    ],
)
def test_ranges_are_shown(low: float | None, high: float | None, text: str) -> None:
    assert duration_range_text(low, high) == text


def test_24_00_is_the_next_midnight() -> None:
    assert at("2024-09-30 24:00") == at("2024-10-01 00:00") == datetime(2024, 9, 30, 16, tzinfo=UTC)
    assert at("2024-02-28 24:00") == at("2024-02-29")
    assert at("2024-12-31 24:00") == at("2025-01-01")


def test_instants_are_shown_in_beijing_time() -> None:
    assert closing_text(at("2024-09-30 24:00")) == "9月30日24:00"
    assert closing_text(at("2024-12-31 24:00"), year=True) == "2024年12月31日24:00"
    assert closing_text(at("2024-10-01 02:00")) == "10月1日02:00"
    assert opening_text(at("2024-09-23")) == "9月23日00:00"
    assert moment_text(at("2024-09-30 23:59:59.999")) == "9月30日23:59:59.999"
    assert moment_text(datetime(2024, 9, 30, 15, 59, 59, 999_999, tzinfo=UTC)) == "9月30日23:59:59.999"


@pytest.mark.parametrize("text", ["2024-09-30 24:01", "2024-09-30 7", "2024-13-01", "1999-01-01", "2024-09-30 23:60", "明天"])
def test_what_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_instant(text, bare_date=True)


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_last_day_of_a_window_holds_its_last_microsecond(moment: datetime) -> None:
    closes = moment.replace(tzinfo=UTC)
    assert last_day(closes) <= local(closes).date()
    assert (last_day(closes) < local(closes).date()) == (closing_text(closes).endswith("24:00"))


def test_days_are_shown_shortly() -> None:
    days = [local(at(each)).date() for each in ("2024-09-21", "2024-09-22", "2024-10-02")]
    assert [days_text(days[0], day) for day in days] == ["9月21日", "9月21日—22日", "9月21日—10月2日"]


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("夜班后的课堂", 6),
        ("《灯下，三代人》", 8),
        ("AI 与 学习 2024", 5),
        ("", 0),
        ("a b\nc", 3),
        ("it's 3.5", 2),
        ("𠮷野家", 3),
    ],
)
def test_characters_are_counted_as_word_counts(text: str, chars: int) -> None:
    assert count_chars(text) == chars


DIGITS = st.text("0123456789", min_size=17, max_size=17)


@example("04990577910629115", "9")
@given(DIGITS, st.sampled_from("0123456789X"))
def test_id_numbers_are_judged_as_the_kernel_judges_them(digits: str, check: str) -> None:
    number = digits + check
    assert is_id_number(number) is kernel_accepts(number)


@given(st.dates(datetime(1930, 1, 1).date(), datetime(2015, 1, 1).date()), st.integers(0, 999))  # noqa: DTZ001 - dates
def test_one_check_character_in_eleven_fits(born: object, order: int) -> None:
    body = f"990101{str(born).replace('-', '')}{order:03d}"
    assert sum(is_id_number(body + check) for check in "0123456789X") == 1
    assert [each for each in "0123456789X" if kernel_accepts(body + each)] == [
        each for each in "0123456789X" if is_id_number(body + each)
    ]


def kernel_accepts(number: str) -> bool:
    try:
        checked_id_number(number)
    except IdNumberRefused:
        return False
    return True
