"""Keeping what messages need, writing messages, reading them, handing them over, witnessing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.campaigns.models import Campaign
from services.kernel.auth import Principal
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
    WorkHead,
    WorkReturned,
)
from services.kernel.errors import NotFound, NotYet
from services.kernel.ids import new_id
from services.kernel.ports import Message, Transaction
from services.notify.domain import letters
from services.notify.domain.audiences import UNIT_ROLES, Sight, addresses, sight_of
from services.notify.domain.campaigns import CampaignWords, words_of
from services.notify.domain.letters import Letter, WorkName
from services.notify.domain.witness import Head, contradictions
from services.notify.store import known, messages, witness
from services.notify.store.messages import Handed, Kept

SEND = "notify.send"
MAIL = "mail"
LANGUAGES = "zh-CN, en"


def keep_campaign(transaction: Transaction, event: CampaignPublished) -> None:
    """Keep a campaign's words and units."""
    normalised = Campaign.model_validate(event.normalised)
    words = words_of(normalised, title=event.title, host=event.host, rehearsal=event.rehearsal)
    kept = words.model_copy(update={"campaign_id": event.campaign_id})
    known.keep_campaign(transaction.connection, kept, event.version, [(unit.unit_id, unit.name) for unit in event.units])


def keep_account(transaction: Transaction, event: AccountOpened) -> None:
    """Keep who can be written to, without a name."""
    values = event.model_dump(include={"account_id", "role", "unit_id", "campaign_id", "invitation_id"})
    known.keep_account(transaction.connection, values | {"address": event.personal.email})


def keep_work(transaction: Transaction, event: WorkHead, envelope: Envelope) -> None:
    """Keep whose a work is and what it is called."""
    name = WorkName(event.unit_id, event.unit_name, event.title)
    known.keep_work(transaction.connection, event.work_id, name, envelope.sequence)


def tell_invitation(transaction: Transaction, event: InvitationIssued, envelope: Envelope) -> None:
    """Write the letter to whoever is invited."""
    words = _words(transaction, event.campaign_id) if event.campaign_id else None
    _write(transaction, [letters.invitation(event, words)], event.campaign_id, envelope)


def tell_receipt(transaction: Transaction, event: ReceiptIssued, envelope: Envelope) -> None:
    """Write to the unit that a receipt exists."""
    _write(transaction, [letters.receipt(event, _words(transaction, event.campaign_id))], event.campaign_id, envelope)


def tell_report(transaction: Transaction, event: AssetJudged, envelope: Envelope) -> None:
    """Write to the work's unit what was found in a file."""
    letter = letters.report_ready(event, _work(transaction, event.work_id), _words(transaction, event.campaign_id))
    _write(transaction, [letter], event.campaign_id, envelope)


def tell_return(transaction: Transaction, event: WorkReturned, envelope: Envelope) -> None:
    """Write to the unit what goes back to it."""
    letter = letters.returned(event, _work(transaction, event.work_id), _words(transaction, event.campaign_id))
    _write(transaction, [letter], event.campaign_id, envelope)


def tell_ballots(transaction: Transaction, event: BallotsAssigned, envelope: Envelope) -> None:
    """Write to one expert what waits."""
    words = _words(transaction, event.campaign_id)
    _write(transaction, [letters.ballots_assigned(event, words)], event.campaign_id, envelope)


def tell_reminder(transaction: Transaction, event: ExpertReminded, envelope: Envelope) -> None:
    """Write to one expert what is outstanding."""
    words = _words(transaction, event.campaign_id)
    _write(transaction, [letters.ballots_reminder(event, words)], event.campaign_id, envelope)


def tell_result(transaction: Transaction, event: ResultPublished, envelope: Envelope) -> None:
    """Write to every unit of the campaign."""
    words = _words(transaction, event.campaign_id)
    units = known.unit_names(transaction.connection, event.campaign_id)
    _write(transaction, letters.result(event, units, words), event.campaign_id, envelope)


def _words(transaction: Transaction, campaign_id: str) -> CampaignWords:
    words = known.campaign_words(transaction.connection, campaign_id)
    if words is None:
        raise NotYet(f"campaign/{campaign_id}")
    return words


