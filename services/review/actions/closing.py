"""Ending a round: asked for, taken effect at an instant, settled, tallied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from services.kernel.auth import Principal
from services.kernel.contracts.events import RoundClosed
from services.kernel.errors import Transient, Unprocessable
from services.kernel.ports import Transaction
from services.review import store
from services.review.actions import record
from services.review.actions.problems import refusing
from services.review.actions.rounds import BATCH_JOB, load, next_batch, rubric_of, turn
from services.review.domain import payloads
from services.review.domain.assignment import Seat
from services.review.domain.ballots import Ballot, SeatState
from services.review.domain.faults import Outstanding
from services.review.domain.record import batch, instant, may_enter, tally_computed
from services.review.domain.rounds import VOTING, Act, RoundState, advance, minute, refuse_missing
from services.review.domain.rubric import Rubric
from services.review.domain.selection import Tie, ties
from services.review.domain.tally import Row as TallyRow
from services.review.domain.tally import tally

SETTLE_JOB = "review.settle"
TALLY_JOB = "review.tally"


def ask_closing(
    transaction: Transaction, who: Principal, round_id: str, *, at: datetime | None, received: datetime
) -> dict[str, Any]:
    """Let the round end at `at` (campaign time; default: now). `Conflict` while ballots are missing (story 29)."""
    row = load(transaction.connection, who, round_id, lock=True)
    now = transaction.campaign_time(received)
    closes_at = at or now
    if closes_at < now:
        raise Unprocessable(
            f"结束时间{minute(closes_at)}已过，应不早于现在（{minute(now)}）。", "A round cannot end in the past.", kind="past"
        )
    with refusing():
        state = advance(RoundState(row.state), Act.CLOSE)
        refuse_missing(missing_seats(transaction.connection, row))
    closings = row.closings + 1
    revision = turn(transaction, row, state=state.value, closes_at=closes_at, closings=closings, note="")
    transaction.enqueue(SETTLE_JOB, f"{round_id}/{closings}", {"round_id": round_id, "closing": closings})
    return {"round_id": round_id, "state": state.value, "closes_at": closes_at, "revision": revision}


def missing_seats(connection: Connection, row: Row[Any]) -> list[Seat]:
    """Return one seat for each ballot that is missing, also where no expert has been found for it yet."""
    asked = rubric_of(row).experts_per_work if row.rubric else 0
    cast: dict[str, int] = {work.work_id: 0 for work in store.round_works(connection, row.round_id)}
    for seat in store.open_seats(connection, row.round_id):
        cast[seat.work_id] += seat.state == SeatState.SUBMITTED
    return [Seat(work, "") for work, count in cast.items() for _ in range(asked - count)]


def has_come(transaction: Transaction, round_id: str) -> datetime | None:
    """Return this system instant once the campaign's clock has reached the round's end, None before."""
    row = store.find_round(transaction.connection, round_id)
    if row is None or row.closes_at is None or transaction.campaign_time() < row.closes_at:
        return None
    return transaction.now


def settle(transaction: Transaction, round_id: str, closing: int) -> None:
    """Every write stamped before the end is answered: close the round, or go on when a ballot has become missing."""
    row = store.find_round(transaction.connection, round_id, lock=True)
    if row is None or row.state != RoundState.CLOSING or row.closings != closing:
        return
    try:
        refuse_missing(missing_seats(transaction.connection, row))
    except Outstanding as fault:
        _go_on(transaction, row, fault)
        return
    _close(transaction, row)


def _go_on(transaction: Transaction, row: Row[Any], fault: Outstanding) -> None:
    """The end did not take place: ballots that were told to be late count after all, each expert's last one."""
    note = f"{minute(row.closes_at)}的结束评审未生效：{fault}"
    turn(transaction, row, state=advance(RoundState.CLOSING, Act.RESUME).value, closes_at=None, note=note)
    connection = transaction.connection
    late = select(store.ballot).where(store.ballot.c.round_id == row.round_id, store.ballot.c.late)
    last = {ballot.seat_id: ballot for ballot in connection.execute(late.order_by(store.ballot.c.stamped_at))}
    for ballot in last.values():
        connection.execute(update(store.ballot).where(store.ballot.c.commitment == ballot.commitment).values(late=False))
        adopted = {"state": SeatState.SUBMITTED.value, "standing": ballot.commitment, "draft": ballot.scores}
        mine = (store.seat.c.seat_id == ballot.seat_id) & (store.seat.c.state != SeatState.RECUSED)
        connection.execute(update(store.seat).where(mine).values(adopted))


def _close(transaction: Transaction, row: Row[Any]) -> None:
    ended = payloads.RoundClosed(
        round=row.round_id,
        closed_at=instant(row.closes_at),
        ballots=store.count_ballots(transaction.connection, row.round_id),
    )
    told: list[payloads.Payload] = [*_enter(transaction, row, _pending(transaction.connection, row.round_id)), ended]
    record.append(transaction, row.round_id, told)
    turn(transaction, row, state=advance(RoundState.CLOSING, Act.SETTLE).value, tallies=row.tallies + 1)
    transaction.emit(RoundClosed(round_id=row.round_id, campaign_id=row.campaign_id, closed_at=row.closes_at))
    _ask_tally(transaction, row.round_id, row.tallies + 1)


def _ask_tally(transaction: Transaction, round_id: str, number: int) -> None:
    transaction.enqueue(TALLY_JOB, f"{round_id}/{number}", {"round_id": round_id, "tally": number})


