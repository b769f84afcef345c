"""What people may see of a review: the organiser progress and tally, an expert his or her own ballots, all the result."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, func, select

from services.kernel.auth import BytesGrant, Principal, bytes_url
from services.kernel.errors import Conflict, NotFound
from services.kernel.keys import Keys
from services.review import store
from services.review.actions import record
from services.review.actions.closing import missing_seats
from services.review.actions.results import standing
from services.review.actions.rounds import load
from services.review.actions.seats import lacking, living_panel
from services.review.domain.assignment import shortage
from services.review.domain.ballots import SeatState
from services.review.domain.canonical import digest
from services.review.domain.points import shown
from services.review.domain.rounds import STATE_NAMES, VOTING, RoundState
from services.review.domain.rubric import Rubric
from services.review.domain.selection import tie_sentence

BYTES_PREFIX = "/bytes/"
COUNTED = frozenset(RoundState) - VOTING - {RoundState.DECLARED, RoundState.CLOSED}


def rounds(connection: Connection, who: Principal, campaign_id: str | None) -> list[dict[str, Any]]:
    """Return the rounds an organiser may see, by campaign and label."""
    bound = who.campaign_id or campaign_id
    query = select(store.round_).order_by(store.round_.c.campaign_id, store.round_.c.label)
    found = connection.execute(query if bound is None else query.where(store.round_.c.campaign_id == bound))
    return [_summary(row) for row in found if campaign_id in {None, row.campaign_id}]


def _summary(row: Row[Any]) -> dict[str, Any]:
    return {
        "round_id": row.round_id,
        "campaign_id": row.campaign_id,
        "round": row.round_key,
        "label": row.label,
        "state": row.state,
        "state_label": STATE_NAMES[RoundState(row.state)],
    }


def progress(connection: Connection, who: Principal, round_id: str) -> dict[str, Any]:
    """Return where a round stands. Which ballots are outstanding is told by work, never by expert."""
    row = load(connection, who, round_id)
    return {
        **_summary(row),
        "rubric": json.loads(row.rubric) if row.rubric else None,
        "rubric_hash": row.rubric_hash,
        "seed_commitment": digest(row.alg, row.seed),
        "works": len(store.round_works(connection, round_id)),
        "experts": _count(connection, round_id),
        "outstanding": _outstanding(connection, row),
        "lacking": _lacking(connection, row),
        "closes_at": row.closes_at,
        "note": row.note,
        "record": {"height": row.height, "head": row.record_head, "alg": row.alg},
        "result_id": connection.execute(
            select(store.result.c.result_id).where(store.result.c.round_id == round_id)
        ).scalar_one_or_none(),
        "revision": row.revision,
    }


def _count(connection: Connection, round_id: str) -> int:
    query = select(func.count()).where(store.panelist.c.round_id == round_id)
    return connection.execute(query).scalar_one()


def _outstanding(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    missing = Counter(seat.work for seat in missing_seats(connection, row)) if row.state in VOTING else Counter()
    titles = {work.work_id: work.title for work in store.round_works(connection, row.round_id)}
    works = [{"work_id": work, "title": titles[work], "ballots": count} for work, count in sorted(missing.items())]
    return {"ballots": missing.total(), "works": works}


def _lacking(connection: Connection, row: Row[Any]) -> list[dict[str, Any]]:
    """Return the works for which no further expert was found after a recusal."""
    if row.state not in VOTING:
        return []
    panel = living_panel(connection, row.round_id)
    short = lacking(connection, row.round_id, Rubric.model_validate_json(row.rubric))
    return [{"work_id": one.work, "title": one.title, "experts": one.need, "message": shortage(one, panel)} for one in short]


def recusals(connection: Connection, who: Principal, round_id: str) -> list[dict[str, Any]]:
    """Return who recused themselves from what and why: for the organiser's clerk alone (story 27)."""
    load(connection, who, round_id)
    query = (
        select(store.seat, store.expert.c.name, store.round_work.c.title)
        .join(store.expert, store.expert.c.account_id == store.seat.c.account_id)
        .join(
            store.round_work,
            (store.round_work.c.round_id == store.seat.c.round_id) & (store.round_work.c.work_id == store.seat.c.work_id),
        )
        .where(store.seat.c.round_id == round_id, store.seat.c.state == SeatState.RECUSED)
        .order_by(store.seat.c.recused_at)
    )
    return [
        {
            "account_id": row.account_id,
            "name": row.name,
            "work_id": row.work_id,
            "title": row.title,
            "reason": row.reason,
            "recused_at": row.recused_at,
        }
        for row in connection.execute(query)
    ]


def tallied(connection: Connection, who: Principal, round_id: str) -> dict[str, Any]:
    """Return the tally with its ties. `Conflict` before there is one."""
    row = load(connection, who, round_id)
    if row.state not in COUNTED:
        sentence = f"本轮次{STATE_NAMES[RoundState(row.state)]}，还没有评分汇总。"
        raise Conflict(sentence, "There is no tally yet.", kind="not-now")
    rubric, rows, tied, made = standing(connection, row)
    decided = {one.outcome: sorted(one.chosen) for one in made}
    return {
        "round_id": round_id,
        "state": row.state,
        "rows": [_tally_row(one, rubric) for one in store.tally_rows(connection, round_id)],
        "ties": [
            {
                "outcome": tie.outcome,
                "works": list(tie.works),
                "places": tie.places,
                "message": tie_sentence(rubric, tie, rows),
                "chosen": decided.get(tie.outcome),
            }
            for tie in tied
        ],
    }