def _work(transaction: Transaction, work_id: str) -> WorkName:
    name = known.work_name(transaction.connection, work_id)
    if name is None:
        raise NotYet(f"work/{work_id}")
    return name


def _write(transaction: Transaction, written: Iterable[Letter], campaign_id: str | None, envelope: Envelope) -> None:
    """Keep each letter once for this event and recipient, and let it be sent."""
    at = transaction.campaign_time(envelope.time)
    for letter in written:
        message_id = new_id()
        added = messages.add(transaction.connection, message_id, letter, event_id=envelope.id, campaign_id=campaign_id, at=at)
        if added:
            transaction.enqueue(SEND, message_id, {"message_id": message_id})


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a message, ready for the mailer; `recipient` is whom it is counted for."""

    recipient: str
    mail: Message


def copies(connection: Connection, message_id: str) -> list[Copy]:
    """Return the copies of a message: one a person, each with an id that is the same however often it is sent."""
    kept = messages.by_id(connection, message_id)
    if kept is None:
        return []
    people = known.people_of(connection, kept.recipient, kept.campaign_id, sorted(UNIT_ROLES))
    return [_copy(kept, one.recipient, one.mailbox) for one in addresses(kept.recipient, people)]


def _copy(kept: Kept, recipient: str, mailbox: str) -> Copy:
    told = hashlib.sha256(f"{kept.event_id}\n{recipient}\n{MAIL}".encode()).hexdigest()[:16]
    both = letters.mailed(kept.zh, kept.en)
    mail = Message(
        message_id=f"{kept.event_id}-{told}",
        recipient=mailbox,
        subject=both.subject,
        text=both.text,
        template=kept.template,
        language=LANGUAGES,
    )
    return Copy(recipient, mail)


def keep_handed(transaction: Transaction, message_id: str, handed: Iterable[Copy]) -> None:
    """Keep what the mailer has taken."""
    for copy in handed:
        told = Handed(message_id, copy.mail.message_id, MAIL, transaction.now)
        messages.keep_sending(transaction.connection, told, copy.recipient)


def sight(connection: Connection, who: Principal) -> Sight:
    """Return what this person may see."""
    invitation_id = known.invitation_of(connection, who.account_id)
    return sight_of(who.account_id, who.role, unit_id=who.unit_id, campaign_id=who.campaign_id, invitation_id=invitation_id)


def find_message(connection: Connection, who: Principal, message_id: str) -> tuple[Kept, Sight]:
    """Return a message this person may see. Raises `NotFound`, also when it is somebody else's."""
    seen = sight(connection, who)
    kept = messages.by_id(connection, message_id, who.account_id)
    if kept is None or not seen.sees(kept.recipient, kept.campaign_id):
        raise NotFound
    return kept, seen


def mark_read(transaction: Transaction, who: Principal, message_id: str) -> datetime:
    """Keep when this person read a message addressed to it. Raises `NotFound` for any other."""
    kept, seen = find_message(transaction.connection, who, message_id)
    if kept.recipient not in seen.own:
        raise NotFound
    return messages.mark_read(transaction.connection, message_id, who.account_id, transaction.campaign_time())


def keep_head(transaction: Transaction, event: RecordAdvanced, envelope: Envelope) -> None:
    """Witness a head of the record."""
    one = Head(event.round_id, event.campaign_id, event.height, event.head, event.alg, envelope.time)
    witness.keep_head(transaction.connection, envelope.id, one)


def open_heads(transaction: Transaction, event: ResultPublished) -> None:
    """Keep that a round's result is public: its heads are, too."""
    witness.keep_published(transaction.connection, event.round_id, event.result_id)


def witnessed(connection: Connection, round_id: str, *, everything: bool) -> tuple[list[Head], list[int]]:
    """Return a round's heads and the heights at which they contradict each other.

    Without `everything`, only once the round's result is public. Raises `NotFound`.
    """
    heads = witness.heads_of(connection, round_id)
    if not heads or not (everything or witness.is_published(connection, round_id)):
        raise NotFound
    return heads, contradictions(heads)
