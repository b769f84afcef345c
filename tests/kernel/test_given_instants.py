from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from services.kernel.web import GivenInstant

READ = TypeAdapter(GivenInstant).validate_python


@pytest.mark.parametrize(
    ("stated", "instant"),
    [
        ("2024-10-17T17:30:00+08:00", datetime(2024, 10, 17, 9, 30, tzinfo=UTC)),
        ("1970-01-01T08:00:00+08:00", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2201-01-01T07:59:59+08:00", datetime(2200, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_an_instant_is_turned_into_utc(stated: str, instant: datetime) -> None:
    assert READ(stated) == instant
    assert READ(stated).tzinfo is UTC


@pytest.mark.parametrize(
    "stated",
    [
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "1970-01-01T00:00:00+08:00",
        "2201-01-01T08:00:00+08:00",
        "2024-10-17T17:30:00",
    ],
)
def test_one_without_a_zone_or_outside_the_years_is_refused(stated: str) -> None:
    with pytest.raises(ValidationError):
        READ(stated)
