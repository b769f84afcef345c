"""Invitations, accounts, one-time codes, and whether the office is one person."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field
from sqlalchemy import Connection, Row

from services.intake.actions import accounts, invitations
from services.intake.actions.acts import record
from services.intake.actions.rules import in_force
from services.intake.api.access import Anyone, Body, Head, Line, Organiser, Ref, Unit
from services.intake.api.sessions import Password, new_session
from services.intake.domain.people import ROLE_WORDS, may_invite
from services.intake.store import people
from services.kernel.auth import Principal, Role
from services.kernel.ports import Transaction
from services.kernel.service import Context
from services.kernel.web import Ctx, Received, Router, answer, perform, public, require, session_cookie

router = Router()
LooksAfter = Annotated[Principal, require(Role.CLERK, Role.HEAD, Role.UNIT_HEAD)]
Helps = Annotated[Principal, require(Role.CLERK, Role.HEAD, Role.UNIT_HEAD, Role.OPERATOR)]


class Redemption(Body):
    """A code with the person who redeems it: the columns of the liaisons' form."""

    code: Line
    name: Annotated[Line, Field(min_length=1)]
    mobile: Line
    email: Line
    password: Password


class Code(Body):
    """A code."""

    code: Line


class NewInvitation(Body):
    """Whom to invite. A liaison or a unit's head needs campaign and unit; for an expert the unit is the employer."""

    role: Role
    campaign_id: Ref | None = None
    unit_id: Ref | None = None


class Office(Body):
    """Whether one person may do what otherwise takes two."""

    one_person: bool


@router.post("/accounts", dependencies=[public()])
async def open_account(request: Request, context: Ctx, body: Redemption, received: Received) -> Response:
    """Open the account a code was printed for, and sign in."""
    person = accounts.checked_person(body.name, body.mobile, body.email, body.password)
    hashed = await _hashed(context, body)

    def piece(transaction: Transaction) -> dict[str, Any]:
        opened = accounts.open_account(transaction, body.code, person, hashed, received=received)
        _, session = new_session(context, opened.principal)
        return {"account": opened.account, "message": opened.message, **session}

    response = await perform(request, piece, status=201)
    response.headers.append("Set-Cookie", session_cookie(json.loads(bytes(response.body))["token"], context.settings))
    return response


async def _hashed(context: Context, body: Redemption) -> str:
    """Hash the password of somebody who holds a code: nobody else makes us work. The piece looks at the code again."""
    await context.database.read(lambda rows: invitations.known(rows, body.code))
    return await context.passwords.hash(body.password)


@router.get("/accounts")
async def list_accounts(request: Request, context: Ctx, who: LooksAfter) -> Response:
    """List the accounts that this person looks after: a unit's head those of the unit."""
    unit_id = who.unit_id if who.role is Role.UNIT_HEAD else None

    def query(rows: Connection) -> list[dict[str, Any]]:
        return [accounts.told(row) for row in people.accounts(rows, unit_id=unit_id)]

    return answer(request, {"accounts": await context.database.read(query)})


@router.delete("/accounts/{account_id}")
async def end_account(request: Request, account_id: str, who: LooksAfter) -> Response:
    """Close an account; it is refused everywhere from now on."""
    return await perform(request, lambda transaction: accounts.end(transaction, who, account_id), status=204)


@router.post("/accounts/{account_id}/reset-code")
async def issue_reset(request: Request, account_id: str, who: Helps) -> Response:
    """Print a one-time code for a forgotten password."""
    return await perform(request, lambda transaction: accounts.issue_reset(transaction, who, account_id), status=201)


@router.post("/invitations")
async def invite(request: Request, context: Ctx, body: NewInvitation, who: Organiser) -> Response:
    """Invite somebody into a role; the answer holds the code to print."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        row = invitations.issue(
            transaction, context.keys, who, campaign_id=body.campaign_id, role=body.role, unit_id=body.unit_id
        )
        return _invitation(context, who, row)

    return await perform(request, piece, status=201)


@router.get("/invitations")
async def list_invitations(request: Request, context: Ctx, who: Organiser, campaign_id: Ref | None = None) -> Response:
    """List the invitations of a campaign, or those of none, with the codes that are unused."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        return [_invitation(context, who, row) for row in people.invitations(rows, campaign_id)]

    return answer(request, {"invitations": await context.database.read(query)})


@router.delete("/invitations/{invitation_id}")
async def withdraw_invitation(request: Request, invitation_id: str, who: Organiser) -> Response:
    """Make an unused code void."""
    return await perform(request, lambda transaction: invitations.withdraw(transaction, who, invitation_id), status=204)


@router.post("/invitations/redemption")
async def take_letter(request: Request, body: Code, who: Unit, received: Received) -> Response:
    """Use a letter for another campaign with the account one has."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        done = accounts.take_letter(transaction, who, body.code, received=received)
        return {"account": done.account, "message": done.message}

    return await perform(request, piece)


def _invitation(context: Context, who: Principal, row: Row[Any]) -> dict[str, Any]:
    unused = row.used_at is None and row.void_at is None
    shown = unused and row.kid is not None and may_invite(who, Role(row.role))
    state = "used" if row.used_at else "void" if row.void_at else "unused"
    about = {
        "invitation_id": row.id,
        "campaign_id": row.campaign_id,
        "role": row.role,
        "role_label": ROLE_WORDS[Role(row.role)],
    }
    unit = {"unit_id": row.unit_id, "unit_name": row.unit_name, "has_mobile": row.has_mobile}
    code = invitations.code_of(context.keys, row.kid, row.id) if shown else None
    return {**about, **unit, "state": state, "code": code, "issued_at": row.issued_at, "used_at": row.used_at}


@router.get("/office")
async def read_office(request: Request, context: Ctx, _who: Organiser) -> Response:
    """Say whether one person may do what otherwise takes two."""
    return answer(request, {"one_person": await context.database.read(people.one_person)})


@router.put("/office")
async def set_office(request: Request, body: Office, who: Head) -> Response:
    """Say that this office is one person, or no longer; each act done alone says so."""

    def piece(transaction: Transaction) -> dict[str, Any]:
        rows = transaction.connection
        people.set_one_person(rows, allowed=body.one_person, account_id=who.account_id, at=transaction.now)
        record(transaction, who, "office.changed", "office", one_person=body.one_person)
        return {"one_person": body.one_person}

    return await perform(request, piece)


@router.get("/units")
async def list_units(request: Request, context: Ctx, campaign_id: Ref, _who: Anyone) -> Response:
    """List a campaign's units."""

    def query(rows: Connection) -> list[dict[str, Any]]:
        units = in_force(rows, campaign_id).units.values()
        return [{"unit_id": u.id, "name": u.name, "unit_type": u.type, "region_code": u.region_code} for u in units]

    return answer(request, {"units": await context.database.read(query)})
