"""Receipts as they were signed, and the counters of their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Row, String, Table, Text, select

from services.intake.store.base import metadata
from services.kernel.columns import Instant

receipt = Table(
    "receipt",
    metadata,
    Column("number", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("work_id", String),
    Column("list_id", String),
    Column("complete", Boolean, nullable=False),
    Column("follows", String),
    Column("token", Text, nullable=False, comment="The signed receipt, a compact JWS."),
    Column("received_at", Instant, nullable=False, comment="Campaign time."),
    Index("receipt_work", "work_id"),
    Index("receipt_list", "list_id"),
    comment="Receipts.",
)

receipt_counter = Table(
    "receipt_counter",
    metadata,
    Column("series", String, primary_key=True, comment="Prefix and year."),
    Column("last", Integer, nullable=False),
    comment="The last number given in each series.",
)


def next_number(connection: Connection, series: str) -> int:
    """Return the next number of a series, from 1."""
    key = receipt_counter.c.series == series
    counted = receipt_counter.update().where(key).values(last=receipt_counter.c.last + 1).returning(receipt_counter.c.last)
    found = connection.execute(counted).scalar_one_or_none()
    if found is None:
        connection.execute(receipt_counter.insert().values(series=series, last=1))
        return 1
    return int(found)


def add(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a receipt."""
    connection.execute(receipt.insert().values(values))


def find(connection: Connection, number: str) -> Row[Any] | None:
    """Return a receipt."""
    return connection.execute(select(receipt).where(receipt.c.number == number)).one_or_none()


def of_work(connection: Connection, work_id: str) -> list[Row[Any]]:
    """Return a work's receipts, oldest first."""
    return list(
        connection.execute(
            select(receipt).where(receipt.c.work_id == work_id).order_by(receipt.c.received_at, receipt.c.number)
        )
    )


def of_list(connection: Connection, list_id: str) -> list[Row[Any]]:
    """Return a list's receipts, oldest first."""
    return list(
        connection.execute(
            select(receipt).where(receipt.c.list_id == list_id).order_by(receipt.c.received_at, receipt.c.number)
        )
    )
