"""The events media hears."""

from __future__ import annotations

from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import (
    CampaignPublished,
    UploadCompleted,
    UploadRetired,
    WorkAccepted,
    WorkSaved,
    WorkSubmitted,
)
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction
from services.media import actions

HANDLERS = Handlers("media")


@HANDLERS.projects(CampaignPublished)
def _campaign_published(transaction: Transaction, event: CampaignPublished, _envelope: Envelope) -> None:
    actions.learn_campaign(transaction, event)


@HANDLERS.reacts(CampaignPublished)
def _judge_again(transaction: Transaction, event: CampaignPublished, _envelope: Envelope) -> None:
    actions.ask_to_judge_again(transaction, event)


@HANDLERS.projects(WorkSaved)
def _work_saved(transaction: Transaction, event: WorkSaved, _envelope: Envelope) -> None:
    actions.learn_work(transaction, event)


@HANDLERS.projects(WorkSubmitted)
def _work_submitted(transaction: Transaction, event: WorkSubmitted, _envelope: Envelope) -> None:
    actions.learn_work(transaction, event)


@HANDLERS.projects(WorkAccepted)
def _work_accepted(transaction: Transaction, event: WorkAccepted, _envelope: Envelope) -> None:
    actions.learn_work(transaction, event)


@HANDLERS.projects(UploadCompleted)
def _upload_completed(transaction: Transaction, event: UploadCompleted, _envelope: Envelope) -> None:
    actions.learn_file(transaction, event)


@HANDLERS.reacts(UploadCompleted)
def _judge(transaction: Transaction, event: UploadCompleted, _envelope: Envelope) -> None:
    actions.ask_to_judge(transaction, event)


@HANDLERS.projects(UploadRetired)
def _upload_retired(transaction: Transaction, event: UploadRetired, _envelope: Envelope) -> None:
    actions.retire_file(transaction, event.upload_id)
