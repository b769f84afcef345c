"""The record's heads, and whose are public."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from services.notify.domain.witness import Head
from services.notify.store.tables import head, published


def keep_head(connection: Connection, event_id: str, one: Head) -> None:
    """Keep a head for ever."""
    row = insert(head).values(
        event_id=event_id,
        round_id=one.round_id,
        campaign_id=one.campaign_id,
        height=one.height,
        head=one.head,
        alg=one.alg,
        told_at=one.told_at,
    )
    connection.execute(row.on_conflict_do_nothing())


def heads_of(connection: Connection, round_id: str) -> list[Head]:
    """Return the heads of a round in the order of their heights."""
    query = select(head).where(head.c.round_id == round_id).order_by(head.c.height, head.c.told_at, head.c.event_id)
    rows = connection.execute(query)
    return [Head(row.round_id, row.campaign_id, row.height, row.head, row.alg, row.told_at) for row in rows]


def keep_published(connection: Connection, round_id: str, result_id: str) -> None:
    """Keep that a round's result is public."""
    connection.execute(insert(published).values(round_id=round_id, result_id=result_id).on_conflict_do_nothing())


def is_published(connection: Connection, round_id: str) -> bool:
    """Whether a round's result is public."""
    return connection.execute(select(published.c.round_id).where(published.c.round_id == round_id)).first() is not None


def last_head_told_at(connection: Connection) -> datetime | None:
    """Return when the latest head was told."""
    return connection.execute(select(head.c.told_at).order_by(head.c.told_at.desc()).limit(1)).scalar()
