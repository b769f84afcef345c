"""Sessions and their access tokens: minted, verified and renewed by pure functions of keys and time.

A token is fresh for ten minutes: until then a page need not renew it. It is accepted until the idle limit, and no renewal
carries it past the absolute limit, which counts from login.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from services.kernel.auth.revocations import Revocations
from services.kernel.errors import Unauthenticated
from services.kernel.keys import BadSignature, Keys, Purpose
from services.kernel.settings import Settings

TYP = "laurel-access+jwt"
CACHED_TOKENS = 4096


class Role(StrEnum):
    """What a person is, one role an account."""

    CLERK = "clerk"
    HEAD = "head"
    LIAISON = "liaison"
    UNIT_HEAD = "unit_head"
    EXPERT = "expert"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: ids and a role, never a name. An account may be bound to one campaign."""

    account_id: str
    session_id: str
    role: Role
    unit_id: str | None = None
    campaign_id: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a token is fresh, accepted, and renewable."""

    fresh: timedelta = timedelta(minutes=10)
    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Read the limits from the settings."""
        return cls(
            timedelta(seconds=settings.session_fresh_s),
            timedelta(seconds=settings.session_idle_s),
            timedelta(seconds=settings.session_absolute_s),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """A verified token: who it speaks for, and its instants to the second."""

    principal: Principal
    begun_at: datetime
    issued_at: datetime
    fresh_until: datetime
    expires_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether the token need not be renewed yet."""
        return now < self.fresh_until


def mint(keys: Keys, principal: Principal, *, begun_at: datetime, now: datetime, limits: Limits) -> str:
    """Return a token for a session that began at login. Raises `Unauthenticated` past the absolute limit."""
    ends = min(now + limits.idle, begun_at + limits.absolute)
    if now >= ends:
        raise _ended()
    claims = {
        "sub": principal.account_id,
        "sid": principal.session_id,
        "role": principal.role.value,
        "unit": principal.unit_id,
        "campaign": principal.campaign_id,
        "auth_time": _seconds(begun_at),
        "iat": _seconds(now),
        "fresh_until": min(_seconds(now + limits.fresh), _seconds(ends)),
        "exp": _seconds(ends),
    }
    stated = {name: value for name, value in claims.items() if value is not None}
    return keys.sign_jws(Purpose.TOKEN, json.dumps(stated, separators=(",", ":")).encode(), TYP)


def verify(keys: Keys, token: str, *, now: datetime) -> Session:
    """Return the session a token proves. Raises `Unauthenticated` when it is not ours or has expired."""
    return _unexpired(_read(keys, token), now)


def renew(keys: Keys, session: Session, *, now: datetime, limits: Limits) -> str:
    """Return a later token for the same session. Raises `Unauthenticated` past the absolute limit."""
    return mint(keys, session.principal, begun_at=session.begun_at, now=now, limits=limits)


class Verifier:
    """Verifies tokens for one service, remembering signatures it has checked; time and endings are looked at each time."""

    def __init__(self, keys: Keys, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations
        self._checked: dict[str, Session] = {}

    def verify(self, token: str, *, now: datetime) -> Session:
        """Return the session. Raises `Unauthenticated` when the token is not ours, has expired or was ended."""
        session = self._checked.get(token) or self._remember(token, _read(self._keys, token))
        _unexpired(session, now)
        who = session.principal
        if f"session/{who.session_id}" in self._revocations or f"account/{who.account_id}" in self._revocations:
            raise _ended()
        return session

    def _remember(self, token: str, session: Session) -> Session:
        if len(self._checked) >= CACHED_TOKENS:
            self._checked.clear()
        self._checked[token] = session
        return session


def _read(keys: Keys, token: str) -> Session:
    try:
        claims = json.loads(keys.verify_jws(Purpose.TOKEN, token, TYP))
        who = Principal(claims["sub"], claims["sid"], Role(claims["role"]), claims.get("unit"), claims.get("campaign"))
        instants = [datetime.fromtimestamp(claims[name], UTC) for name in ("auth_time", "iat", "fresh_until", "exp")]
    except (BadSignature, KeyError, ValueError, TypeError) as broken:
        raise Unauthenticated("请先登录。", "The access token was not issued here.") from broken
    return Session(who, *instants)


def _unexpired(session: Session, now: datetime) -> Session:
    if now >= session.expires_at:
        raise Unauthenticated("登录已超时，请重新登录。", "The session has expired.", kind="session-expired")
    return session


def _ended() -> Unauthenticated:
    return Unauthenticated("登录已结束，请重新登录。", "The session has ended.", kind="session-ended")


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
