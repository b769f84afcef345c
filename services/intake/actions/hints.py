"""What others found out of a work: the register's answer on its present fields, and its result."""

from __future__ import annotations

from services.intake.store import works
from services.kernel.contracts.events import ExclusionChecked, ResultPublished
from services.kernel.ports import Transaction


def keep(transaction: Transaction, event: ExclusionChecked) -> None:
    """Keep an answer of the register; one on fields that have changed meanwhile is ignored."""
    work = works.find(transaction.connection, event.work_id)
    if work is None or work.compared_hash != event.compared_hash:
        return
    told = event.model_dump(mode="json", include={"phase", "answer", "effect", "sentence", "matches"})
    works.change(transaction.connection, work.id, hint=told)


def keep_outcomes(transaction: Transaction, event: ResultPublished) -> None:
    """Keep the outcome of each work that the result names."""
    for each in event.works:
        works.change(transaction.connection, each.work_id, outcome=each.outcome)
