"""An expert's acts: save a draft, submit, change, recuse."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from services.kernel import faults
from services.kernel.auth import Principal
from services.kernel.errors import Changed, Conflict, NotFound
from services.kernel.ports import Transaction
from services.review import store
from services.review.actions import record, seats
from services.review.actions.problems import refusing
from services.review.actions.rounds import rubric_of
from services.review.domain.ballots import Ballot, SeatState, draft_scores, submitted_scores
from services.review.domain.canonical import NONCE_BYTES
from services.review.domain.rounds import VOTING, in_time, late_sentence, minute, receipt_sentence


def load(transaction: Transaction, who: Principal, seat_id: str) -> tuple[Row[Any], Row[Any]]:
    """Return the expert's seat and its round, locked. NotFound when it is not theirs; Conflict when it is closed."""
    connection = transaction.connection
    mine = store.find_seat(connection, seat_id, who.account_id)
    if mine is None:
        raise NotFound
    held = store.find_round(connection, mine.round_id, lock=True)
    assert held is not None  # noqa: S101 - a seat has a round
    if mine.state == SeatState.RECUSED:
        raise Conflict("您已回避这件作品，评分表已关闭。", "You have recused yourself.", kind="recused")
    gone = select(store.round_work.c.gone).where(
        store.round_work.c.round_id == mine.round_id, store.round_work.c.work_id == mine.work_id
    )
    if connection.execute(gone).scalar_one():
        raise Conflict("这件作品已退出本轮次，不再评分。", "The work has left the round.", kind="work-left")
    return mine, held


def save_draft(
    transaction: Transaction,
    who: Principal,
    seat_id: str,
    given: Mapping[str, object],
    *,
    received: datetime,
    if_match: int | None,
) -> dict[str, Any]:
    """Keep scores that are not complete yet."""
    mine, held = load(transaction, who, seat_id)
    at = transaction.campaign_time(received)
    if not _is_open(held, at):
        raise Conflict(f"评审已于{minute(held.closes_at)}结束，草稿不再保存。", "The round is closed.", kind="round-closed")
    _match(mine, if_match)
    with refusing():
        scores = draft_scores(rubric_of(held), given)
    revision = _change(transaction, mine, draft=_json(scores))
    return {"ballot_id": seat_id, "draft": scores, "revision": revision}


def _is_open(held: Row[Any], at: datetime) -> bool:
    return held.state in VOTING and in_time(at, held.closes_at)


def _match(mine: Row[Any], if_match: int | None) -> None:
    if if_match is not None and if_match != mine.revision:
        current = {"draft": json.loads(mine.draft), "revision": mine.revision}
        raise Changed("评分表已在别处改动，请核对后再提交。", "The ballot has changed.", current=current)


def _change(transaction: Transaction, mine: Row[Any], **values: Any) -> int:
    revision: int = mine.revision + 1
    changed = update(store.seat).where(store.seat.c.seat_id == mine.seat_id)
    transaction.connection.execute(changed.values(revision=revision, **values))
    return revision


def submit(
    transaction: Transaction,
    who: Principal,
    seat_id: str,
    given: Mapping[str, object],
    *,
    received: datetime,
    if_match: int | None,
) -> dict[str, Any]:
    """Cast a ballot, or change one by a new one that names it; at or after the closing it is kept and does not count.

    The answer is the expert's receipt: with nonce and pseudonym anybody can find the ballot in the exported record.
    """
    mine, held = load(transaction, who, seat_id)
    _match(mine, if_match)
    with refusing():
        scores = submitted_scores(rubric_of(held), given)
    at = transaction.campaign_time(received)
    counted = _is_open(held, at)
    cast = Ballot(mine.work_id, mine.pseudonym, scores, mine.standing)
    nonce = secrets.token_bytes(NONCE_BYTES)
    commitment = cast.commitment(held.alg, nonce)
    _insert(transaction, mine, cast, commitment=commitment, nonce=nonce, received=(at, received), late=not counted)
    faults.hit("ballot.before-record")
    revision = mine.revision
    if counted:
        state = SeatState.SUBMITTED.value
        revision = _change(transaction, mine, state=state, standing=commitment, draft=_json(scores))
    return {
        "ballot_id": seat_id,
        "counted": counted,
        "message": receipt_sentence(at) if counted else late_sentence(at, held.closes_at),
        "received_at": at,
        "ballot": cast.content(),
        "nonce": nonce.hex(),
        "commitment": commitment,
        "revision": revision,
    }


def _insert(
    transaction: Transaction,
    mine: Row[Any],
    cast: Ballot,
    *,
    commitment: str,
    nonce: bytes,
    received: tuple[datetime, datetime],
    late: bool,
) -> None:
    transaction.connection.execute(
        store.ballot.insert().values(
            commitment=commitment,
            round_id=mine.round_id,
            seat_id=mine.seat_id,
            scores=_json(cast.scores),
            replaces=cast.replaces,
            nonce=nonce,
            received_at=received[0],
            stamped_at=received[1],
            late=late,
        )
    )


def recuse(transaction: Transaction, who: Principal, seat_id: str, *, reason: str, received: datetime) -> dict[str, Any]:
    """Close the expert's ballot and draw a replacement; when nobody is left the organiser is shown what is lacking."""
    mine, held = load(transaction, who, seat_id)
    at = transaction.campaign_time(received)
    if not _is_open(held, at):
        raise Conflict(f"评审已于{minute(held.closes_at)}结束，不能再申请回避。", "The round is closed.", kind="round-closed")
    closed = seats.close(transaction, mine, reason=reason, at=at)
    told = [closed, *seats.replace(transaction, held, rubric_of(held), {mine.work_id})]
    record.append(transaction, mine.round_id, told)
    state = SeatState.RECUSED.value
    return {"ballot_id": seat_id, "state": state, "message": "已回避。", "revision": mine.revision + 1}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
