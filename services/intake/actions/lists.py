"""A recommendation list: its statements, its lock by two persons, its paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.campaigns.evaluation.quotas import Listed, LockDecision, Waivers, below_min_key, decide_lock
from services.campaigns.findings import Finding, Severity
from services.campaigns.instants import closing_text, moment_text
from services.intake.actions import files, receipts
from services.intake.actions.acts import record
from services.intake.actions.places import check_revision, own_list, touch
from services.intake.actions.rules import Rules
from services.intake.actions.windows import admit
from services.intake.domain import content
from services.intake.domain import works as work_steps
from services.intake.domain.lists import ListState, Step, StepRefused, after
from services.intake.domain.papers import Column, ListPaper
from services.intake.store import lists, uploads, works
from services.intake.store.lists import UnitList
from services.intake.store.works import Work
from services.kernel import faults
from services.kernel.auth import Principal
from services.kernel.contracts.events import ListedWork, ListLocked, ListUnlocked
from services.kernel.errors import Conflict, Unprocessable
from services.kernel.keys import Keys
from services.kernel.ports import Transaction

PLATFORM = "平台要求"
NARROW, WIDE = 0.55, 10


class LockHeld(Conflict):
    """409: the list cannot be locked yet; `findings` says why, all at once."""

    kind = "lock-held"


@dataclass(frozen=True, slots=True)
class Said:
    """A list as it stands after an act, and what is to be said."""

    row: UnitList
    rules: Rules
    message: str
    findings: tuple[Finding, ...] = ()


def file_statement(
    transaction: Transaction, who: Principal, list_id: str, *, track_id: str, text: str
) -> tuple[UnitList, Rules]:
    """File a 特殊情况说明 on fewer works than the lower bound. Raises `NotFound`, `StepRefused`, `Unprocessable`."""
    row, rules = own_list(transaction, who, list_id)
    unit = rules.unit(row.unit_id)
    if rules.campaign.quota(unit.type, track_id) is None:
        raise Unprocessable(f"{unit.name}没有这一类别的名额。", "The unit has no quota in this track.", kind="unknown-track")
    touch(transaction, list_id)
    filed = {"text": text.strip(), "filed_by": who.account_id, "filed_at": transaction.campaign_time()}
    lists.file_statement(transaction.connection, list_id, below_min_key(track_id), **filed)
    record(transaction, who, "list.statement-filed", f"list/{list_id}", track=track_id, text=text.strip())
    return own_list(transaction, who, list_id)


# --- the lock -------------------------------------------------------------------------------------------------------


def request_lock(
    transaction: Transaction, keys: Keys, who: Principal, list_id: str, *, revision: int | None, received: datetime
) -> Said:
    """Submit the list to the unit's head. Raises `NotFound`, `Changed`, `StepRefused`, `LockHeld`, what `admit` raises."""
    row, rules = own_list(transaction, who, list_id)
    check_revision(row, revision)
    state = after(row.state, Step.REQUEST)
    at = admit(transaction, keys, rules, "lock", received)
    decision = _decide(transaction.connection, rules, row)
    lists.change(transaction.connection, list_id, state=state, requested_by=who.account_id, requested_at=at)
    record(transaction, who, "list.lock-requested", f"list/{list_id}")
    message = f"已提交，待单位负责人确认。截止时间{_ends(rules)}。"
    return Said(own_list(transaction, who, list_id)[0], rules, message, decision.findings)


def _ends(rules: Rules) -> str:
    stage = rules.campaign.stage_for("lock")
    return closing_text(stage.closes) if stage else ""


