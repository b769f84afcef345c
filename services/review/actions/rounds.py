"""The organiser's acts before and during a round: declare it and its 评审细则, open it, add experts, remind."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from services.campaigns.models.campaign import Campaign
from services.campaigns.models.review import Round
from services.kernel.auth import Principal
from services.kernel.contracts.events import ExpertReminded, RoundOpened, RubricDeclared
from services.kernel.errors import Changed, Conflict, NotFound, Unprocessable
from services.kernel.ids import new_id
from services.kernel.instants import BEIJING
from services.kernel.ports import Transaction
from services.review import store
from services.review.actions import record, seats
from services.review.actions.problems import refusing, require_campaign
from services.review.domain import payloads
from services.review.domain.assignment import refuse_strangers
from services.review.domain.ballots import SeatState
from services.review.domain.canonical import ZERO, Algorithm, digest
from services.review.domain.record import rubric_declared
from services.review.domain.rounds import STATE_NAMES, VOTING, Act, RoundState, advance, reminder_sentence
from services.review.domain.rubric import Rubric, campaign_rubric, refuse_change, require_declared
from services.review.domain.streams import SEED_BYTES

BATCH_JOB = "review.batch"


@dataclass(frozen=True)
class Opened:
    """What opening or extending a round brought about."""

    round_id: str
    works: int
    experts: int
    ballots: int
    revision: int


def load(connection: Connection, who: Principal, round_id: str, *, lock: bool = False) -> Row[Any]:
    """Return the round. NotFound when there is none or the account is bound to another campaign."""
    row = store.find_round(connection, round_id, lock=lock)
    if row is None:
        raise NotFound
    require_campaign(who, row.campaign_id)
    return row


def rubric_of(row: Row[Any]) -> Rubric:
    """Return the declared 评审细则. `Conflict` before there is one (story 26)."""
    with refusing():
        return require_declared(Rubric.model_validate_json(row.rubric) if row.rubric else None)


def turn(transaction: Transaction, row: Row[Any], **values: Any) -> int:
    """Change the round's row and return its new revision."""
    revision: int = row.revision + 1
    changed = update(store.round_).where(store.round_.c.round_id == row.round_id)
    transaction.connection.execute(changed.values(revision=revision, **values))
    return revision


def declare_round(
    transaction: Transaction, who: Principal, *, campaign_id: str, round_key: str, alg: Algorithm
) -> dict[str, Any]:
    """Begin a round of the campaign's file: its record opens, and the seed of its draws is bound."""
    held, campaign = _campaign(transaction.connection, who, campaign_id)
    plan = _plan(campaign, round_key)
    known = select(store.round_.c.round_id).where(
        store.round_.c.campaign_id == campaign_id, store.round_.c.round_key == round_key
    )
    if transaction.connection.execute(known).one_or_none():
        raise Conflict(f"轮次“{plan.label}”已登记。", "This round was declared before.", kind="round-declared")
    round_id, seed = new_id(), secrets.token_bytes(SEED_BYTES)
    transaction.connection.execute(
        store.round_.insert().values(
            round_id=round_id,
            campaign_id=campaign_id,
            round_key=round_key,
            label=plan.label,
            state=RoundState.DECLARED.value,
            alg=alg,
            seed=seed,
            draws=0,
            batches=0,
            closings=0,
            tallies=0,
            note="",
            height=0,
            record_head=ZERO,
            revision=1,
        )
    )
    record.append(
        transaction,
        round_id,
        [
            payloads.RecordOpened(campaign=campaign_id, campaign_hash=held.campaign_hash),
            payloads.SeedCommitted(round=round_id, seed_hash=digest(alg, seed)),
        ],
    )
    return {"round_id": round_id, "seed_commitment": digest(alg, seed), "revision": 1}


def _campaign(connection: Connection, who: Principal, campaign_id: str) -> tuple[Row[Any], Campaign]:
    query = select(store.campaign).where(store.campaign.c.campaign_id == campaign_id)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound
    require_campaign(who, campaign_id)
    return row, Campaign.model_validate_json(row.normalised)


