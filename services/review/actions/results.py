"""From the tally to the published result: ties decided, confirmed by the head, made public."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, select, update

from services.campaigns.models.campaign import Campaign
from services.campaigns.models.winners import LEVEL_WORDS, Level
from services.kernel.auth import Principal
from services.kernel.contracts.events import Compared, ResultAnnounced, ResultPublished, ResultWork
from services.kernel.errors import Conflict, Unprocessable
from services.kernel.ids import new_id
from services.kernel.ports import Transaction
from services.review import store
from services.review.actions import record
from services.review.actions.problems import refusing
from services.review.actions.rounds import load, rubric_of, turn
from services.review.domain import payloads
from services.review.domain.record import result_confirmed
from services.review.domain.rounds import Act, RoundState, advance
from services.review.domain.rubric import Rubric
from services.review.domain.selection import Decision, Tie, decide, ties
from services.review.domain.selection import select as select_works
from services.review.domain.tally import Row as TallyRow


def standing(connection: Connection, row: Row[Any]) -> tuple[Rubric, list[TallyRow], list[Tie], list[Decision]]:
    """Return the rubric, the tally as it was written, its ties and what was decided on them."""
    rubric = rubric_of(row)
    rows = [
        TallyRow(one.work_id, Fraction(one.total), Fraction(one.mean), one.rank)
        for one in store.tally_rows(connection, row.round_id)
    ]
    made = connection.execute(select(store.tie).where(store.tie.c.round_id == row.round_id))
    decisions = [Decision(one.outcome, frozenset(json.loads(one.chosen))) for one in made]
    return rubric, rows, ties(rubric, rows), decisions


def decide_tie(
    transaction: Transaction, who: Principal, round_id: str, *, outcome: str, chosen: Sequence[str], reason: str
) -> dict[str, Any]:
    """Register what the panel decided on the tie at a cut, and why (story 30)."""
    row = load(transaction.connection, who, round_id, lock=True)
    with refusing():
        state = advance(RoundState(row.state), Act.DECIDE)
        _, _, tied, made = standing(transaction.connection, row)
        decision = decide(tied, made, outcome=outcome, chosen=chosen, reason=reason)
    told = payloads.TieDecided(
        round=round_id,
        outcome=outcome,
        chosen=tuple(sorted(decision.chosen)),
        reason=reason,
        by=who.account_id,
    )
    transaction.connection.execute(
        store.tie.insert().values(
            round_id=round_id,
            outcome=outcome,
            chosen=json.dumps(told.chosen),
            reason=reason,
            decided_by=who.account_id,
        )
    )
    record.append(transaction, round_id, [told])
    open_ties = len(tied) - len(made) - 1
    reached = row.state if open_ties else state.value
    return {"round_id": round_id, "open_ties": open_ties, "state": reached, "revision": turn(transaction, row, state=reached)}


def confirm(transaction: Transaction, who: Principal, round_id: str) -> dict[str, Any]:
    """The head confirms the result that tally, slate and decisions give."""
    row = load(transaction.connection, who, round_id, lock=True)
    rubric, rows, _, made = standing(transaction.connection, row)
    with refusing():
        if row.state == RoundState.TALLIED:
            select_works(rubric, rows, made)  # says which tie waits
        state = advance(RoundState(row.state), Act.CONFIRM)
        outcomes = select_works(rubric, rows, made)
    for work_id, outcome in outcomes.items():
        mine = (store.tally_row.c.round_id == round_id) & (store.tally_row.c.work_id == work_id)
        transaction.connection.execute(update(store.tally_row).where(mine).values(outcome=outcome))
    record.append(transaction, round_id, [result_confirmed(round_id, outcomes, who.account_id)])
    revision = turn(transaction, row, state=state.value)
    return {"round_id": round_id, "state": state.value, "chosen": len(outcomes), "revision": revision}


def publish(transaction: Transaction, who: Principal, round_id: str, *, level: Level | None) -> dict[str, Any]:
    """Make the confirmed result public: search and register take it, everybody may read it.

    The title's level is the campaign's; `level` is asked for where its file says none, and may not say another.
    """
    connection = transaction.connection
    row = load(connection, who, round_id, lock=True)
    with refusing():
        state = advance(RoundState(row.state), Act.PUBLISH)
    held = connection.execute(select(store.campaign).where(store.campaign.c.campaign_id == row.campaign_id)).one()
    notice = Campaign.model_validate_json(held.normalised).notice
    level = _level(notice.level, level)
    works, personal = _works(connection, row)
    head = record.append(transaction, round_id, [payloads.ResultPublished(round=round_id)])
    at, result_id = transaction.campaign_time(), new_id()
    facts = {
        "result_id": result_id,
        "campaign_id": row.campaign_id,
        "campaign_title": held.title,
        "level": level,
        "year": notice.issued_on.year,
        "published_at": at,
        "record_head": head,
        "works": tuple(works),
    }
    transaction.emit(ResultPublished(**facts, round_id=round_id, personal=personal))
    transaction.emit(announced := ResultAnnounced(**facts))
    document = {
        **announced.model_dump(mode="json"),
        "host": held.host,
        "round": row.label,
        "rehearsal": held.rehearsal,
        "record_alg": row.alg,
    }
    connection.execute(
        store.result.insert().values(
            result_id=result_id,
            round_id=round_id,
            campaign_id=row.campaign_id,
            published_at=at,
            document=json.dumps(document, ensure_ascii=False),
        )
    )
    revision = turn(transaction, row, state=state.value)
    return {"result_id": result_id, "state": state.value, "record_head": head, "revision": revision}


def _level(ruled: Level | None, stated: Level | None) -> Level:
    level = ruled or stated
    if level is None:
        known = "、".join(f"{word}（{name}）" for name, word in LEVEL_WORDS.items())
        raise Unprocessable(f"活动没有写明结果的级别，请填写level：{known}。", "Say the level.", kind="level-missing")
    if stated not in {None, level}:
        raise Unprocessable(
            f"活动写明结果为{LEVEL_WORDS[level]}，不能按{LEVEL_WORDS[stated or level]}公布。请去掉level或改为{level}。",
            "The campaign says another level.",
            kind="level-differs",
        )
    return level


def _works(connection: Connection, row: Row[Any]) -> tuple[list[ResultWork], dict[str, Compared]]:
    rubric = rubric_of(row)
    query = (
        select(store.tally_row.c.outcome, store.work.c.head, store.work.c.personal)
        .join(store.work, store.work.c.work_id == store.tally_row.c.work_id)
        .where(store.tally_row.c.round_id == row.round_id, store.tally_row.c.outcome.is_not(None))
    )
    works, personal = [], {}
    for one in connection.execute(query):
        head = json.loads(one.head)
        names = {name: head[name] for name in ("work_id", "title", "unit_id", "unit_name", "region_code", "track")}
        works.append((_place(rubric, one.outcome), ResultWork(**names, outcome=rubric.label(one.outcome))))
        personal[head["work_id"]] = Compared.model_validate(json.loads(one.personal)["compared"])
    if not works:
        raise Conflict("本轮次没有入选作品，不能公布。", "Nothing was chosen.", kind="nothing-chosen")
    works.sort(key=lambda pair: (pair[0], pair[1].region_code, pair[1].unit_id, pair[1].title, pair[1].work_id))
    return [work for _, work in works], personal


def _place(rubric: Rubric, outcome: str) -> int:
    return [cut.outcome for cut in rubric.slate].index(outcome)