def confirm_lock(
    transaction: Transaction, keys: Keys, who: Principal, list_id: str, *, revision: int | None, received: datetime
) -> Said:
    """Lock the list as the unit's head: in time by the stamp of this confirmation, with a 校验码 and a receipt.

    Raises `NotFound`, `Changed`, `StepRefused`, `LockHeld`, what `admit` raises.
    """
    row, rules = own_list(transaction, who, list_id)
    check_revision(row, revision)
    state = after(row.state, Step.CONFIRM)
    at = admit(transaction, keys, rules, "lock", received)
    decision = _decide(transaction.connection, rules, row)
    listed = works.of_list(transaction.connection, list_id)
    for work in listed:
        locked = work_steps.after(work.state, work_steps.Step.LOCK)
        works.change(transaction.connection, work.id, state=locked, campaign_version=rules.version)
    code = paper(rules, row, listed).check_code
    faults.hit("lock.before-receipt")
    every = [file for work in listed for file in receipts.files_of(transaction.connection, work)]
    about = receipts.about_list(rules, row, code)
    number = receipts.issue(transaction, keys, rules, about, kind="list", received_at=at, files=every)
    done = {"confirmed_by": who.account_id, "locked_at": at, "check_code": code, "receipt_number": number}
    lists.change(transaction.connection, list_id, state=state, **done)
    transaction.emit(_locked(rules, row, listed, code=code, number=number, at=at))
    record(transaction, who, "list.locked", f"list/{list_id}", check_code=code, receipt=number)
    message = f"推荐名单已锁定，收到时间{moment_text(at)}，校验码{code}，回执 {number}。"
    return Said(own_list(transaction, who, list_id)[0], rules, message, decision.findings)


def _locked(rules: Rules, row: UnitList, listed: Sequence[Work], *, code: str, number: str, at: datetime) -> ListLocked:
    unit = rules.unit(row.unit_id)
    return ListLocked(
        list_id=row.id,
        campaign_id=row.campaign_id,
        unit_id=unit.id,
        unit_name=unit.name,
        region_code=unit.region_code,
        check_code=code,
        receipt_number=number,
        locked_at=at,
        works=tuple(
            ListedWork(row=place, work_id=work.id, title=work.title, track=work.track, compared_hash=work.compared_hash)
            for place, work in enumerate(listed, 1)
        ),
        personal={work.id: content.compared(rules.track(work.track), work.values) for work in listed},
    )


def unlock(transaction: Transaction, keys: Keys, who: Principal, list_id: str, *, received: datetime) -> Said:
    """Open a locked list again, until the deadline; its 校验码 is void.

    Raises `NotFound`, `StepRefused`, what `admit` raises.
    """
    row, rules = own_list(transaction, who, list_id)
    state = after(row.state, Step.UNLOCK)
    admit(transaction, keys, rules, "lock", received)
    listed = works.of_list(transaction.connection, list_id)
    checked = [work for work in listed if not work_steps.may(work.state, work_steps.Step.UNLOCK)]
    if checked:
        titles = "、".join(f"《{work.title}》" for work in checked)
        raise StepRefused(f"{titles}已进入形式审查，名单不能解除锁定。", "The formal check has begun.")
    for work in listed:
        works.change(transaction.connection, work.id, state=work_steps.after(work.state, work_steps.Step.UNLOCK))
    nobody = {"requested_by": None, "requested_at": None, "confirmed_by": None, "locked_at": None}
    lists.change(transaction.connection, list_id, state=state, **nobody, check_code=None, receipt_number=None)
    transaction.emit(ListUnlocked(list_id=list_id, campaign_id=row.campaign_id, unit_id=row.unit_id))
    record(transaction, who, "list.unlocked", f"list/{list_id}", check_code=row.check_code)
    message = f"名单已解除锁定，校验码{row.check_code}作废。修改后须重新锁定、打印盖章。"
    return Said(own_list(transaction, who, list_id)[0], rules, message)


# --- whether it may be locked ---------------------------------------------------------------------------------------


def _decide(connection: Connection, rules: Rules, row: UnitList) -> LockDecision:
    """Return what is to be said of a list that may be locked. Raises `LockHeld` with every reason at once."""
    decision = decision_for(connection, rules, row)
    if decision.may_lock:
        return decision
    held = [found for found in decision.findings if found.severity is Severity.BLOCK or found.check == "quota_below_min"]
    told = [found.model_dump(mode="json", exclude_none=True) for found in decision.findings]
    raise LockHeld("".join(found.message for found in held), "The list cannot be locked.", findings=told)