def _tally_row(row: Row[Any], rubric: Rubric) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "work_id": row.work_id,
        "title": row.title,
        "sum": shown(Fraction(row.total)),
        "mean": shown(Fraction(row.mean)),
        "exact_mean": row.mean,
        "outcome": row.outcome,
        "outcome_label": rubric.label(row.outcome) if row.outcome else None,
    }


def record_file(connection: Connection, who: Principal, round_id: str) -> str:
    """Return the exported record. `Conflict` until the ballots may be opened: after the closing."""
    row = load(connection, who, round_id)
    if row.state in VOTING or row.state == RoundState.DECLARED:
        sentence = f"本轮次{STATE_NAMES[RoundState(row.state)]}，评审结束后才能导出评审记录。"
        raise Conflict(sentence, "The ballots are opened after the closing.", kind="not-now")
    return record.exported(connection, round_id)


def experts(connection: Connection, who: Principal, campaign_id: str) -> list[dict[str, Any]]:
    """Return the experts a clerk may choose from, by name."""
    if who.campaign_id not in {None, campaign_id}:
        raise NotFound
    found = store.living_experts(connection, campaign_id)
    rows = [{"account_id": one.account_id, "name": one.name, "unit_id": one.unit_id} for one in found]
    return sorted(rows, key=lambda row: (row["name"], row["account_id"]))


def my_ballots(connection: Connection, who: Principal) -> list[dict[str, Any]]:
    """Return an expert's own ballots, by title."""
    query = (
        select(store.seat, store.round_work.c.title, store.round_.c.label, store.round_.c.state.label("round_state"))
        .join(store.round_, store.round_.c.round_id == store.seat.c.round_id)
        .join(
            store.round_work,
            (store.round_work.c.round_id == store.seat.c.round_id) & (store.round_work.c.work_id == store.seat.c.work_id),
        )
        .where(store.seat.c.account_id == who.account_id, store.round_work.c.gone.is_(False))
        .order_by(store.round_.c.label, store.round_work.c.title, store.seat.c.seat_id)
    )
    return [
        {
            "ballot_id": row.seat_id,
            "round_id": row.round_id,
            "round": row.label,
            "title": row.title,
            "state": row.state,
            "open": row.round_state in VOTING and row.state != SeatState.RECUSED,
        }
        for row in connection.execute(query)
    ]


def my_ballot(connection: Connection, who: Principal, seat_id: str, *, keys: Keys, expires_at: datetime) -> dict[str, Any]:
    """Return one ballot of one's own: the 评审细则, the work, its films at signed addresses, what was entered."""
    mine = store.find_seat(connection, seat_id, who.account_id)
    if mine is None:
        raise NotFound
    held = store.find_round(connection, mine.round_id)
    assert held is not None  # noqa: S101 - a seat has a round
    standing_scores = select(store.ballot.c.scores).where(store.ballot.c.commitment == mine.standing)
    submitted = connection.execute(standing_scores).scalar_one_or_none()
    return {
        "ballot_id": seat_id,
        "round_id": mine.round_id,
        "round": held.label,
        "state": mine.state,
        "open": held.state in VOTING and mine.state != SeatState.RECUSED,
        "closes_at": held.closes_at,
        "rubric": json.loads(held.rubric),
        "draft": json.loads(mine.draft),
        "submitted": json.loads(submitted) if submitted else None,
        "work": _work(connection, who, mine, keys, expires_at),
        "revision": mine.revision,
    }


def _work(connection: Connection, who: Principal, mine: Row[Any], keys: Keys, expires_at: datetime) -> dict[str, Any] | None:
    """The work as its expert sees it: without its unit; nothing of it after a recusal."""
    if mine.state == SeatState.RECUSED:
        return None
    row = connection.execute(select(store.work).where(store.work.c.work_id == mine.work_id)).one()
    head = json.loads(row.head)
    wanted = {asset["asset_id"]: asset["sha256"] for asset in json.loads(row.assets)}
    query = select(store.rendition).where(store.rendition.c.work_id == mine.work_id)
    files = [
        _files(one, who, keys, expires_at)
        for one in connection.execute(query.order_by(store.rendition.c.asset_id))
        if wanted.get(one.asset_id) == one.sha256
    ]
    return {
        "work_id": mine.work_id,
        "title": head["title"],
        "track": head["track"],
        "story": json.loads(row.personal)["story"],
        "files": files,
    }


def _files(row: Row[Any], who: Principal, keys: Keys, expires_at: datetime) -> Mapping[str, Any]:
    parts = {"preview": row.preview_key, "poster": row.poster_key, "sheet": row.sheet_key, "waveform": row.waveform_key}
    signed = {
        part: bytes_url(keys, BYTES_PREFIX, BytesGrant(key, who.account_id, "review", expires_at))
        for part, key in parts.items()
        if key
    }
    return {"asset_id": row.asset_id, "type": row.preview_type, **signed}


def result(connection: Connection, result_id: str) -> dict[str, Any]:
    """Return a published result, as everybody may read it."""
    query = select(store.result.c.document).where(store.result.c.result_id == result_id)
    document = connection.execute(query).scalar_one_or_none()
    if document is None:
        raise NotFound
    value: dict[str, Any] = json.loads(document)
    return value


def results(connection: Connection, campaign_id: str | None) -> list[dict[str, Any]]:
    """Return what has been published, newest first."""
    query = select(store.result).order_by(store.result.c.published_at.desc(), store.result.c.result_id)
    found = connection.execute(query if campaign_id is None else query.where(store.result.c.campaign_id == campaign_id))
    documents = [json.loads(row.document) for row in found]
    names = ("result_id", "campaign_id", "campaign_title", "round", "level", "year", "published_at", "rehearsal")
    return [{name: document[name] for name in names} | {"works": len(document["works"])} for document in documents]
