"""The State Council's holidays and make-up workdays, as the package chinesecalendar knows them."""

from __future__ import annotations

from datetime import date

from services.campaigns.evaluation.publication import DayKind


def china(day: date) -> DayKind | None:
    """Return what a day is in China, or None for a year whose holidays are not published yet."""
    import chinese_calendar  # noqa: PLC0415 - large tables, needed only when a campaign is checked

    try:
        workday = bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None
    _, name = chinese_calendar.get_holiday_detail(day)
    return DayKind(workday=workday, holiday=None if workday or name is None else _short(chinese_calendar, name))


def _short(chinese_calendar: object, name: str) -> str:
    chinese = str(chinese_calendar.Holiday(name).chinese)  # type: ignore[attr-defined]  # a module, and untyped
    return chinese.replace("国庆节", "国庆")
