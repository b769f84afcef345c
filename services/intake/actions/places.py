"""Places: a work takes one when it is listed, atomically, and gives it back when it leaves the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.campaigns.evaluation.quotas import decide_listing
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.windows import admit
from services.intake.domain import lists as list_steps
from services.intake.domain import works as work_steps
from services.intake.domain.works import Step
from services.intake.store import lists, works
from services.intake.store.lists import UnitList
from services.intake.store.works import Work
from services.kernel.auth import Principal
from services.kernel.contracts.events import WorkListed, WorkUnlisted
from services.kernel.errors import Changed, Conflict, NotFound, Unprocessable
from services.kernel.keys import Keys
from services.kernel.ports import Transaction


class NoPlace(Conflict):
    """409: no place is free; the sentence says what to do."""

    kind = "no-place"


@dataclass(frozen=True, slots=True)
class Listed:
    """A work that was listed or taken out, its list as it is now, and the rules."""

    work: Work
    row: UnitList
    rules: Rules


def list_work(transaction: Transaction, keys: Keys, who: Principal, work_id: str, *, received: datetime) -> Listed:
    """Put a submitted work on its unit's list. Raises `NotFound`, `StepRefused`, `NoPlace`, what `admit` raises."""
    work, row, rules = _at_hand(transaction, who, work_id)
    state = work_steps.after(work.state, Step.LIST)
    admit(transaction, keys, rules, "list", received)
    _take_place(transaction, rules, work, row)
    number = len(works.of_list(transaction.connection, row.id)) + 1
    works.change(transaction.connection, work_id, state=state, list_id=row.id, row=number, revision=work.revision + 1)
    touch(transaction, row.id)
    transaction.emit(WorkListed(work_id=work_id, campaign_id=work.campaign_id, unit_id=work.unit_id, list_id=row.id))
    return _as_it_is(transaction, work_id, row.id, rules)


def _take_place(transaction: Transaction, rules: Rules, work: Work, row: UnitList) -> None:
    unit = rules.unit(work.unit_id)
    quota = rules.campaign.quota(unit.type, work.track)
    if quota is not None and lists.take_place(transaction.connection, row.id, work.track, quota.max):
        return
    taken = lists.places(transaction.connection, row.id).get(work.track, 0)
    refusal = decide_listing(rules.campaign, unit.type, unit.name, work.track, taken)
    assert refusal is not None  # noqa: S101 - no place could be taken, so there is a reason
    finding = refusal.model_dump(mode="json", exclude_none=True)
    raise NoPlace(refusal.message, "No place is free.", taken=taken, findings=[finding])


def unlist_work(transaction: Transaction, keys: Keys, who: Principal, work_id: str, *, received: datetime) -> Listed:
    """Take a work off the list; it stays submitted. Raises `NotFound`, `StepRefused`, what `admit` raises."""
    work, row, rules = _at_hand(transaction, who, work_id)
    state = work_steps.after(work.state, Step.UNLIST)
    admit(transaction, keys, rules, "list", received)
    give_back(transaction, work)
    works.change(transaction.connection, work_id, state=state, revision=work.revision + 1)
    return _as_it_is(transaction, work_id, row.id, rules)


def give_back(transaction: Transaction, work: Work) -> None:
    """Free a listed work's place and close the gap in the order."""
    list_id = str(work.list_id)
    touch(transaction, list_id)
    lists.give_place(transaction.connection, list_id, work.track)
    works.change(transaction.connection, work.id, list_id=None, row=None)
    for number, each in enumerate(works.of_list(transaction.connection, list_id), 1):
        if each.row != number:
            works.change(transaction.connection, each.id, row=number)
    of = {"work_id": work.id, "campaign_id": work.campaign_id, "unit_id": work.unit_id}
    transaction.emit(WorkUnlisted(**of, list_id=list_id))


def order(
    transaction: Transaction, who: Principal, list_id: str, work_ids: Sequence[str], *, revision: int
) -> tuple[UnitList, Rules]:
    """Put the works of a list in this order. Raises `NotFound`, `Changed`, `StepRefused`, `Unprocessable` for other works."""
    row, rules = own_list(transaction, who, list_id)
    check_revision(row, revision)
    listed = {work.id for work in works.of_list(transaction.connection, list_id)}
    if len(work_ids) != len(set(work_ids)) or set(work_ids) != listed:
        raise Unprocessable(
            f"排序须列出名单上的全部{len(listed)}件作品，每件一次。", "Name each work of the list once.", kind="order"
        )
    touch(transaction, list_id)
    for number, work_id in enumerate(work_ids, 1):
        works.change(transaction.connection, work_id, row=number)
    return _list(transaction, list_id), rules


def touch(transaction: Transaction, list_id: str) -> None:
    """A list changes: one that waits for its head is open again. Raises `StepRefused` for one that is locked."""
    row = _list(transaction, list_id)
    state = list_steps.after(row.state, list_steps.Step.CHANGE)
    lists.change(transaction.connection, list_id, state=state, requested_by=None, requested_at=None)


def own_list(transaction: Transaction, who: Principal, list_id: str) -> tuple[UnitList, Rules]:
    """Return a list of the person's own unit, and its rules. Raises `NotFound`."""
    row = lists.find(transaction.connection, list_id)
    if row is None or row.unit_id != who.unit_id:
        raise NotFound
    return row, in_force(transaction.connection, row.campaign_id)


def check_revision(row: UnitList, revision: int | None) -> None:
    """Raise `Changed` when the list is not the one that was read."""
    if revision is not None and row.revision != revision:
        current = {"list_id": row.id, "revision": row.revision, "state": row.state}
        raise Changed("名单已有改动，请刷新后再试。", "The list was changed in between.", current=current)


def _at_hand(transaction: Transaction, who: Principal, work_id: str) -> tuple[Work, UnitList, Rules]:
    work = works.find(transaction.connection, work_id)
    if work is None or work.unit_id != who.unit_id:
        raise NotFound
    row = lists.of_unit(transaction.connection, work.campaign_id, work.unit_id)
    if row is None:
        raise NotFound
    return work, row, in_force(transaction.connection, work.campaign_id)


def _list(transaction: Transaction, list_id: str) -> UnitList:
    row = lists.find(transaction.connection, list_id)
    if row is None:
        raise NotFound
    return row


def _as_it_is(transaction: Transaction, work_id: str, list_id: str, rules: Rules) -> Listed:
    work = works.find(transaction.connection, work_id)
    if work is None:
        raise NotFound
    return Listed(work, _list(transaction, list_id), rules)
