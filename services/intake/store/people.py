"""People: invitations, accounts, sessions, one-time codes, liaisons as they are reported, and the office's one setting."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    func,
    or_,
    select,
)

from services.intake.store.base import metadata
from services.kernel.columns import Instant

account = Table(
    "account",
    metadata,
    Column("id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("unit_id", String),
    Column("campaign_id", String, comment="Set for an expert who was invited for one campaign alone."),
    Column("name", String, nullable=False),
    Column("mobile", String, nullable=False, unique=True),
    Column("email", String, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("invitation_id", String, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("revision", Integer, nullable=False),
    Index("account_email", "email"),
    Index("account_unit", "unit_id", "role"),
    comment="One person in one role.",
)

invitation = Table(
    "invitation",
    metadata,
    Column("id", String, primary_key=True),
    Column("campaign_id", String),
    Column("role", String, nullable=False),
    Column("unit_id", String),
    Column("unit_name", String, nullable=False),
    Column("has_mobile", Boolean, nullable=False),
    Column("code_hash", String, nullable=False, unique=True),
    Column("kid", String, comment="The key by which the code is made again for printing; null where it cannot be."),
    Column("issued_by", String),
    Column("issued_at", Instant, nullable=False),
    Column("used_by", String),
    Column("used_at", Instant),
    Column("void_at", Instant),
    Index("invitation_campaign", "campaign_id", "unit_id"),
    comment="Printed letters, each with a code for one role that works once; of the code the hash is kept.",
)

reset = Table(
    "reset",
    metadata,
    Column("code_hash", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("issued_by", String, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    comment="One-time codes for forgotten passwords.",
)

session = Table(
    "session",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("session_account", "account_id"),
    comment="Sessions as they began; one that was not renewed in time has no end here.",
)

failed_login = Table(
    "failed_login",
    metadata,
    Column("login_hash", String, nullable=False, comment="SHA-256 of what was typed, whether an account has it or not."),
    Column("device_id", String, nullable=False, comment="The device that has signed in before, empty for others."),
    Column("failures", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    PrimaryKeyConstraint("login_hash", "device_id"),
    comment="Wrong passwords in a row; a known device is not held up by what strangers try.",
)

liaison_report = Table(
    "liaison_report",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("received_at", Instant, nullable=False, comment="Campaign time."),
    Column("late", Boolean, nullable=False),
    PrimaryKeyConstraint("campaign_id", "unit_id", "account_id"),
    comment="Who was reported as liaison, and when.",
)

office = Table(
    "office",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("one_person", Boolean, nullable=False),
    Column("changed_by", String),
    Column("changed_at", Instant),
    comment="One row: whether one person may do what otherwise takes two; each such act says so.",
)


def open_account(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert an account."""
    connection.execute(account.insert().values(values))


def find_account(connection: Connection, account_id: str) -> Row[Any] | None:
    """Return an account that has not ended."""
    return connection.execute(select(account).where(account.c.id == account_id, account.c.ended_at.is_(None))).one_or_none()


def by_login(connection: Connection, login: str) -> Row[Any] | None:
    """Return the one open account with this mobile number, or the only one with this mailbox."""
    known = or_(account.c.mobile == login, account.c.email == login)
    rows = list(connection.execute(select(account).where(known, account.c.ended_at.is_(None)).limit(3)))
    by_mobile = [row for row in rows if row.mobile == login]
    found = by_mobile or rows
    return found[0] if len(found) == 1 else None


def mobile_taken(connection: Connection, mobile: str) -> bool:
    """Whether an account has this number."""
    return connection.execute(select(account.c.id).where(account.c.mobile == mobile)).first() is not None


def accounts(connection: Connection, *, unit_id: str | None = None, roles: Collection[str] = ()) -> list[Row[Any]]:
    """Return open accounts in the order they were opened, of one unit or of these roles where given."""
    query = select(account).where(account.c.ended_at.is_(None)).order_by(account.c.id)
    if unit_id is not None:
        query = query.where(account.c.unit_id == unit_id)
    if roles:
        query = query.where(account.c.role.in_(roles))
    return list(connection.execute(query))


def names(connection: Connection, account_ids: Collection[str]) -> dict[str, str]:
    """Return people's names by account, ended ones included."""
    rows = connection.execute(select(account.c.id, account.c.name).where(account.c.id.in_(account_ids)))
    return {row.id: row.name for row in rows}


def change_account(connection: Connection, account_id: str, **values: Any) -> None:
    """Write these values and count the revision."""
    told = {**values, "revision": account.c.revision + 1}
    connection.execute(account.update().where(account.c.id == account_id).values(told))


