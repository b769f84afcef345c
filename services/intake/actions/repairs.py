"""退回补正: named items go back to the unit, the place is kept, and nothing of it is a late submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from services.campaigns.calendars import china
from services.intake.actions.rules import Rules
from services.intake.domain.terms import repair_term
from services.intake.domain.works import Step, WorkState, after
from services.intake.store import works
from services.intake.store.works import Work
from services.kernel.contracts.events import ReturnedItem, WorkReturned
from services.kernel.ids import new_id
from services.kernel.ports import Transaction

WEEKEND = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to mend: a field or a slot, and why."""

    item: str
    reason: str


def give_back(
    transaction: Transaction, rules: Rules, work: Work, items: Sequence[Item], *, by: str | None, term: datetime | None
) -> datetime | None:
    """Return a locked work with its items; return the term (campaign time), None when the organiser decides.

    Raises `StepRefused`.
    """
    state, at = after(work.state, Step.RETURN), transaction.campaign_time()
    until = term or _term(rules, at)
    for item in items:
        about = {"work_id": work.id, "item": item.item, "reason": item.reason, "term": until}
        works.add_item(transaction.connection, {"id": new_id(), **about, "returned_by": by, "returned_at": at})
    works.change(transaction.connection, work.id, state=state)
    transaction.emit(
        WorkReturned(
            work_id=work.id,
            campaign_id=work.campaign_id,
            unit_id=work.unit_id,
            title=work.title,
            items=tuple(ReturnedItem(item=item.item, reason=item.reason) for item in items),
            term=until,
        )
    )
    return until


def open_items(connection: Connection, work_id: str) -> dict[str, datetime | None]:
    """Return the items that are still to be mended, with their terms."""
    return {row.item: row.term for row in works.items(connection, [work_id])[work_id] if row.mended_at is None}


def _term(rules: Rules, at: datetime) -> datetime | None:
    days = rules.campaign.repair.working_days
    return None if days is None else repair_term(at, days, _is_workday)


def _is_workday(day: date) -> bool:
    """Where the year's holidays are not published yet, Monday to Friday count."""
    kind = china(day)
    return day.weekday() < WEEKEND if kind is None else kind.workday


def return_block(transaction: Transaction, rules: Rules, work: Work, slot: str, reasons: Sequence[str]) -> None:
    """A fault was found in a file after the lock: that item alone goes back."""
    if work.state in {WorkState.LOCKED, WorkState.RETURNED} and slot not in open_items(transaction.connection, work.id):
        give_back(transaction, rules, work, [Item(slot, "".join(reasons))], by=None, term=None)


def return_missing_files(transaction: Transaction, rules: Rules, work: Work) -> None:
    """Required files that did not arrive within the grace go back as missing items."""
    held = [row.slot for row in works.files(transaction.connection, work.id) if not row.late]
    known = open_items(transaction.connection, work.id)
    missing = [
        Item(slot.id, f"截止时未收到{slot.label}（{slot.cite}）。请补传。")
        for slot in rules.track(work.track).slots
        if held.count(slot.id) < slot.min_files and slot.id not in known
    ]
    if missing:
        give_back(transaction, rules, work, missing, by=None, term=None)
