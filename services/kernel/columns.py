"""Columns of our own: instants as integers, microseconds since 1970 in the database, aware UTC datetimes in code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

from services.kernel.instants import from_us, to_us


class Instant(TypeDecorator[datetime]):
    """A column holding an aware instant as a 64-bit integer, equal on every engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Store microseconds."""
        return None if value is None else to_us(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read an aware UTC instant."""
        return None if value is None else from_us(value)
