"""When a term of working days ends: the day it starts is not counted, make-up workdays are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from services.campaigns.instants import SHANGHAI, local

IsWorkday = Callable[[date], bool]


def repair_term(returned_at: datetime, working_days: int, is_workday: IsWorkday) -> datetime:
    """Return the end (24:00 Beijing time) of the last of so many working days after an instant."""
    day, left = local(returned_at).date(), working_days
    while left:
        day += timedelta(days=1)
        left -= is_workday(day)
    return datetime.combine(day + timedelta(days=1), time(0), SHANGHAI).astimezone(UTC)
