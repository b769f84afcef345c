"""Drawing experts: the seats of a round, at its opening and whenever a work lacks one."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, select, update

from services.kernel.contracts.events import BallotsAssigned
from services.kernel.ports import Transaction
from services.review import store
from services.review.domain.assignment import (
    PSEUDONYM_BYTES,
    Panelist,
    Reading,
    Seat,
    draw,
    draw_label,
    is_short,
    pseudonym,
    refuse_shortage,
)
from services.review.domain.ballots import SeatState, panel_tie
from services.review.domain.canonical import NONCE_BYTES, Algorithm, commit
from services.review.domain.payloads import Payload, SeatDrawn, SeatRecused, SeatsDrawn
from services.review.domain.record import panel_content
from services.review.domain.rubric import Calibration, Rubric
from services.review.domain.streams import Stream

ACCOUNT_ENDED = "账号已停用"


def admit(transaction: Transaction, row: Row[Any], experts: Iterable[Row[Any]], *, number: int) -> str:
    """Add experts to the round's panel and return the commitment to them."""
    units = {one.account_id: [one.unit_id] if one.unit_id else [] for one in experts}
    nonce = secrets.token_bytes(NONCE_BYTES)
    connection = transaction.connection
    connection.execute(store.panel.insert().values(round_id=row.round_id, number=number, nonce=nonce))
    connection.execute(
        store.panelist.insert(),
        [
            {"round_id": row.round_id, "account_id": account, "number": number, "units": json.dumps(of)}
            for account, of in units.items()
        ],
    )
    return commit(row.alg, nonce, panel_content(units))


def lacking(connection: Connection, round_id: str, rubric: Rubric) -> list[Reading]:
    """Return the works of a round that have fewer readers than the 评审细则 asks for."""
    query = select(store.seat.c.work_id, store.seat.c.account_id, store.seat.c.state)
    seats = connection.execute(query.where(store.seat.c.round_id == round_id)).all()
    held = Counter(row.work_id for row in seats if row.state != SeatState.RECUSED)
    return [
        Reading(
            work=work.work_id,
            title=work.title,
            units=frozenset(json.loads(work.units)),
            need=rubric.experts_per_work - held[work.work_id],
            barred=_accounts(seats, work.work_id, recused=True),
            seated=_accounts(seats, work.work_id, recused=False),
        )
        for work in store.round_works(connection, round_id)
        if held[work.work_id] < rubric.experts_per_work
    ]


def _accounts(seats: Iterable[Any], work_id: str, *, recused: bool) -> frozenset[str]:
    return frozenset(row.account_id for row in seats if row.work_id == work_id and (row.state == SeatState.RECUSED) == recused)


def close(transaction: Transaction, mine: Row[Any], *, reason: str, at: datetime) -> SeatRecused:
    """Close a seat by a recusal and return what the record says of it; its ballots are void."""
    connection = transaction.connection
    query = select(store.ballot.c.commitment).where(store.ballot.c.seat_id == mine.seat_id, store.ballot.c.late.is_(False))
    void = tuple(sorted(connection.execute(query).scalars()))
    state = {"state": SeatState.RECUSED.value, "reason": reason, "recused_at": at, "draft": "{}", "revision": mine.revision + 1}
    connection.execute(update(store.seat).where(store.seat.c.seat_id == mine.seat_id).values(state))
    return SeatRecused(round=mine.round_id, work=mine.work_id, pseudonym=mine.pseudonym, void=void)


def close_left(transaction: Transaction, round_id: str, *, at: datetime) -> list[SeatRecused]:
    """Close the open seats of experts whose accounts have ended; a ballot that was cast stays."""
    left = store.left_seats(transaction.connection, round_id)
    return [close(transaction, mine, reason=ACCOUNT_ENDED, at=at) for mine in left]


def replace(transaction: Transaction, row: Row[Any], rubric: Rubric, works: Collection[str]) -> list[Payload]:
    """Draw for these works where experts are left. The others stay short: progress says why, and closing waits."""
    living = living_panel(transaction.connection, row.round_id)
    readings = [one for one in lacking(transaction.connection, row.round_id, rubric) if one.work in works]
    return fill(transaction, row, rubric, [one for one in readings if not is_short(one, living)])


