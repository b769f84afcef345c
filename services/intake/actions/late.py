"""逾期材料: what came late, or was submitted and stands on no locked list at the end, kept until the organiser decides."""

from __future__ import annotations

from datetime import datetime

from services.campaigns.instants import closing_text
from services.campaigns.models import Stage
from services.intake.actions import receipts
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.windows import AfterSettling, TooLate
from services.intake.store import lists, works
from services.intake.store.lists import UnitList
from services.intake.store.works import Work
from services.kernel.contracts.events import LateKept
from services.kernel.ids import new_id
from services.kernel.keys import Keys
from services.kernel.ports import Transaction


def keep_work(transaction: Transaction, keys: Keys, work_id: str, refused: TooLate | AfterSettling) -> tuple[str, str]:
    """Keep a work whose submission came late; return the id under which it is kept and its receipt's number."""
    work = works.find(transaction.connection, work_id)
    assert work is not None  # noqa: S101 - the submission that was refused had found it
    rules = in_force(transaction.connection, work.campaign_id)
    kept = _keep(transaction, rules, "submission", refused.message, refused.at, work=work, proof=_proof(refused))
    files = receipts.files_of(transaction.connection, work)
    about = receipts.about_work(rules, work)
    return kept, receipts.issue(transaction, keys, rules, about, kind="late", received_at=refused.at, files=files)


def keep_list(transaction: Transaction, list_id: str, refused: TooLate | AfterSettling) -> str:
    """Keep a list whose confirmation came late; return the id under which it is kept."""
    row = lists.find(transaction.connection, list_id)
    assert row is not None  # noqa: S101 - the confirmation that was refused had found it
    rules = in_force(transaction.connection, row.campaign_id)
    return _keep(transaction, rules, "lock", refused.message, refused.at, row=row, proof=_proof(refused))


def keep_left_over(transaction: Transaction, rules: Rules, stage: Stage, work: Work) -> None:
    """Keep a work that was submitted in time and stands on no locked list at the end."""
    ended = f"{stage.label}已于{closing_text(stage.closes)}截止"
    sentence = f"{ended}，该{rules.campaign.terms.work}已提交，未列入已锁定的{rules.campaign.terms.recommendation_list}。"
    _keep(transaction, rules, "unlisted", sentence, stage.closes, work=work)


def _proof(refused: TooLate | AfterSettling) -> str | None:
    return refused.proof if isinstance(refused, AfterSettling) else None


def _keep(
    transaction: Transaction,
    rules: Rules,
    kind: str,
    sentence: str,
    received_at: datetime,
    *,
    work: Work | None = None,
    row: UnitList | None = None,
    proof: str | None = None,
) -> str:
    """Keep once; a second try of the same thing finds the first."""
    late_id = new_id()
    subject = work or row
    unit_id = subject.unit_id if subject else ""
    of = {"campaign_id": rules.campaign_id, "unit_id": unit_id, "work_id": work.id if work else None}
    what = {"list_id": row.id if row else None, "kind": kind, "sentence": sentence, "proof": proof}
    at = {"received_at": received_at, "kept_at": transaction.now}
    found = lists.keep_late(transaction.connection, {"id": late_id, **of, **what, **at})
    if found.id == late_id:
        transaction.emit(LateKept(late_id=late_id, **of, received_at=received_at))
    return str(found.id)
