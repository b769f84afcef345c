"""Accounts: opened by a code, ended, and helped when a password is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from services.campaigns.evaluation.windows import reported_late, reported_sentence
from services.intake.actions import invitations, sessions
from services.intake.actions.acts import record
from services.intake.actions.rules import in_force
from services.intake.domain.people import (
    ROLE_WORDS,
    UNIT_ROLES,
    check_may_invite,
    check_password,
    checked_email,
    checked_mobile,
    may_help,
)
from services.intake.store import people
from services.kernel.auth import Principal, Role
from services.kernel.codes import new_one_time_code, one_time_code_hash
from services.kernel.contracts.events import AccountEnded, AccountOpened, Contact
from services.kernel.errors import Conflict, Forbidden, Gone, NotFound, Unprocessable
from services.kernel.handlers import revoke
from services.kernel.ids import new_id
from services.kernel.ports import Transaction

RESET_LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Person:
    """Who opens an account; mobile and mailbox in their one spelling."""

    name: str
    mobile: str
    email: str


def checked_person(name: str, mobile: str, email: str, password: str) -> Person:
    """Return the person. Raises `Unprocessable` for a number, mailbox or password that will not do."""
    person = Person(name.strip(), checked_mobile(mobile), checked_email(email))
    if not person.name:
        raise Unprocessable("请填写姓名。", "The name is empty.", kind="invalid-fields", errors=[{"field": "name"}])
    check_password(password, name=person.name, mobile=person.mobile, email=person.email)
    return person


@dataclass(frozen=True, slots=True)
class Opened:
    """An account that was opened, its session begun, and how it is told."""

    account: Mapping[str, Any]
    principal: Principal
    message: str


def open_account(transaction: Transaction, code: str, person: Person, password_hash: str, *, received: datetime) -> Opened:
    """Open the account a code was printed for. Raises what `invitations.by_code` raises, `Conflict` for a taken number."""
    invitation = invitations.by_code(transaction.connection, code)
    role = Role(invitation.role)
    if people.mobile_taken(transaction.connection, person.mobile):
        raise Conflict(
            "该手机号码已用于另一个账号。请换一个号码；如是本人的账号，请登录后再使用开通码。",
            "This number has an account.",
            kind="mobile-taken",
        )
    account_id = new_id()
    bound = invitation.campaign_id if role is Role.EXPERT else None
    values = {"id": account_id, "role": role, "unit_id": invitation.unit_id, "campaign_id": bound, "name": person.name}
    reach = {"mobile": person.mobile, "email": person.email, "password_hash": password_hash}
    made = {"invitation_id": invitation.id, "opened_at": transaction.now, "revision": 1}
    people.open_account(transaction.connection, {**values, **reach, **made})
    people.change_invitation(transaction.connection, invitation.id, used_by=account_id, used_at=transaction.now)
    transaction.emit(
        AccountOpened(
            account_id=account_id,
            role=role,
            unit_id=invitation.unit_id,
            campaign_id=bound,
            invitation_id=invitation.id,
            personal=Contact(name=person.name, mobile=person.mobile, email=person.email),
        )
    )
    principal = sessions.begin(transaction, account_id, role, unit_id=invitation.unit_id, campaign_id=bound)
    message = _reported(transaction, invitation, account_id, received) or "账号已开通。"
    return Opened(told(present(transaction.connection, account_id)), principal, message)


def take_letter(transaction: Transaction, who: Principal, code: str, *, received: datetime) -> Opened:
    """Let somebody who has an account in the letter's role and unit use it for another campaign.

    Raises what `invitations.by_code` raises, `Forbidden` for another role or unit.
    """
    invitation = invitations.by_code(transaction.connection, code)
    if (invitation.role, invitation.unit_id) != (who.role.value, who.unit_id) or who.role not in UNIT_ROLES:
        raise Forbidden("这个开通码不属于您的单位或角色。", "The code is for another unit or role.", kind="code-of-another")
    people.change_invitation(transaction.connection, invitation.id, used_by=who.account_id, used_at=transaction.now)
    message = _reported(transaction, invitation, who.account_id, received) or "已登记。"
    return Opened(told(present(transaction.connection, who.account_id)), who, message)


def _reported(transaction: Transaction, invitation: Row[Any], account_id: str, received: datetime) -> str | None:
    """Report a liaison for the campaign of the letter; return the sentence, None where it is nobody's duty."""
    if invitation.role != Role.LIAISON or invitation.campaign_id is None:
        return None
    rules = in_force(transaction.connection, invitation.campaign_id)
    unit, at = rules.unit(invitation.unit_id), transaction.campaign_time(received)
    duties = [due for due in rules.campaign.deadlines if due.duty == "liaison" and unit.type in due.unit_types]
    late = any(reported_late(duty, at) for duty in duties)
    row = {"campaign_id": rules.campaign_id, "unit_id": unit.id, "account_id": account_id}
    people.report_liaison(transaction.connection, {**row, "received_at": at, "late": late})
    return reported_sentence(duties[0], at) if duties else None


