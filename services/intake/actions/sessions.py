"""Sessions: begun, ended, and how long one waits after wrong passwords."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from services.intake.domain.people import FORGOTTEN_AFTER, normal_login, wait_after
from services.intake.store import people
from services.kernel.auth import Principal, Role
from services.kernel.contracts.events import SessionEnded
from services.kernel.errors import TooMany, Unauthenticated
from services.kernel.handlers import revoke
from services.kernel.ids import new_id
from services.kernel.keys import BadSignature, Keys, Purpose
from services.kernel.ports import Transaction

DEVICE_TYPE = "laurel-device+jws"
LONGEST_SESSION = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login as it was typed: the account it names, if any, and the device if that account knows it."""

    login_hash: str
    device_id: str
    account: Row[Any] | None


def attempt(transaction: Transaction, keys: Keys, login: str, device: str | None) -> Attempt:
    """Look a login up and count the attempt as wrong until it proves right, so that many at once gain nothing.

    Raises `TooMany` while it must wait, in the same way whether there is such an account or not.
    """
    rows, now, normal = transaction.connection, transaction.now, normal_login(login)
    account = people.by_login(rows, normal)
    device_id = _known_device(keys, device, account.id) if account is not None and device else ""
    tried = Attempt(_login_hash(normal), device_id, account)
    found = people.failures(rows, tried.login_hash, device_id)
    failures = found.failures if found is not None and now - found.last_at <= FORGOTTEN_AFTER else 0
    if found is not None and (wait := found.last_at + wait_after(failures) - now) > timedelta(0):
        raise _too_many(int(wait.total_seconds()) + 1)
    people.count_failure(rows, tried.login_hash, device_id, failures + 1, now)
    return tried


def _too_many(seconds: int) -> TooMany:
    return TooMany(
        f"密码多次不符，请{seconds}秒后再试。忘记密码请向单位负责人或主办单位索取一次性密码。",
        "Too many wrong passwords.",
        headers={"Retry-After": str(seconds)},
    )


def refused() -> Unauthenticated:
    """Return the one answer to an unknown login and to a wrong password."""
    return Unauthenticated("手机号码（或邮箱）与密码不符，请核对。", "Login and password do not fit.", kind="login-refused")


def accept(transaction: Transaction, tried: Attempt, password_hash: str | None) -> Principal:
    """Begin a session for a login whose password was right. Raises `Unauthenticated` when the account ended meanwhile."""
    account = people.find_account(transaction.connection, tried.account.id) if tried.account is not None else None
    if account is None:
        raise refused()
    people.count_failure(transaction.connection, tried.login_hash, tried.device_id, 0, transaction.now)
    if password_hash is not None:
        people.change_account(transaction.connection, account.id, password_hash=password_hash)
    return begin(transaction, account.id, Role(account.role), unit_id=account.unit_id, campaign_id=account.campaign_id)


def begin(transaction: Transaction, account_id: str, role: Role, *, unit_id: str | None, campaign_id: str | None) -> Principal:
    """Begin a session and return who it speaks for."""
    session_id = new_id()
    people.begin_session(transaction.connection, session_id, account_id, transaction.now)
    return Principal(account_id, session_id, role, unit_id, campaign_id)


def end(transaction: Transaction, account_id: str, session_id: str) -> None:
    """End a session everywhere; ending it twice changes nothing."""
    if people.end_session(transaction.connection, session_id, transaction.now):
        transaction.emit(SessionEnded(account_id=account_id, session_id=session_id))
        revoke(transaction, f"session/{session_id}")


def end_all(transaction: Transaction, account_id: str) -> None:
    """End every session of an account that may still go on."""
    for session_id in people.going_sessions(transaction.connection, account_id, transaction.now - LONGEST_SESSION):
        end(transaction, account_id, session_id)


def forget_failures(transaction: Transaction, *logins: str) -> None:
    """A person has proved who they are: wrong passwords before that no longer count."""
    for login in logins:
        people.count_failure(transaction.connection, _login_hash(login), "", 0, transaction.now)


def device_token(keys: Keys, account_id: str, known: str | None) -> str:
    """Return the token by which a device is known to an account: the one it has, or a new one."""
    if known and _known_device(keys, known, account_id):
        return known
    payload = json.dumps({"account": account_id, "device": new_id()}).encode()
    return keys.sign_jws(Purpose.TOKEN, payload, DEVICE_TYPE)


def _known_device(keys: Keys, token: str, account_id: str) -> str:
    try:
        claims = json.loads(keys.verify_jws(Purpose.TOKEN, token, DEVICE_TYPE))
    except (BadSignature, ValueError):
        return ""
    return str(claims["device"]) if claims.get("account") == account_id else ""


def _login_hash(login: str) -> str:
    return hashlib.sha256(f"login {login}".encode()).hexdigest()
