"""What intake keeps of other services' words: hints of earlier winners, outcomes, confirmations of the clock."""

from __future__ import annotations

from services.intake.store import clocks, works
from services.kernel.contracts.events import ClockConfirmed, ExclusionChecked, ResultPublished
from services.kernel.ports import Transaction


def keep_hint(transaction: Transaction, event: ExclusionChecked) -> None:
    """Keep the register's answer on exactly the fields the work has now."""
    work = works.find(transaction.connection, event.work_id)
    if work is not None and work.compared_hash == event.compared_hash:
        hint = event.model_dump(mode="json", exclude={"work_id", "campaign_id", "compared_hash"})
        works.change(transaction.connection, event.work_id, hint=hint)


def keep_outcome(transaction: Transaction, event: ResultPublished) -> None:
    """Keep each work's outcome."""
    for named in event.works:
        works.change(transaction.connection, named.work_id, outcome=named.outcome)


def keep_confirmation(transaction: Transaction, event: ClockConfirmed) -> None:
    """Keep that a service has taken a revision of the clock."""
    clocks.confirm(transaction.connection, event.revision, event.service)
