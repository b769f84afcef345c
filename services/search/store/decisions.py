"""Decisions of persons on pairs: only ever added."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from services.search.domain.decisions import Decision
from services.search.store.tables import decision


def add(connection: Connection, made: Decision, *, id: str, record: str, work_id: str, account_id: str) -> None:  # noqa: A002  # the column's name
    """Keep a decision and what it was made on."""
    values = {"id": id, "record": record, "work_id": work_id, "account_id": account_id}
    decided = {"fields": made.fields, "earlier": made.earlier, "same": made.same, "reason": made.reason}
    connection.execute(insert(decision).values(**values, **decided, decided_by=made.by, decided_at=made.at))


def of_fields(connection: Connection, fields: str) -> list[Decision]:
    """Return the decisions on entries that said exactly this, in the order in which they were made."""
    rows = connection.execute(
        select(decision).where(decision.c.fields == fields).order_by(decision.c.decided_at, decision.c.id)
    )
    return [Decision(row.fields, row.earlier, row.same, row.decided_by, row.decided_at, row.reason) for row in rows]