def decision_for(connection: Connection, rules: Rules, row: UnitList) -> LockDecision:
    """Decide the lock: caps, floors, lower bounds, a file or an upload begun for each required slot, no known 须修改."""
    unit, listed = rules.unit(row.unit_id), works.of_list(connection, row.id)
    asked = [Listed(work.track, content.judged(rules.track(work.track), work.values)) for work in listed]
    filed = frozenset(statement.key for statement in lists.statements(connection, row.id))
    decision = decide_lock(rules.campaign, unit.type, unit.name, asked, Waivers(filed=filed))
    held = [found for work in listed for found in _holding(connection, rules, work)]
    return LockDecision(decision.may_lock and not held, (*decision.findings, *held))


def _holding(connection: Connection, rules: Rules, work: Work) -> Iterator[Finding]:
    reported = files.reports(connection, work.id)
    held = [row.slot for row, _ in reported]
    going = [row.slot for row in uploads.of_work(connection, work.id) if row.state == "receiving"]
    for slot in rules.track(work.track).slots:
        have = held.count(slot.id) + going.count(slot.id)
        if have < slot.min_files:
            lacks = f"《{work.title}》缺少{slot.label}{slot.min_files - have}个（{slot.cite}），暂不能锁定。"
            yield _block("slot_missing", f"{have}个", f"应有{slot.min_files}个", slot.cite, lacks)
    for row, report in reported:
        for found in report.blocks:
            message = f"《{work.title}》{row.name}须修改：{found['message']}"
            yield _block(found["check"], found["measured"], found["required"], found["cite"], message)


def _block(check: str, measured: str, required: str, cite: str, message: str) -> Finding:
    return Finding(check=check, severity=Severity.BLOCK, measured=measured, required=required, cite=cite, message=message)


# --- the paper ------------------------------------------------------------------------------------------------------


def paper(rules: Rules, row: UnitList, listed: Sequence[Work]) -> ListPaper:
    """Return the list ready for printing: exactly the notice's columns, with its 校验码."""
    layout, unit = rules.campaign.recommendation_list, rules.unit(row.unit_id)
    title = layout.short_title.strip("《》")
    heading = layout.title.removesuffix(title)
    return ListPaper(
        annex=layout.cite,
        heading=heading if heading != layout.title else rules.campaign.title,
        title=title,
        unit_label=layout.unit_header,
        unit_name=unit.name,
        columns=tuple(
            Column(each.label, "center" if each.width < WIDE * 2 else "start", max(NARROW, each.width / WIDE))
            for each in layout.columns
        ),
        rows=tuple(
            content.printed_row(layout, number, rules.track(work.track), work.values) for number, work in enumerate(listed, 1)
        ),
        summary=_summary(rules, listed),
        seal_label=f"{rules.campaign.terms.recommending_unit}（盖章）",
        rehearsal=rules.rehearsal,
    )


def _summary(rules: Rules, listed: Sequence[Work]) -> str:
    parts = []
    for track in rules.campaign.tracks:
        count = sum(work.track == track.id for work in listed)
        if count or len(rules.campaign.tracks) == 1:
            parts.append(f"{track.label}{count}{track.measure}")
    return f"合计：{'，'.join(parts)}。"


def locked_paper(connection: Connection, rules: Rules, row: UnitList) -> tuple[ListPaper, datetime]:
    """Return the paper of a locked list and the instant of its lock. Raises `StepRefused` before it is locked."""
    if row.state not in {ListState.LOCKED, ListState.ACCEPTED} or row.locked_at is None:
        raise StepRefused("名单锁定后才能打印。", "The list is not locked.", state=row.state.value)
    return paper(rules, row, works.of_list(connection, row.id)), row.locked_at