def add_invitation(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert an invitation."""
    connection.execute(invitation.insert().values(values))


def invitation_by_code(connection: Connection, code_hash: str) -> Row[Any] | None:
    """Return the invitation of a code."""
    return connection.execute(select(invitation).where(invitation.c.code_hash == code_hash)).one_or_none()


def find_invitation(connection: Connection, invitation_id: str) -> Row[Any] | None:
    """Return an invitation."""
    return connection.execute(select(invitation).where(invitation.c.id == invitation_id)).one_or_none()


def invitations(connection: Connection, campaign_id: str | None) -> list[Row[Any]]:
    """Return the invitations of a campaign, or those of none, in the order of issue."""
    of_it = invitation.c.campaign_id.is_(None) if campaign_id is None else invitation.c.campaign_id == campaign_id
    return list(connection.execute(select(invitation).where(of_it).order_by(invitation.c.id)))


def change_invitation(connection: Connection, invitation_id: str, **values: Any) -> None:
    """Write these values."""
    connection.execute(invitation.update().where(invitation.c.id == invitation_id).values(values))


def add_reset(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert a one-time code; those that the account had before are void."""
    earlier = reset.c.account_id == values["account_id"]
    connection.execute(reset.delete().where(earlier, reset.c.used_at.is_(None)))
    connection.execute(reset.insert().values(values))


def find_reset(connection: Connection, code_hash: str) -> Row[Any] | None:
    """Return a one-time code."""
    return connection.execute(select(reset).where(reset.c.code_hash == code_hash)).one_or_none()


def use_reset(connection: Connection, code_hash: str, at: datetime) -> None:
    """The code has worked once."""
    connection.execute(reset.update().where(reset.c.code_hash == code_hash).values(used_at=at))


def begin_session(connection: Connection, session_id: str, account_id: str, at: datetime) -> None:
    """Insert a session."""
    connection.execute(session.insert().values(id=session_id, account_id=account_id, begun_at=at))


def end_session(connection: Connection, session_id: str, at: datetime) -> bool:
    """Write that it ended; return whether it had not."""
    going_on = (session.c.id == session_id) & session.c.ended_at.is_(None)
    return bool(connection.execute(session.update().where(going_on).values(ended_at=at)).rowcount)


def going_sessions(connection: Connection, account_id: str, since: datetime) -> list[str]:
    """Return an account's sessions that began since then and were not ended."""
    going_on = (session.c.account_id == account_id) & session.c.ended_at.is_(None) & (session.c.begun_at >= since)
    return list(connection.execute(select(session.c.id).where(going_on)).scalars())


def failures(connection: Connection, login_hash: str, device_id: str) -> Row[Any] | None:
    """Return the wrong passwords in a row."""
    key = (failed_login.c.login_hash == login_hash) & (failed_login.c.device_id == device_id)
    return connection.execute(select(failed_login).where(key)).one_or_none()


def count_failure(connection: Connection, login_hash: str, device_id: str, number: int, at: datetime) -> None:
    """Write how many wrong passwords there have been in a row; 0 forgets them."""
    key = (failed_login.c.login_hash == login_hash) & (failed_login.c.device_id == device_id)
    connection.execute(failed_login.delete().where(key))
    if number:
        row = {"login_hash": login_hash, "device_id": device_id, "failures": number, "last_at": at}
        connection.execute(failed_login.insert().values(row))


def report_liaison(connection: Connection, values: Mapping[str, Any]) -> None:
    """Insert who was reported as liaison, once."""
    key = [liaison_report.c[name] == values[name] for name in ("campaign_id", "unit_id", "account_id")]
    if connection.execute(select(func.count()).select_from(liaison_report).where(*key)).scalar_one() == 0:
        connection.execute(liaison_report.insert().values(values))


def liaison_reports(connection: Connection, campaign_id: str) -> list[Row[Any]]:
    """Return the liaisons of a campaign with name and work contact, by unit."""
    person = (account.c.name, account.c.mobile, account.c.email)
    query = select(liaison_report, *person).join(account, account.c.id == liaison_report.c.account_id)
    of_it = query.where(liaison_report.c.campaign_id == campaign_id)
    return list(connection.execute(of_it.order_by(liaison_report.c.unit_id, liaison_report.c.received_at)))


def one_person(connection: Connection) -> bool:
    """Whether one person may do what otherwise takes two."""
    return bool(connection.execute(select(office.c.one_person)).scalar_one_or_none())


def set_one_person(connection: Connection, *, allowed: bool, account_id: str, at: datetime) -> None:
    """Write the office's setting."""
    connection.execute(office.delete())
    connection.execute(office.insert().values(id=1, one_person=allowed, changed_by=account_id, changed_at=at))
