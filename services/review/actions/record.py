"""Writing the record, and reading it out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select, update

from services.kernel.contracts.events import RecordAdvanced
from services.kernel.ports import Transaction
from services.review import store
from services.review.domain.ballots import Ballot, SeatState
from services.review.domain.canonical import Json, canonical
from services.review.domain.payloads import Payload
from services.review.domain.record import Entry, ballot_opening, export, follow


def append(transaction: Transaction, round_id: str, payloads: Sequence[Payload]) -> str:
    """Continue the round's chain, tell its new head, and return it. The chain is locked until the commit."""
    row = store.find_round(transaction.connection, round_id, lock=True)
    assert row is not None  # noqa: S101 - whoever appends has the round
    seq: int = row.height
    head: str = row.record_head
    at = transaction.campaign_time()
    for payload in payloads:
        entry = follow(seq, head, alg=row.alg, at=at, payload=payload)
        seq, head = entry.seq, entry.hash()
        _insert(transaction.connection, round_id, entry, head)
    changed = update(store.round_).where(store.round_.c.round_id == round_id)
    transaction.connection.execute(changed.values(height=seq, record_head=head))
    transaction.emit(RecordAdvanced(round_id=round_id, campaign_id=row.campaign_id, height=seq, head=head, alg=row.alg))
    return head


def _insert(connection: Connection, round_id: str, entry: Entry, head: str) -> None:
    connection.execute(
        store.record_entry.insert().values(
            round_id=round_id,
            seq=entry.seq,
            alg=entry.alg,
            at=entry.at,
            kind=entry.kind,
            payload=canonical(entry.payload).decode(),
            prev=entry.prev,
            hash=head,
        )
    )


def exported(connection: Connection, round_id: str) -> str:
    """Return the record of a closed round as JSON lines, its counted ballots opened, the experts not."""
    query = select(store.record_entry).where(store.record_entry.c.round_id == round_id)
    rows = connection.execute(query.order_by(store.record_entry.c.seq))
    return export([_entry(row) for row in rows], _openings(connection, round_id))


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.seq, row.alg, row.at, row.kind, json.loads(row.payload), row.prev)


def _openings(connection: Connection, round_id: str) -> list[Json]:
    query = (
        select(store.ballot, store.seat.c.work_id, store.seat.c.pseudonym)
        .join(store.seat, store.seat.c.seat_id == store.ballot.c.seat_id)
        .where(
            store.ballot.c.round_id == round_id,
            store.ballot.c.batch.is_not(None),
            store.seat.c.state != SeatState.RECUSED,
        )
    )
    return [ballot_opening(ballot_of(row), row.nonce, row.commitment) for row in connection.execute(query)]


def ballot_of(row: Row[Any]) -> Ballot:
    """Return the ballot of a row that was joined with its seat."""
    return Ballot(row.work_id, row.pseudonym, json.loads(row.scores), row.replaces)
