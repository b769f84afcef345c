"""Instants: aware UTC datetimes in code, and as integers microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
BEIJING = ZoneInfo("Asia/Shanghai")


def to_us(instant: datetime) -> int:
    """Return microseconds since 1970. A naive datetime is refused with TypeError."""
    return (instant - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the aware UTC instant."""
    return EPOCH + timedelta(microseconds=microseconds)
