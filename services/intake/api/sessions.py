"""Signing in and out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import StringConstraints
from pydantic_core import to_json
from sqlalchemy import Connection

from services.intake.actions import accounts, sessions
from services.intake.api.access import Anyone, Body, Line
from services.intake.domain.people import ROLE_WORDS
from services.kernel.auth import Limits, Principal, Session, mint, renew, verify
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Ctx, CurrentSession, Router, answer, ended_cookie, public, session_cookie

DEVICE_COOKIE = "laurel_device"
DEVICE_DAYS = 400

router = Router()
Password = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class Login(Body):
    """A mobile number or mailbox, the password, and the device's token where a script keeps one."""

    login: Line
    password: Password
    device: Annotated[str, StringConstraints(max_length=2000)] | None = None


class Reset(Body):
    """A one-time code and the password that shall hold from now on."""

    code: Line
    password: Password


@router.post("/session", dependencies=[public()])
async def sign_in(request: Request, context: Ctx, body: Login) -> Response:
    """Sign in. An unknown login and a wrong password get the same answer after the same time."""
    device = body.device or request.cookies.get(DEVICE_COOKIE)
    tried = await context.database.submit(lambda rows: sessions.attempt(rows, context.keys, body.login, device))
    known = tried.account.password_hash if tried.account is not None else None
    if not await context.passwords.verify(known, body.password) or known is None:
        raise sessions.refused()
    stale = context.passwords.needs_rehash(known)
    fresh = await context.passwords.hash(body.password) if stale else None
    principal = await context.database.submit(lambda transaction: sessions.accept(transaction, tried, fresh))
    return _signed_in(context, principal, device=sessions.device_token(context.keys, principal.account_id, device))


@router.get("/session")
async def present(request: Request, context: Ctx, session: CurrentSession, who: Anyone) -> Response:
    """Say who is signed in, as whom, and until when."""

    def query(rows: Connection) -> dict[str, Any]:
        return accounts.told(accounts.present(rows, who.account_id))

    return answer(request, {**_times(session), "account": await context.database.read(query)})


@router.post("/session/renew")
async def renew_session(context: Ctx, session: CurrentSession, _who: Anyone) -> Response:
    """Return a later token for the same session, at most until its absolute limit."""
    now = context.clock.now()
    token = renew(context.keys, session, now=now, limits=Limits.of(context.settings))
    told = {"token": token, **_times(verify(context.keys, token, now=now))}
    return _with_cookies(context, told, token)


@router.delete("/session")
async def sign_out(context: Ctx, who: Anyone) -> Response:
    """End the session everywhere."""
    await context.database.submit(lambda transaction: sessions.end(transaction, who.account_id, who.session_id))
    return Response(status_code=204, headers={"Set-Cookie": ended_cookie()})


@router.post("/session/reset", dependencies=[public()])
async def reset_password(context: Ctx, body: Reset) -> Response:
    """Set a new password by a one-time code; every session of the account ends, and a new one begins."""
    now = context.clock.now()
    await context.database.read(lambda rows: accounts.check_reset(rows, body.code, body.password, now))
    hashed = await context.passwords.hash(body.password)

    def piece(transaction: Transaction) -> Principal:
        return accounts.use_reset(transaction, body.code, body.password, hashed)

    principal = await context.database.submit(piece)
    return _signed_in(context, principal, device=sessions.device_token(context.keys, principal.account_id, None))


def _signed_in(context: Context, principal: Principal, *, device: str) -> Response:
    token, told = new_session(context, principal)
    response = _with_cookies(context, {**told, "device": device}, token)
    secure = "; Secure" if context.settings.session_cookie_secure else ""
    age_s = DEVICE_DAYS * 24 * 3600
    response.headers.append(
        "Set-Cookie", f"{DEVICE_COOKIE}={device}; Path=/session; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}"
    )
    return response


def new_session(context: Context, principal: Principal) -> tuple[str, dict[str, Any]]:
    """Return a token for a session that has just begun, and what is told of it."""
    now = context.clock.now()
    token = mint(context.keys, principal, begun_at=now, now=now, limits=Limits.of(context.settings))
    return token, {"token": token, **_times(verify(context.keys, token, now=now))}


def _times(session: Session) -> dict[str, Any]:
    who = session.principal
    told = {"account_id": who.account_id, "role": who.role, "role_label": ROLE_WORDS[who.role], "unit_id": who.unit_id}
    return {**told, "begun_at": session.begun_at, "fresh_until": session.fresh_until, "expires_at": session.expires_at}


def _with_cookies(context: Context, told: dict[str, Any], token: str) -> Response:
    response = Response(to_json(told), media_type="application/json")
    response.headers.append("Set-Cookie", session_cookie(token, context.settings))
    return response