def _plan(campaign: Campaign, round_key: str) -> Round:
    plan = next((one for one in campaign.rounds if one.id == round_key), None)
    if plan is None:
        known = "、".join(one.id for one in campaign.rounds)
        raise Unprocessable(
            f"活动没有轮次“{round_key}”，可用：{known}。", "The campaign has no such round.", kind="unknown-round"
        )
    return plan


def declare_rubric(
    transaction: Transaction, who: Principal, round_id: str, *, rubric: Rubric | None, if_match: int | None
) -> dict[str, Any]:
    """Declare the 评审细则 (default: the campaign's). Refused after the first ballot, or once experts were drawn by it."""
    row = load(transaction.connection, who, round_id, lock=True)
    if if_match is not None and if_match != row.revision:
        raise Changed("评审细则已被改动，请核对后再提交。", "The round has changed.", current=row.revision)
    plan = _plan(_campaign(transaction.connection, who, row.campaign_id)[1], row.round_key)
    declared = rubric or campaign_rubric(plan)
    with refusing():
        refuse_change(ballots=store.count_ballots(transaction.connection, round_id))
    _refuse_other_shape(row, declared)
    payload = rubric_declared(round_id, declared, row.alg)
    revision = turn(transaction, row, rubric=declared.model_dump_json(), rubric_hash=payload.hash)
    record.append(transaction, round_id, [payload])
    transaction.emit(RubricDeclared(round_id=round_id, campaign_id=row.campaign_id, rubric_hash=payload.hash))
    return {"rubric": declared.model_dump(mode="json"), "rubric_hash": payload.hash, "revision": revision}


def _refuse_other_shape(row: Row[Any], declared: Rubric) -> None:
    """After the draw, what it was made by stays: how many experts a work, and how they are named."""
    if row.state == RoundState.DECLARED:
        return
    before = rubric_of(row)
    if row.state not in VOTING:
        raise Conflict(f"本轮次{STATE_NAMES[RoundState(row.state)]}，评审细则不能再修改。", "Too late.", kind="rubric-fixed")
    if (before.experts_per_work, before.calibration) != (declared.experts_per_work, declared.calibration):
        raise Conflict("专家已分配，每件作品的专家人数和校准办法不能再修改。", "The draw was made by it.", kind="rubric-fixed")


def open_round(transaction: Transaction, who: Principal, round_id: str, expert_ids: Sequence[str]) -> Opened:
    """Draw the chosen experts for every accepted work and let the review begin."""
    connection = transaction.connection
    row = load(connection, who, round_id, lock=True)
    rubric = rubric_of(row)
    with refusing():
        state = advance(RoundState(row.state), Act.OPEN)
    own_unit_recused = _plan(_campaign(connection, who, row.campaign_id)[1], row.round_key).own_unit_recused
    works = _enter_works(connection, row, own_unit_recused=own_unit_recused)
    panel = seats.admit(transaction, row, _experts(connection, row, expert_ids), number=0)
    readings = seats.lacking(connection, round_id, rubric)
    with refusing():
        drawn = seats.draw_seats(transaction, row, rubric, readings)
    record.append(transaction, round_id, [payloads.RoundOpened(round=round_id, works=works, panel=panel), drawn])
    revision = turn(transaction, row, state=state.value)
    transaction.enqueue(BATCH_JOB, f"{round_id}/1", {"round_id": round_id}, due=next_batch(transaction.now))
    opened = Opened(round_id, len(works), len(set(expert_ids)), len(drawn.seats), revision)
    transaction.emit(
        RoundOpened(
            round_id=round_id,
            campaign_id=row.campaign_id,
            seed_commitment=digest(row.alg, row.seed),
            works=opened.works,
            experts=opened.experts,
            ballots=opened.ballots,
        )
    )
    return opened


def next_batch(now: datetime) -> datetime:
    """Return the next fixed time at which ballots enter the record: midnight in Beijing."""
    tomorrow = now.astimezone(BEIJING).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), BEIJING)


