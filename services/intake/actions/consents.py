"""授权 and 发布审核: both are recorded acts of named persons, and nothing is public without both."""

from __future__ import annotations

from services.intake.actions.acts import record
from services.intake.actions.rules import in_force
from services.intake.actions.works import Saved, fresh, own
from services.intake.domain.works import StepRefused, WorkState
from services.intake.store import works
from services.kernel.auth import Principal
from services.kernel.contracts.events import ConsentRecorded, ReleaseDecided
from services.kernel.errors import Conflict
from services.kernel.instants import to_us
from services.kernel.ports import Transaction


def record_consent(
    transaction: Transaction, who: Principal, work_id: str, *, given: bool, given_by: str, form: str, note: str
) -> Saved:
    """Record that somebody consented to publication, or took it back. Raises `NotFound`, `StepRefused`."""
    work = own(transaction.connection, who, work_id)
    if work.state is WorkState.WITHDRAWN:
        raise StepRefused("作品已撤回，不再登记授权。", "The work was withdrawn.")
    rules = in_force(transaction.connection, work.campaign_id)
    at = transaction.campaign_time()
    told = {"given": given, "given_by": given_by.strip(), "form": form, "note": note.strip()}
    kept = {**told, "account_id": who.account_id, "at_us": to_us(at), "statement": rules.campaign.consent.statement}
    works.change(transaction.connection, work_id, consent=kept)
    transaction.emit(ConsentRecorded(work_id=work_id, campaign_id=work.campaign_id, given=given))
    record(transaction, who, "consent.recorded", f"work/{work_id}", given=given, form=form)
    return Saved(fresh(transaction.connection, work_id), rules, "授权已登记。" if given else "授权已收回。")


def decide_release(transaction: Transaction, who: Principal, work_id: str, *, released: bool, note: str) -> Saved:
    """Record the decision to show a work's text and video. Raises `NotFound`, `Conflict` without consent."""
    work = fresh(transaction.connection, work_id)
    if released and not (work.consent and work.consent["given"]):
        raise Conflict(f"《{work.title}》授权未确认，不能通过发布审核。", "Consent is missing.", kind="consent-missing")
    rules = in_force(transaction.connection, work.campaign_id)
    at = transaction.campaign_time()
    kept = {"released": released, "note": note.strip(), "account_id": who.account_id, "at_us": to_us(at)}
    works.change(transaction.connection, work_id, release=kept)
    transaction.emit(ReleaseDecided(work_id=work_id, campaign_id=work.campaign_id, released=released))
    record(transaction, who, "release.decided", f"work/{work_id}", released=released, note=note.strip())
    return Saved(fresh(transaction.connection, work_id), rules, "发布审核通过。" if released else "暂不发布。")
