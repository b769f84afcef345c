"""Events in: each is translated and handed to one action."""

from __future__ import annotations

from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import (
    AccountEnded,
    AccountOpened,
    AssetRendered,
    AssetRenditionWithdrawn,
    CampaignPublished,
    WorkAccepted,
    WorkRejected,
    WorkWithdrawn,
)
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction
from services.review.actions import closing, departures, projections

HANDLERS = Handlers("review")


@HANDLERS.projects(CampaignPublished)
def campaign_published(transaction: Transaction, event: CampaignPublished, _envelope: Envelope) -> None:
    """Keep the campaign."""
    projections.keep_campaign(transaction, event)


@HANDLERS.projects(AccountOpened)
def account_opened(transaction: Transaction, event: AccountOpened, _envelope: Envelope) -> None:
    """Keep an expert."""
    projections.keep_expert(transaction, event)


@HANDLERS.reacts(AccountEnded)
def account_ended(transaction: Transaction, event: AccountEnded, envelope: Envelope) -> None:
    """Give an expert's open ballots to others."""
    departures.end_expert(transaction, event.account_id, at=transaction.campaign_time(envelope.time))


@HANDLERS.projects(WorkAccepted)
def work_accepted(transaction: Transaction, event: WorkAccepted, _envelope: Envelope) -> None:
    """Keep a work that may be reviewed."""
    projections.keep_work(transaction, event)


@HANDLERS.projects(AssetRendered)
def asset_rendered(transaction: Transaction, event: AssetRendered, _envelope: Envelope) -> None:
    """Keep what experts look at."""
    projections.keep_rendition(transaction, event)


@HANDLERS.projects(AssetRenditionWithdrawn)
def asset_rendition_withdrawn(transaction: Transaction, event: AssetRenditionWithdrawn, _envelope: Envelope) -> None:
    """Forget what was taken back."""
    projections.withdraw_rendition(transaction, event)


@HANDLERS.projects(WorkRejected)
def work_rejected(transaction: Transaction, event: WorkRejected, _envelope: Envelope) -> None:
    """Let the work enter no round."""
    projections.drop_work(transaction, event.work_id)


@HANDLERS.reacts(WorkRejected)
def leave_rejected(transaction: Transaction, event: WorkRejected, _envelope: Envelope) -> None:
    """Take the work out of its rounds."""
    closing.drop_work(transaction, event.work_id, "形式审查不通过")


@HANDLERS.projects(WorkWithdrawn)
def work_withdrawn(transaction: Transaction, event: WorkWithdrawn, _envelope: Envelope) -> None:
    """Let the work enter no round."""
    projections.drop_work(transaction, event.work_id)


@HANDLERS.reacts(WorkWithdrawn)
def leave_withdrawn(transaction: Transaction, event: WorkWithdrawn, _envelope: Envelope) -> None:
    """Take the work out of its rounds."""
    closing.drop_work(transaction, event.work_id, "撤回")
