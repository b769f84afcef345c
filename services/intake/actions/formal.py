"""The organiser's formal check (形式审查): a list at once or a work alone, accepted, returned with its items, or rejected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.intake.actions import files, repairs
from services.intake.actions.acts import record
from services.intake.actions.repairs import Item
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.works import Saved, check_complete, fresh, head, own, personal
from services.intake.domain.files import open_sentence
from services.intake.domain.lists import ListState
from services.intake.domain.lists import Step as ListStep
from services.intake.domain.lists import after as list_after
from services.intake.domain.works import Step, StepRefused, WorkState, after
from services.intake.store import lists, works
from services.intake.store.lists import UnitList
from services.intake.store.works import Work
from services.kernel.auth import Principal
from services.kernel.contracts.events import ListAccepted, WorkAccepted, WorkRejected, WorkSaved
from services.kernel.errors import Conflict, NotFound, Unprocessable
from services.kernel.ports import Transaction

DECIDED = frozenset({WorkState.ACCEPTED, WorkState.REJECTED})


class StillOpen(Conflict):
    """409: something of it is not done yet; the sentence says what."""

    kind = "still-open"


def accept_work(transaction: Transaction, who: Principal, work_id: str) -> Saved:
    """Accept a work of a locked list when nothing of it is open. Raises `NotFound`, `StepRefused`, `StillOpen`."""
    work = fresh(transaction.connection, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    state = after(work.state, Step.ACCEPT)
    if (still := _still_open(transaction.connection, rules, work)) is not None:
        raise StillOpen(f"《{work.title}》{still}暂不能通过形式审查。", "Something of the work is open.")
    _accept(transaction, who, rules, work, state)
    _end_list(transaction, who, work)
    return Saved(fresh(transaction.connection, work_id), rules, f"《{work.title}》形式审查通过。")


def _accept(transaction: Transaction, who: Principal, rules: Rules, work: Work, state: WorkState) -> None:
    works.change(transaction.connection, work.id, state=state, campaign_version=rules.version)
    held = [row for row in works.files(transaction.connection, work.id) if not row.late]
    transaction.emit(WorkAccepted(**head(rules, work), assets=files.refs(held), personal=personal(rules, work)))
    record(transaction, who, "work.accepted", f"work/{work.id}")


def _still_open(connection: Connection, rules: Rules, work: Work) -> str | None:
    """Return what of a work is not done yet, as a sentence."""
    reported = files.reports(connection, work.id)
    held = [row.slot for row, _ in reported]
    lacking = [slot for slot in rules.track(work.track).slots if held.count(slot.id) < slot.min_files]
    if lacking:
        return f"缺少{'、'.join(slot.label for slot in lacking)}。"
    return open_sentence([report for _, report in reported]) or _hint_open(work)


def _hint_open(work: Work) -> str | None:
    hint = work.hint
    if hint is None or hint["effect"] != "exclude" or hint["answer"] == "clear":
        return None
    return str(hint["sentence"])


def accept_list(transaction: Transaction, who: Principal, list_id: str) -> tuple[UnitList, Rules, str]:
    """Accept every work of a locked list that is not decided yet. Raises `NotFound`, `StepRefused`, `StillOpen` naming each."""
    row = _list(transaction.connection, list_id)
    rules = in_force(transaction.connection, row.campaign_id)
    list_after(row.state, ListStep.ACCEPT)
    waiting = [work for work in works.of_list(transaction.connection, list_id) if work.state not in DECIDED]
    _check_nothing_open(transaction.connection, rules, waiting)
    for work in waiting:
        _accept(transaction, who, rules, work, after(work.state, Step.ACCEPT))
    _accept_list(transaction, who, row)
    unit, terms = rules.unit(row.unit_id), rules.campaign.terms
    return _list(transaction.connection, list_id), rules, f"{unit.name}{terms.recommendation_list}形式审查通过。"


def _check_nothing_open(connection: Connection, rules: Rules, waiting: Sequence[Work]) -> None:
    told = []
    for work in waiting:
        returned = work.state is WorkState.RETURNED
        still = "退回补正尚未完成。" if returned else _still_open(connection, rules, work)
        if still is not None:
            told.append((work, still))
    if told:
        words = "".join(f"《{work.title}》{still}" for work, still in told)
        message = f"还有{len(told)}件{rules.campaign.terms.work}未办结：{words}"
        raise StillOpen(message, "Works of the list are open.", works=[work.id for work, _ in told])


def _end_list(transaction: Transaction, who: Principal, work: Work) -> None:
    """When the last work of a list is decided, the list is."""
    row = _list(transaction.connection, str(work.list_id))
    states = {each.state for each in works.of_list(transaction.connection, row.id)}
    if row.state is ListState.LOCKED and states <= DECIDED:
        _accept_list(transaction, who, row)


def _accept_list(transaction: Transaction, who: Principal, row: UnitList) -> None:
    lists.change(transaction.connection, row.id, state=list_after(row.state, ListStep.ACCEPT))
    transaction.emit(ListAccepted(list_id=row.id, campaign_id=row.campaign_id, unit_id=row.unit_id))
    record(transaction, who, "list.accepted", f"list/{row.id}")


def _list(connection: Connection, list_id: str) -> UnitList:
    row = lists.find(connection, list_id)
    if row is None:
        raise NotFound
    return row


# --- returned and mended --------------------------------------------------------------------------------------------


def give_back(transaction: Transaction, who: Principal, work_id: str, items: Sequence[Item], *, term: datetime | None) -> Saved:
    """Return a locked work with named items. Raises `NotFound`, `StepRefused`, `Unprocessable` for items it does not have."""
    work = fresh(transaction.connection, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    track = rules.track(work.track)
    known = {field.id for field in track.fields} | {slot.id for slot in track.slots}
    unknown = sorted({item.item for item in items} - known)
    if unknown:
        raise Unprocessable(f"没有补正事项“{'”“'.join(unknown)}”。", "No such field or slot.", kind="unknown-item")
    until = repairs.give_back(transaction, rules, work, items, by=who.account_id, term=term)
    record(transaction, who, "work.returned", f"work/{work_id}", items=[item.item for item in items], term=str(until))
    return Saved(fresh(transaction.connection, work_id), rules, f"退回补正{len(items)}项，名额保留。")


def mend(transaction: Transaction, who: Principal, work_id: str) -> Saved:
    """The unit says that everything returned is mended. Raises `NotFound`, `StepRefused`, `Incomplete`, `StillOpen`."""
    work = own(transaction.connection, who, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    state = after(work.state, Step.MEND)
    check_complete(rules, work)
    reported = files.reports(transaction.connection, work_id)
    blocks = [found for _, report in reported for found in report.blocks]
    held = [row.slot for row, _ in reported]
    lacking = [slot for slot in rules.track(work.track).slots if held.count(slot.id) < slot.min_files]
    if blocks or lacking:
        words = "".join([*(found["message"] for found in blocks), *(f"缺少{slot.label}。" for slot in lacking)])
        raise StillOpen(f"补正尚未完成：{words}", "Not everything is mended.")
    at = transaction.campaign_time()
    works.mend_items(transaction.connection, work_id, at)
    works.change(transaction.connection, work_id, state=state, revision=work.revision + 1)
    mended = fresh(transaction.connection, work_id)
    transaction.emit(WorkSaved(**head(rules, mended), mended=True, personal=personal(rules, mended)))
    record(transaction, who, "work.mended", f"work/{work_id}")
    return Saved(mended, rules, "补正已完成，等待复核。")


def reject(transaction: Transaction, who: Principal, work_id: str, reason: str) -> Saved:
    """Reject a work of a locked list, with the reason. Raises `NotFound`, `StepRefused`."""
    work = fresh(transaction.connection, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    state = after(work.state, Step.REJECT)
    if not reason.strip():
        raise StepRefused("形式审查不通过须写明理由。", "A reason is needed.")
    works.change(transaction.connection, work_id, state=state, reason=reason.strip())
    named = {"work_id": work_id, "campaign_id": work.campaign_id, "unit_id": work.unit_id, "title": work.title}
    transaction.emit(WorkRejected(**named, reason=reason.strip()))
    record(transaction, who, "work.rejected", f"work/{work_id}", reason=reason.strip())
    _end_list(transaction, who, work)
    return Saved(fresh(transaction.connection, work_id), rules, f"《{work.title}》形式审查不通过：{reason.strip()}")