def _pending(connection: Connection, round_id: str) -> list[Row[Any]]:
    query = (
        select(store.ballot.c.commitment, store.seat.c.account_id)
        .join(store.seat, store.seat.c.seat_id == store.ballot.c.seat_id)
        .where(store.ballot.c.round_id == round_id, store.ballot.c.batch.is_(None), store.ballot.c.late.is_(False))
    )
    return list(connection.execute(query))


def _enter(transaction: Transaction, row: Row[Any], pending: Sequence[Row[Any]]) -> list[payloads.BallotCommitted]:
    if not pending:
        return []
    number = row.batches + 1
    commitments = [one.commitment for one in pending]
    transaction.connection.execute(
        update(store.ballot)
        .where(store.ballot.c.round_id == row.round_id, store.ballot.c.batch.is_(None), store.ballot.c.late.is_(False))
        .values(batch=number)
    )
    changed = update(store.round_).where(store.round_.c.round_id == row.round_id)
    transaction.connection.execute(changed.values(batches=number))
    return batch(row.round_id, number, commitments)


def enter_batch(transaction: Transaction, round_id: str, number: int) -> None:
    """At a fixed time: let ballots enter the record if they hide who cast them, and plan the next time."""
    row = store.find_round(transaction.connection, round_id, lock=True)
    if row is None or row.state not in VOTING:
        return
    pending = _pending(transaction.connection, round_id)
    if may_enter(one.account_id for one in pending):
        record.append(transaction, round_id, _enter(transaction, row, pending))
    due = next_batch(transaction.now)
    transaction.enqueue(BATCH_JOB, f"{round_id}/{number + 1}", {"round_id": round_id, "batch": number + 1}, due=due)


Counted = tuple[Rubric, list[TallyRow], list[Tie]]


def count(connection: Connection, round_id: str) -> Counted:
    """Return the tally of a closed round and its ties, exactly."""
    row = store.find_round(connection, round_id)
    assert row is not None  # noqa: S101 - the job names a round that closed
    rubric = rubric_of(row)
    rows = tally(rubric, counted_ballots(connection, round_id))
    return rubric, rows, ties(rubric, rows)


def counted_ballots(connection: Connection, round_id: str) -> list[Ballot]:
    """Return the ballots that count: each held seat's standing one, its work still there."""
    standing = store.ballot.c.commitment == store.seat.c.standing
    there = (store.round_work.c.round_id == store.seat.c.round_id) & (store.round_work.c.work_id == store.seat.c.work_id)
    query = (
        select(store.ballot, store.seat.c.work_id, store.seat.c.pseudonym)
        .join(store.seat, standing)
        .join(store.round_work, there)
        .where(
            store.seat.c.round_id == round_id,
            store.seat.c.state == SeatState.SUBMITTED,
            store.round_work.c.gone.is_(False),
        )
    )
    return [record.ballot_of(row) for row in connection.execute(query)]


def keep_tally(transaction: Transaction, round_id: str, number: int, counted: Counted) -> None:
    """Write the tally. `Transient` when a work left while it was computed, so that it is computed again."""
    row = store.find_round(transaction.connection, round_id, lock=True)
    if row is None or row.state != RoundState.CLOSED or row.tallies != number:
        return
    rubric, rows, tied = counted
    if {one.work for one in rows} != {work.work_id for work in store.round_works(transaction.connection, round_id)}:
        raise Transient("a work has left the round")
    _insert_rows(transaction.connection, round_id, rows)
    record.append(transaction, round_id, [tally_computed(round_id, rubric.hash(row.alg), rows, tied)])
    state = advance(RoundState.CLOSED, Act.TALLY)
    turn(transaction, row, state=(state if tied else advance(state, Act.DECIDE)).value)


def _insert_rows(connection: Connection, round_id: str, rows: Sequence[TallyRow]) -> None:
    values = [
        {
            "round_id": round_id,
            "work_id": one.work,
            "place": place,
            "rank": one.rank,
            "total": str(one.total),
            "mean": str(one.mean),
        }
        for place, one in enumerate(rows, start=1)
    ]
    if values:
        connection.execute(store.tally_row.insert(), values)


def drop_work(transaction: Transaction, work_id: str, reason: str) -> None:
    """A work was withdrawn or rejected: it leaves every round whose result is not confirmed, and its ballots with it."""
    connection = transaction.connection
    rounds = select(store.round_work.c.round_id).where(
        store.round_work.c.work_id == work_id, store.round_work.c.gone.is_(False)
    )
    for round_id in connection.execute(rounds).scalars().all():
        row = store.find_round(connection, round_id, lock=True)
        if row is not None and row.state in _LEAVABLE:
            _leave(transaction, row, work_id, reason)


_LEAVABLE = VOTING | {RoundState.CLOSED, RoundState.TALLIED, RoundState.DECIDED}


def _leave(transaction: Transaction, row: Row[Any], work_id: str, reason: str) -> None:
    connection = transaction.connection
    mine = (store.round_work.c.round_id == row.round_id) & (store.round_work.c.work_id == work_id)
    connection.execute(update(store.round_work).where(mine).values(gone=True))
    record.append(transaction, row.round_id, [payloads.WorkLeft(round=row.round_id, work=work_id, reason=reason)])
    if row.state in {RoundState.TALLIED, RoundState.DECIDED}:
        _recount(transaction, row)


def _recount(transaction: Transaction, row: Row[Any]) -> None:
    for table in (store.tally_row, store.tie):
        transaction.connection.execute(delete(table).where(table.c.round_id == row.round_id))
    number = row.tallies + 1
    turn(transaction, row, state=advance(RoundState(row.state), Act.RECOUNT).value, tallies=number)
    _ask_tally(transaction, row.round_id, number)
