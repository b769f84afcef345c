"""Events in: people, works and campaigns are kept; facts become messages; heads are witnessed."""

from __future__ import annotations

from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import (
    AccountOpened,
    AssetJudged,
    BallotsAssigned,
    CampaignPublished,
    ExpertReminded,
    InvitationIssued,
    ReceiptIssued,
    RecordAdvanced,
    ResultPublished,
    WorkAccepted,
    WorkReturned,
    WorkSaved,
    WorkSubmitted,
)
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction
from services.notify import actions

HANDLERS = Handlers("notify", ordered=False)


@HANDLERS.projects(CampaignPublished)
def campaign_published(transaction: Transaction, event: CampaignPublished, _envelope: Envelope) -> None:
    """Keep its words and units."""
    actions.keep_campaign(transaction, event)


@HANDLERS.projects(AccountOpened)
def account_opened(transaction: Transaction, event: AccountOpened, _envelope: Envelope) -> None:
    """Keep who can be written to."""
    actions.keep_account(transaction, event)


@HANDLERS.projects(WorkSaved)
def work_saved(transaction: Transaction, event: WorkSaved, envelope: Envelope) -> None:
    """Keep whose it is."""
    actions.keep_work(transaction, event, envelope)


@HANDLERS.projects(WorkSubmitted)
def work_submitted(transaction: Transaction, event: WorkSubmitted, envelope: Envelope) -> None:
    """Keep what it is called now."""
    actions.keep_work(transaction, event, envelope)


@HANDLERS.projects(WorkAccepted)
def work_accepted(transaction: Transaction, event: WorkAccepted, envelope: Envelope) -> None:
    """Keep what it is called now."""
    actions.keep_work(transaction, event, envelope)


@HANDLERS.reacts(InvitationIssued)
def invitation_issued(transaction: Transaction, event: InvitationIssued, envelope: Envelope) -> None:
    """开通函."""
    actions.tell_invitation(transaction, event, envelope)


@HANDLERS.reacts(ReceiptIssued)
def receipt_issued(transaction: Transaction, event: ReceiptIssued, envelope: Envelope) -> None:
    """回执."""
    actions.tell_receipt(transaction, event, envelope)


@HANDLERS.reacts(AssetJudged)
def asset_judged(transaction: Transaction, event: AssetJudged, envelope: Envelope) -> None:
    """核验结果."""
    actions.tell_report(transaction, event, envelope)


@HANDLERS.reacts(WorkReturned)
def work_returned(transaction: Transaction, event: WorkReturned, envelope: Envelope) -> None:
    """退回补正."""
    actions.tell_return(transaction, event, envelope)


@HANDLERS.reacts(BallotsAssigned)
def ballots_assigned(transaction: Transaction, event: BallotsAssigned, envelope: Envelope) -> None:
    """评分表待填写."""
    actions.tell_ballots(transaction, event, envelope)


@HANDLERS.reacts(ExpertReminded)
def expert_reminded(transaction: Transaction, event: ExpertReminded, envelope: Envelope) -> None:
    """催评."""
    actions.tell_reminder(transaction, event, envelope)


@HANDLERS.projects(ResultPublished)
def round_published(transaction: Transaction, event: ResultPublished, _envelope: Envelope) -> None:
    """Open the round's heads to the public."""
    actions.open_heads(transaction, event)


@HANDLERS.reacts(ResultPublished)
def result_published(transaction: Transaction, event: ResultPublished, envelope: Envelope) -> None:
    """公布."""
    actions.tell_result(transaction, event, envelope)


@HANDLERS.reacts(RecordAdvanced)
def record_advanced(transaction: Transaction, event: RecordAdvanced, envelope: Envelope) -> None:
    """Witness the head. A reaction, so that no rebuild from the record's own log ever writes it anew."""
    actions.keep_head(transaction, event, envelope)
