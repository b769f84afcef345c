"""Messages, who read them, and what was handed to the mailer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql import ColumnElement, Select

from services.notify.domain.audiences import Sight
from services.notify.domain.catalogue import Wording
from services.notify.domain.letters import Letter
from services.notify.store.tables import message, reading, sending


@dataclass(frozen=True, slots=True)
class Kept:
    """A message as it is kept."""

    id: str
    recipient: str
    template: str
    campaign_id: str | None
    by_hand: bool
    zh: Wording
    en: Wording
    at: datetime
    event_id: str
    read_at: datetime | None = None


_ADD = insert(message).on_conflict_do_nothing()


def add(
    connection: Connection, message_id: str, letter: Letter, *, event_id: str, campaign_id: str | None, at: datetime
) -> bool:
    """Keep a message unless this event's message to this recipient is there; return whether it was added."""
    values = {
        "id": message_id,
        "event_id": event_id,
        "recipient": letter.recipient,
        "template": letter.template.value,
        "campaign_id": campaign_id,
        "by_hand": letter.by_hand,
        "subject": letter.zh.subject,
        "text": letter.zh.text,
        "subject_en": letter.en.subject,
        "text_en": letter.en.text,
        "at": at,
    }
    return bool(connection.execute(_ADD, values).rowcount)


def by_id(connection: Connection, message_id: str, account_id: str = "") -> Kept | None:
    """Return one message, with when this account read it."""
    row = connection.execute(_messages(account_id).where(message.c.id == message_id)).first()
    return None if row is None else _kept(row)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages are asked for: of a campaign, of a template, older than one, unread ones to this person."""

    campaign: str | None = None
    template: str | None = None
    before: str | None = None
    unread: bool = False


def find(connection: Connection, sight: Sight, wanted: Wanted, limit: int) -> list[Kept]:
    """Return what this person may see, the latest first."""
    conditions = [_visible(sight)]
    if wanted.campaign is not None:
        conditions.append(message.c.campaign_id == wanted.campaign)
    if wanted.template is not None:
        conditions.append(message.c.template == wanted.template)
    if wanted.before is not None:
        conditions.append(message.c.id < wanted.before)
    if wanted.unread:
        conditions += [reading.c.read_at.is_(None), message.c.recipient.in_(sight.own)]
    query = _messages(sight.account_id).where(*conditions).order_by(message.c.id.desc()).limit(limit)
    return [_kept(row) for row in connection.execute(query)]


def count_unread(connection: Connection, sight: Sight) -> int:
    """Count the messages to this person alone that were not read."""
    query = (
        select(func.count())
        .select_from(message)
        .outerjoin(reading, _read_by(sight.account_id))
        .where(_visible(sight), message.c.recipient.in_(sight.own), reading.c.read_at.is_(None))
    )
    return connection.execute(query).scalar_one()


def _messages(account_id: str) -> Select[Any]:
    return select(message, reading.c.read_at).outerjoin(reading, _read_by(account_id))


def _read_by(account_id: str) -> ColumnElement[bool]:
    return and_(reading.c.message_id == message.c.id, reading.c.account_id == account_id)


def _visible(sight: Sight) -> ColumnElement[bool]:
    """`Sight.sees`, as a condition."""
    seen: ColumnElement[bool] = message.c.recipient.in_(sight.own)
    if sight.organises:
        seen = or_(seen, message.c.recipient.startswith("unit/"), message.c.recipient.startswith("invitation/"))
    if sight.campaign_id is None:
        return seen
    return and_(seen, or_(message.c.campaign_id.is_(None), message.c.campaign_id == sight.campaign_id))


def _kept(row: Row[Any]) -> Kept:
    zh, en = Wording(row.subject, row.text), Wording(row.subject_en, row.text_en)
    names = ("id", "recipient", "template", "campaign_id", "by_hand", "at", "event_id", "read_at")
    return Kept(zh=zh, en=en, **{name: getattr(row, name) for name in names})


def mark_read(connection: Connection, message_id: str, account_id: str, at: datetime) -> datetime:
    """Keep when this account first read the message, and return it."""
    row = insert(reading).values(message_id=message_id, account_id=account_id, read_at=at)
    connection.execute(row.on_conflict_do_nothing())
    query = select(reading.c.read_at).where(reading.c.message_id == message_id, reading.c.account_id == account_id)
    first: datetime = connection.execute(query).scalar_one()
    return first


@dataclass(frozen=True, slots=True)
class Handed:
    """One copy that was handed to the mailer."""

    message_id: str
    mail_id: str
    channel: str
    handed_at: datetime


def keep_sending(connection: Connection, handed: Handed, recipient: str) -> None:
    """Keep that a copy was handed over; the first time counts."""
    row = insert(sending).values(
        message_id=handed.message_id,
        recipient=recipient,
        channel=handed.channel,
        mail_id=handed.mail_id,
        handed_at=handed.handed_at,
    )
    connection.execute(row.on_conflict_do_nothing())


def sendings(connection: Connection, message_ids: Sequence[str]) -> list[Handed]:
    """Return the copies of these messages that were handed over."""
    query = select(sending.c.message_id, sending.c.mail_id, sending.c.channel, sending.c.handed_at)
    rows = connection.execute(query.where(sending.c.message_id.in_(message_ids)).order_by(sending.c.mail_id))
    return [Handed(*row) for row in rows]