def present(connection: Connection, account_id: str) -> Row[Any]:
    """Return an open account. Raises `NotFound`."""
    row = people.find_account(connection, account_id)
    if row is None:
        raise NotFound
    return row


def told(row: Row[Any]) -> dict[str, Any]:
    """Return an account as its owner and those who look after it see it."""
    role = Role(row.role)
    who = {"account_id": row.id, "role": role.value, "role_label": ROLE_WORDS[role], "unit_id": row.unit_id}
    reach = {"name": row.name, "mobile": row.mobile, "email": row.email}
    return {**who, "campaign_id": row.campaign_id, **reach, "opened_at": row.opened_at, "revision": row.revision}


def end(transaction: Transaction, who: Principal, account_id: str) -> None:
    """Close an account; its name stays in the log. Raises `NotFound`, `Forbidden`, `Conflict` for the last head."""
    row = present(transaction.connection, account_id)
    _check_may_look_after(who, row)
    heads = people.accounts(transaction.connection, roles=(Role.HEAD,))
    if row.role == Role.HEAD and len(heads) == 1:
        raise Conflict("这是唯一的负责人账号，请先为接任者开通账号。", "This is the last head's account.")
    ended = {"ended_at": transaction.now, "mobile": f"ended {account_id}", "email": ""}
    people.change_account(transaction.connection, account_id, **ended)
    transaction.emit(AccountEnded(account_id=account_id))
    revoke(transaction, f"account/{account_id}")
    record(transaction, who, "account.ended", f"account/{account_id}")


def _check_may_look_after(who: Principal, row: Row[Any]) -> None:
    if who.role is Role.UNIT_HEAD:
        if not may_help(who, Role(row.role), row.unit_id):
            raise NotFound
        return
    check_may_invite(who, Role(row.role))


# --- a forgotten password -------------------------------------------------------------------------------------------


def issue_reset(transaction: Transaction, who: Principal, account_id: str) -> dict[str, Any]:
    """Print a one-time code for a forgotten password. Raises `NotFound` for an account this person may not help."""
    row = present(transaction.connection, account_id)
    if not may_help(who, Role(row.role), row.unit_id):
        raise NotFound
    code, expires_at = new_one_time_code(), transaction.now + RESET_LIFETIME
    about = {"account_id": account_id, "issued_by": who.account_id, "issued_at": transaction.now, "expires_at": expires_at}
    people.add_reset(transaction.connection, {"code_hash": one_time_code_hash(code), **about})
    record(transaction, who, "account.reset-issued", f"account/{account_id}")
    return {"account_id": account_id, "code": code, "expires_at": expires_at}


def use_reset(transaction: Transaction, code: str, password: str, password_hash: str) -> Principal:
    """Set a new password, end the account's sessions, begin one. Raises `Unprocessable`, `NotFound`, `Gone`."""
    row, account = reset_of(transaction.connection, code, transaction.now)
    check_password(password, name=account.name, mobile=account.mobile, email=account.email)
    people.use_reset(transaction.connection, row.code_hash, transaction.now)
    people.change_account(transaction.connection, account.id, password_hash=password_hash)
    sessions.end_all(transaction, account.id)
    sessions.forget_failures(transaction, account.mobile, account.email)
    return sessions.begin(transaction, account.id, Role(account.role), unit_id=account.unit_id, campaign_id=account.campaign_id)


def check_reset(connection: Connection, code: str, password: str, now: datetime) -> None:
    """Look at code and password before the password is hashed. Raises what `use_reset` raises."""
    account = reset_of(connection, code, now)[1]
    check_password(password, name=account.name, mobile=account.mobile, email=account.email)


def reset_of(connection: Connection, typed: str, now: datetime) -> tuple[Row[Any], Row[Any]]:
    """Return a one-time code's row and its account. Raises `Unprocessable`, `NotFound`, `Gone`."""
    try:
        row = people.find_reset(connection, one_time_code_hash(typed))
    except ValueError:
        raise Unprocessable(
            "一次性密码有误：与校验位不符，请核对后重新输入。",
            "The code does not fit its check character.",
            kind="code-mistyped",
        ) from None
    account = people.find_account(connection, row.account_id) if row is not None else None
    if row is None or account is None:
        raise NotFound("没有这个一次性密码，或已被新的代替。", "No such code.", kind="no-such-code")
    if row.used_at is not None or now >= row.expires_at:
        raise Gone("一次性密码已使用或过期，请重新索取。", "The code was used or has expired.")
    return row, account
