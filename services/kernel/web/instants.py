"""An instant as a request states it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

FIRST, BEYOND = datetime(1970, 1, 1, tzinfo=UTC), datetime(2201, 1, 1, tzinfo=UTC)


def _within(instant: datetime) -> datetime:
    if FIRST <= instant < BEYOND:
        return instant.astimezone(UTC)
    raise ValueError(f"时间应在{FIRST.year}年至{BEYOND.year - 1}年之间，请核对。")


GivenInstant = Annotated[AwareDatetime, AfterValidator(_within)]
"""With its zone, of the years 1970 to 2200, turned into UTC: at the ends of the calendar a conversion has no result."""
