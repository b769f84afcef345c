"""Instants of a campaign: written in Beijing time, kept in UTC, shown in Beijing time.

Windows are half-open: "24:00 of the 30th" is 00:00 of the 1st, and what arrives then is late.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated

from pydantic import BeforeValidator

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2})"
    r"(?:[ T](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<ms>\d{3}))?)?)?"
)
_MIDNIGHT = 24
_YEARS = range(2000, 2101)


def parse_instant(text: str, *, bare_date: bool) -> datetime:
    """Return the instant of "2024-09-30 24:00" in Beijing time; `ValueError` in Chinese when it is none.

    A date alone is its 00:00 where `bare_date` allows it; for an end it says nothing of the day itself, so
    it is refused there.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text}”不是北京时间，请写成“2024-09-30 24:00”")
    day = parse_day(found["day"])
    if found["hour"] is None:
        if not bare_date:
            raise ValueError(f"“{text}”未写明时刻：含当日请写“{text} 24:00”，不含当日请写“{text} 00:00”")
        return _at(day, 0, 0)
    return _clock(day, found)


def _clock(day: date, found: re.Match[str]) -> datetime:
    hour, minute = int(found["hour"]), int(found["minute"])
    second, milliseconds = int(found["second"] or 0), int(found["ms"] or 0)
    if hour == _MIDNIGHT and not (minute or second or milliseconds):
        return _at(day + timedelta(days=1), 0, 0)
    try:
        local = datetime.combine(day, time(hour, minute, second, milliseconds * 1000), SHANGHAI)
    except ValueError:
        raise ValueError(f"“{found[0]}”不是一天中的时刻") from None
    return local.astimezone(UTC)


def parse_day(text: str) -> date:
    """Return the date of "2024-09-30"; `ValueError` in Chinese when the calendar has no such day."""
    year, month, day = (int(part) for part in text.split("-"))
    if year not in _YEARS:
        raise ValueError(f"年份{year}不在2000—2100之间")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"日历上没有{year}年{month}月{day}日") from None


def _at(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI).astimezone(UTC)


def local(instant: datetime) -> datetime:
    """Return the instant in Beijing time."""
    return instant.astimezone(SHANGHAI)


def day_text(day: date) -> str:
    """Return "9月30日"."""
    return f"{day.month}月{day.day}日"


def days_text(first: date, last: date) -> str:
    """Return "9月21日—22日", "9月30日—10月2日" or a single "9月21日"."""
    if first == last:
        return day_text(first)
    tail = f"{last.day}日" if (first.year, first.month) == (last.year, last.month) else day_text(last)
    return f"{day_text(first)}—{tail}"


def opening_text(instant: datetime, *, year: bool = False) -> str:
    """Return an instant at which something begins: "9月23日00:00", with its year on request."""
    shown = local(instant)
    return f"{_year(shown, year=year)}{day_text(shown)}{shown:%H:%M}"


def closing_text(instant: datetime, *, year: bool = False) -> str:
    """Return an instant at which something ends; 00:00 of the 1st is "9月30日24:00"."""
    if local(instant).time() != time(0):
        return opening_text(instant, year=year)
    day = last_day(instant)
    return f"{_year(day, year=year)}{day_text(day)}24:00"


def _year(day: date, *, year: bool) -> str:
    return f"{day.year}年" if year else ""


def moment_text(instant: datetime) -> str:
    """Return an instant to the millisecond, cut, not rounded: "10月1日00:00:00.000"."""
    shown = local(instant)
    return f"{day_text(shown)}{shown:%H:%M:%S}.{shown.microsecond // 1000:03d}"


def last_day(closes: datetime) -> date:
    """Return the last local day that lies at least partly before an end."""
    return (local(closes) - timedelta(microseconds=1)).date()


def _read(value: object, *, bare_date: bool) -> object:
    if isinstance(value, (int, float)):
        return parse_instant(str(value), bare_date=bare_date)
    return parse_instant(value, bare_date=bare_date) if isinstance(value, str) and not value.endswith("Z") else value


def _opening(value: object) -> object:
    return _read(value, bare_date=True)


def _closing(value: object) -> object:
    return _read(value, bare_date=False)


def _day(value: object) -> object:
    if not isinstance(value, str) or re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", value) is None:
        raise ValueError(f"“{value}”不是日期，请写成“2024-09-30”")
    return parse_day(value)


Opening = Annotated[datetime, BeforeValidator(_opening)]
Closing = Annotated[datetime, BeforeValidator(_closing)]
Day = Annotated[date, BeforeValidator(_day)]
