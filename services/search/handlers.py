"""Events in: works, consents, results and films into the indexes; results into the register; works against it."""

from __future__ import annotations

from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import (
    AccountOpened,
    AssetRendered,
    AssetRenditionWithdrawn,
    CampaignPublished,
    Compared,
    ConsentRecorded,
    ListLocked,
    ReleaseDecided,
    ResultPublished,
    WorkAccepted,
    WorkContent,
    WorkHead,
    WorkSaved,
    WorkSubmitted,
    WorkWithdrawn,
)
from services.kernel.errors import NotYet
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction
from services.search.actions import checks, register, stories
from services.search.actions.checks import Asked
from services.search.domain.stories import Film
from services.search.store import campaigns
from services.search.store import stories as kept

HANDLERS = Handlers("search")


@HANDLERS.projects(CampaignPublished)
def campaign_published(transaction: Transaction, event: CampaignPublished, _envelope: Envelope) -> None:
    """Keep what the campaign says of earlier winners."""
    register.keep_campaign(transaction, event)


@HANDLERS.projects(AccountOpened)
def account_opened(transaction: Transaction, event: AccountOpened, _envelope: Envelope) -> None:
    """Keep the name under which a person decides."""
    campaigns.keep_name(transaction.connection, event.account_id, event.personal.name)


@HANDLERS.projects(WorkSaved)
def work_saved(transaction: Transaction, event: WorkSaved, envelope: Envelope) -> None:
    """Keep the draft."""
    stories.keep_head(transaction, event, event.personal, at=envelope.time, submitted=False)


@HANDLERS.reacts(WorkSaved)
def check_saved(transaction: Transaction, event: WorkSaved, _envelope: Envelope) -> None:
    """Give the first hint."""
    checks.check(transaction, _asked(event, event.personal), "draft")


@HANDLERS.projects(WorkSubmitted)
def work_submitted(transaction: Transaction, event: WorkSubmitted, _envelope: Envelope) -> None:
    """Keep the work."""
    stories.keep_head(transaction, event, event.personal, at=event.received_at, submitted=True)


@HANDLERS.reacts(WorkSubmitted)
def check_submitted(transaction: Transaction, event: WorkSubmitted, _envelope: Envelope) -> None:
    """Check the work again."""
    checks.check(transaction, _asked(event, event.personal), "submit")


@HANDLERS.reacts(ListLocked)
def list_locked(transaction: Transaction, event: ListLocked, _envelope: Envelope) -> None:
    """Check every work of the list once more: earlier lists may have been imported since."""
    for work in event.works:
        known = kept.get(transaction.connection, work.work_id)
        if known is None or not known.known:
            raise NotYet(f"work/{work.work_id}")
        told = stories.telling(event.personal.get(work.work_id, Compared()), known.text)
        asked = Asked(
            work.work_id,
            event.campaign_id,
            work.track,
            work.title,
            event.unit_name,
            known.region_code,
            told,
            work.compared_hash,
        )
        checks.check(transaction, asked, "lock")


def _asked(head: WorkHead, content: WorkContent) -> Asked:
    told = stories.telling(content.compared, content.story)
    return Asked(
        head.work_id, head.campaign_id, head.track, head.title, head.unit_name, head.region_code, told, head.compared_hash
    )


@HANDLERS.projects(WorkAccepted)
def work_accepted(transaction: Transaction, event: WorkAccepted, envelope: Envelope) -> None:
    """Keep the work as it was accepted, with its files."""
    stories.keep_head(transaction, event, event.personal, at=envelope.time, submitted=True)
    stories.keep_accepted_files(transaction, event.work_id, event.campaign_id, event.assets)


@HANDLERS.projects(WorkWithdrawn)
def work_withdrawn(transaction: Transaction, event: WorkWithdrawn, _envelope: Envelope) -> None:
    """Hide the work."""
    stories.withdraw(transaction, event.work_id, event.campaign_id)


@HANDLERS.projects(ConsentRecorded)
def consent_recorded(transaction: Transaction, event: ConsentRecorded, _envelope: Envelope) -> None:
    """Keep the entrant's consent."""
    stories.keep_consent(transaction, event.work_id, event.campaign_id, given=event.given)


@HANDLERS.projects(ReleaseDecided)
def release_decided(transaction: Transaction, event: ReleaseDecided, _envelope: Envelope) -> None:
    """Keep the release."""
    stories.keep_release(transaction, event.work_id, event.campaign_id, released=event.released)


@HANDLERS.projects(AssetRendered)
def asset_rendered(transaction: Transaction, event: AssetRendered, _envelope: Envelope) -> None:
    """Keep what there is to watch: of a photo there is nothing."""
    if event.preview_key and (event.preview_type or "").startswith("video/"):
        film = Film(event.preview_key, str(event.preview_type), event.poster_key)
        stories.keep_film(transaction, event.work_id, event.campaign_id, event.asset_id, film)


@HANDLERS.projects(AssetRenditionWithdrawn)
def asset_rendition_withdrawn(transaction: Transaction, event: AssetRenditionWithdrawn, _envelope: Envelope) -> None:
    """Take back what was shown too early."""
    stories.keep_film(transaction, event.work_id, event.campaign_id, event.asset_id, None)


@HANDLERS.projects(ResultPublished)
def result_published(transaction: Transaction, event: ResultPublished, _envelope: Envelope) -> None:
    """Enter the result into the register, and into what is shown of its works."""
    register.enter_result(transaction, event)
    stories.keep_result(transaction, event)
