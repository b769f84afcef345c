"""The log of what people did: who, when, what, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, String, Table, Text, select

from services.intake.store.base import metadata
from services.intake.store.people import account
from services.kernel.columns import Instant
from services.kernel.ids import new_id

act = Table(
    "act",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", Instant, nullable=False, comment="System time."),
    Column("campaign_at", Instant, nullable=False, comment="Campaign time."),
    Column("account_id", String, nullable=False),
    Column("act", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Index("act_subject", "subject", "id"),
    comment="操作日志: rows are only ever added.",
)


def add(
    connection: Connection,
    *,
    at: datetime,
    campaign_at: datetime,
    account_id: str,
    done: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Add what a person did."""
    told = json.dumps(detail, ensure_ascii=False)
    row = {"id": new_id(), "at": at, "campaign_at": campaign_at, "account_id": account_id, "act": done}
    connection.execute(act.insert().values(**row, subject=subject, detail=told))


def of_subject(connection: Connection, subject: str) -> list[Row[Any]]:
    """Return what was done to a thing, oldest first, with the names of those who did it."""
    query = select(act, account.c.name).outerjoin(account, account.c.id == act.c.account_id)
    return list(connection.execute(query.where(act.c.subject == subject).order_by(act.c.id)))