def fill(transaction: Transaction, row: Row[Any], rubric: Rubric, readings: Sequence[Reading]) -> list[Payload]:
    """Draw until these works have their experts. Raises `Shortage`, with nothing drawn.

    Each draw is from the whole committed panel, so that it can be made again from the record; a seat that falls to
    somebody whose account has ended is closed as a recusal and drawn for again.
    """
    connection = transaction.connection
    refuse_shortage(readings, living_panel(connection, row.round_id))
    told: list[Payload] = []
    while readings:
        drawing = store.find_round(connection, row.round_id)
        assert drawing is not None  # noqa: S101 - its row was at hand
        told.append(draw_seats(transaction, drawing, rubric, readings))
        closed = close_left(transaction, row.round_id, at=transaction.campaign_time())
        told += closed
        again = {one.work for one in closed}
        readings = [one for one in lacking(connection, row.round_id, rubric) if one.work in again]
    return told


def draw_seats(transaction: Transaction, row: Row[Any], rubric: Rubric, readings: Sequence[Reading]) -> SeatsDrawn:
    """Draw experts for these works, seat them, tell them, and return what the record says of it. Raises `Shortage`."""
    connection = transaction.connection
    stream = Stream(row.seed, draw_label(row.round_id, row.draws))
    drawn = draw(stream, readings, _panel(connection, row.round_id), _loads(connection, row.round_id))
    entries = _seat(connection, row, rubric, drawn)
    changed = update(store.round_).where(store.round_.c.round_id == row.round_id)
    connection.execute(changed.values(draws=row.draws + 1))
    there = {one.expert for one in living_panel(connection, row.round_id)}
    for account_id, count in sorted(Counter(seat.expert for seat in drawn if seat.expert in there).items()):
        assigned = BallotsAssigned(
            round_id=row.round_id,
            campaign_id=row.campaign_id,
            account_id=account_id,
            ballots=count,
            drawn=row.draws,
        )
        transaction.emit(assigned)
    return SeatsDrawn(round=row.round_id, draw=row.draws, seats=tuple(sorted(entries, key=SeatDrawn.key)))


def _panel(connection: Connection, round_id: str) -> list[Panelist]:
    query = select(store.panelist).where(store.panelist.c.round_id == round_id)
    return [Panelist(row.account_id, frozenset(json.loads(row.units))) for row in connection.execute(query)]


def living_panel(connection: Connection, round_id: str) -> list[Panelist]:
    """Return the experts of the round whose accounts have not ended."""
    ended = store.ended_panelists(connection, round_id)
    return [one for one in _panel(connection, round_id) if one.expert not in ended]


def _loads(connection: Connection, round_id: str) -> Mapping[str, int]:
    return Counter(row.account_id for row in store.open_seats(connection, round_id))


def _seat(connection: Connection, row: Row[Any], rubric: Rubric, drawn: Sequence[Seat]) -> list[SeatDrawn]:
    names = _round_names(connection, row.round_id) if rubric.calibration is not Calibration.NONE else None
    entries, values = [], []
    for seat in drawn:
        name = pseudonym(secrets.token_bytes(PSEUDONYM_BYTES))
        if names is not None:
            name = names.setdefault(seat.expert, name)
        nonce = secrets.token_bytes(NONCE_BYTES)
        values.append(_values(row.round_id, seat, name, nonce))
        entries.append(SeatDrawn(work=seat.work, pseudonym=name, expert=_tie(row.alg, nonce, seat, name)))
    connection.execute(store.seat.insert(), values)
    return entries


def _round_names(connection: Connection, round_id: str) -> dict[str, str]:
    query = select(store.seat.c.account_id, store.seat.c.pseudonym).where(store.seat.c.round_id == round_id)
    return {row.account_id: row.pseudonym for row in connection.execute(query)}


def _tie(alg: Algorithm, nonce: bytes, seat: Seat, name: str) -> str:
    return commit(alg, nonce, panel_tie(seat.work, name, seat.expert))


def _values(round_id: str, seat: Seat, name: str, nonce: bytes) -> dict[str, Any]:
    return {
        "seat_id": str(uuid4()),
        "round_id": round_id,
        "work_id": seat.work,
        "account_id": seat.expert,
        "pseudonym": name,
        "nonce": nonce,
        "state": SeatState.ASSIGNED.value,
        "draft": "{}",
        "revision": 1,
    }
