"""A person's decision on a work and an earlier record, kept and used again for the same pair."""

from __future__ import annotations

from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import new_id
from services.kernel.ports import Transaction
from services.search.actions.checks import Asked, check, entry_and_rules
from services.search.domain.decisions import Decision, fields_hash, record_hash
from services.search.store import campaigns, checks, decisions, register, stories


def decide(transaction: Transaction, work_id: str, record_id: str, *, same: bool, reason: str, account_id: str) -> None:
    """Keep that a work and a record are one or two, and tell the work's owner what follows.

    Raises `NotFound` for a work or a record that is not there, `Conflict` for a record that is none of the work's matches.
    """
    connection = transaction.connection
    asked, last = present(transaction, work_id), checks.get(connection, work_id)
    record = register.get(connection, record_id)
    if record is None or last is None:
        raise NotFound
    found = entry_and_rules(transaction, asked)
    if found is None or record not in register.like(connection, found[0]):
        raise Conflict("这条往年记录与该作品没有可核实之处。", "This record does not resemble the work.")
    by = campaigns.name_of(connection, account_id) or "主办单位"
    made = Decision(fields_hash(found[0]), record_hash(record), same, by, transaction.now, reason)
    decisions.add(connection, made, id=new_id(), record=record_id, work_id=work_id, account_id=account_id)
    check(transaction, asked, "decision")


def present(transaction: Transaction, work_id: str) -> Asked:
    """Return a work as it is compared now. Raises `NotFound`."""
    known = stories.get(transaction.connection, work_id)
    compared = stories.compared(transaction.connection, work_id)
    if known is None or compared is None:
        raise NotFound
    fields, fields_hash_told = compared
    return Asked(
        work_id, known.campaign_id, known.track, known.title, known.unit_name, known.region_code, fields, fields_hash_told
    )