def _enter_works(connection: Connection, row: Row[Any], *, own_unit_recused: bool) -> tuple[payloads.WorkEntered, ...]:
    query = select(store.work).where(store.work.c.campaign_id == row.campaign_id, store.work.c.accepted)
    heads = [json.loads(work.head) for work in connection.execute(query.order_by(store.work.c.work_id))]
    if not heads:
        raise Conflict("还没有形式审查通过的作品，不能开始评审。", "No work has been accepted.", kind="no-works")
    entered = tuple(
        payloads.WorkEntered(work=head["work_id"], title=head["title"], units=(head["unit_id"],) if own_unit_recused else ())
        for head in heads
    )
    connection.execute(
        store.round_work.insert(),
        [
            {
                "round_id": row.round_id,
                "work_id": one.work,
                "title": one.title,
                "units": json.dumps(one.units),
                "gone": False,
            }
            for one in entered
        ],
    )
    return entered


def _experts(connection: Connection, row: Row[Any], expert_ids: Sequence[str]) -> list[Row[Any]]:
    """Return these experts, each once. All or none: whoever corrects a list does it once, so every faulty row is told."""
    if not expert_ids:
        raise Unprocessable("请选择评审专家。", "Choose experts of this campaign.", kind="unknown-experts")
    living = {one.account_id: one for one in store.living_experts(connection, row.campaign_id)}
    ended = store.ended_accounts(connection, {account for account in expert_ids if account not in living})
    with refusing():
        refuse_strangers(expert_ids, living.keys(), ended)
    return [living[account] for account in sorted(set(expert_ids))]


def extend_panel(transaction: Transaction, who: Principal, round_id: str, expert_ids: Sequence[str]) -> Opened:
    """Add experts to an open round and draw for the works that lack some."""
    connection = transaction.connection
    row = load(connection, who, round_id, lock=True)
    if row.state != RoundState.OPEN:
        sentence = f"本轮次{STATE_NAMES[RoundState(row.state)]}，现在不能增补专家。"
        raise Conflict(sentence, "The round is not open.", kind="not-now")
    known = set(connection.execute(select(store.panelist.c.account_id).where(store.panelist.c.round_id == round_id)).scalars())
    added = [one for one in _experts(connection, row, expert_ids) if one.account_id not in known]
    if not added:
        raise Unprocessable("所选专家已在专家组内。", "These experts are on the panel.", kind="unknown-experts")
    rubric = rubric_of(row)
    number = (
        connection.execute(
            select(store.panel.c.number).where(store.panel.c.round_id == round_id).order_by(store.panel.c.number.desc())
        )
        .scalars()
        .first()
    )
    commitment = seats.admit(transaction, row, added, number=(number or 0) + 1)
    told: list[payloads.Payload] = [payloads.PanelExtended(round=round_id, panel=commitment)]
    if readings := seats.lacking(connection, round_id, rubric):
        with refusing():
            told += seats.fill(transaction, row, rubric, readings)
    record.append(transaction, round_id, told)
    ballots = sum(reading.need for reading in readings)
    return Opened(round_id, len(readings), len(added), ballots, turn(transaction, row))


def remind(transaction: Transaction, who: Principal, round_id: str) -> dict[str, Any]:
    """Ask every expert whose ballots are outstanding for them (催评); who they are is not told.

    `unheld` are ballots that nobody can be asked for, `works` says of which works: experts have to be added.
    """
    connection = transaction.connection
    row = load(connection, who, round_id)
    if row.state != RoundState.OPEN:
        sentence = f"本轮次{STATE_NAMES[RoundState(row.state)]}，不需要催评。"
        raise Conflict(sentence, "The round is not open.", kind="not-now")
    missing = Counter(seat.account_id for seat in store.open_seats(connection, round_id) if seat.state == SeatState.ASSIGNED)
    for account_id, outstanding in sorted(missing.items()):
        reminded = ExpertReminded(
            reminder_id=new_id(),
            round_id=round_id,
            campaign_id=row.campaign_id,
            account_id=account_id,
            outstanding=outstanding,
        )
        transaction.emit(reminded)
    short = seats.lacking(connection, round_id, rubric_of(row))
    unheld = sum(one.need for one in short)
    return {
        "experts": len(missing),
        "ballots": missing.total(),
        "unheld": unheld,
        "works": [{"work_id": one.work, "title": one.title, "ballots": one.need} for one in short],
        "message": reminder_sentence(len(missing), missing.total(), unheld),
    }
