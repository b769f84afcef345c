"""Sessions and accounts that have ended before their tokens expire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select

from services.kernel.tables import revocation


class Revocations:
    """A service's own copy of its `revocation` table: filled at start, added to by each event, asked on every request."""

    def __init__(self, ended: Iterable[tuple[str, datetime]] = ()) -> None:
        self._ended = dict(ended)

    @classmethod
    def load(cls, connection: Connection) -> Revocations:
        """Read the service's table."""
        rows = connection.execute(select(revocation.c.subject, revocation.c.ended_at))
        return cls((row.subject, row.ended_at) for row in rows)

    def add(self, subject: str, ended_at: datetime) -> None:
        """Refuse `session/<id>` or `account/<id>` from now on."""
        self._ended[subject] = ended_at

    def __contains__(self, subject: str) -> bool:
        """Whether it has ended."""
        return subject in self._ended

    def __len__(self) -> int:
        """How many have ended."""
        return len(self._ended)
