"""An expert's account ends: what waits for that expert goes to others."""

from __future__ import annotations

from datetime import datetime

from services.kernel.ports import Transaction
from services.review import store
from services.review.actions import record, seats
from services.review.actions.rounds import rubric_of


def end_expert(transaction: Transaction, account_id: str, *, at: datetime) -> None:
    """Close the expert's open ballots as a recusal by the office would, and draw others. Ballots that were cast stay."""
    for round_id in store.waiting_rounds(transaction.connection, account_id):
        held = store.find_round(transaction.connection, round_id, lock=True)
        assert held is not None  # noqa: S101 - a seat has a round
        closed = seats.close_left(transaction, round_id, at=at)
        if closed:
            works = {one.work for one in closed}
            record.append(transaction, round_id, [*closed, *seats.replace(transaction, held, rubric_of(held), works)])
