"""Letters of invitation: each with a code for one role that works once, and can be printed again until then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.campaigns.instants import closing_text, local
from services.campaigns.models import Campaign, Unit
from services.intake.actions.acts import record
from services.intake.actions.rules import Rules, in_force
from services.intake.domain.papers import Letter
from services.intake.domain.people import ROLE_PURPOSES, ROLE_WORDS, UNIT_ROLES, check_may_invite
from services.intake.store import people
from services.kernel.auth import Principal, Role
from services.kernel.codes import new_one_time_code, one_time_code, one_time_code_hash
from services.kernel.contracts.events import InvitationIssued
from services.kernel.errors import Gone, NotFound, Unprocessable
from services.kernel.ids import new_id
from services.kernel.keys import Keys, Purpose
from services.kernel.ports import Transaction
from services.kernel.service import Context

FIRST = "first-organiser"


def first_organiser_code(context: Context) -> str | None:
    """Return a fresh one-time code for the first account of a head; None once there is one. Earlier codes are void."""
    code = new_one_time_code()

    def piece(transaction: Transaction) -> str | None:
        if people.accounts(transaction.connection, roles=(Role.HEAD,)):
            return None
        fresh = {"code_hash": one_time_code_hash(code), "issued_at": transaction.now}
        if people.find_invitation(transaction.connection, FIRST) is None:
            role = {"id": FIRST, "role": Role.HEAD, "unit_name": "", "has_mobile": False}
            people.add_invitation(transaction.connection, {**role, **fresh})
        else:
            people.change_invitation(transaction.connection, FIRST, **fresh)
        return code

    return context.database.call(piece)


def code_of(keys: Keys, kid: str, invitation_id: str) -> str:
    """Return the code of a letter, made again from its id: it is kept nowhere."""
    return one_time_code(int.from_bytes(keys.mac(Purpose.CODE, kid, f"invitation {invitation_id}".encode()), "big"))


def issue_for_unit(transaction: Transaction, keys: Keys, who: Principal, campaign_id: str, *, role: Role, unit: Unit) -> str:
    """Issue the letter for one of a unit's roles and return its id."""
    return _issue(
        transaction, keys, who, campaign_id=campaign_id, role=role, unit_id=unit.id, unit_name=unit.name,
        has_mobile=unit.mobile is not None,
    )  # fmt: skip


def issue(
    transaction: Transaction, keys: Keys, who: Principal, *, campaign_id: str | None, role: Role, unit_id: str | None
) -> Row[Any]:
    """Invite somebody into a role. Raises `Forbidden`, `NotFound`, or `Unprocessable` where the role needs a unit."""
    check_may_invite(who, role)
    rules = in_force(transaction.connection, campaign_id) if campaign_id else None
    if role in UNIT_ROLES and (rules is None or unit_id is None):
        raise Unprocessable(f"邀请{ROLE_WORDS[role]}须写明活动和推荐单位。", "This role needs a campaign and a unit.")
    if role not in {*UNIT_ROLES, Role.EXPERT} and (campaign_id or unit_id):
        raise Unprocessable(f"{ROLE_WORDS[role]}不属于某个活动或推荐单位。", "This role belongs to no campaign and no unit.")
    unit = rules.unit(unit_id) if rules is not None and unit_id is not None else None
    if unit_id is not None and unit is None:
        raise Unprocessable("写明单位时须同时写明活动。", "A unit is one of a campaign.")
    made = _issue(
        transaction, keys, who, campaign_id=campaign_id, role=role, unit_id=unit_id,
        unit_name=unit.name if unit else "", has_mobile=bool(unit and unit.mobile),
    )  # fmt: skip
    record(transaction, who, "invitation.issued", f"invitation/{made}", role=role.value, unit=unit_id)
    found = people.find_invitation(transaction.connection, made)
    assert found is not None  # noqa: S101 - it was inserted just now
    return found


def _issue(
    transaction: Transaction,
    keys: Keys,
    who: Principal,
    *,
    campaign_id: str | None,
    role: Role,
    unit_id: str | None,
    unit_name: str,
    has_mobile: bool,
) -> str:
    invitation_id, kid = new_id(), keys.kid(Purpose.CODE)
    code_hash = one_time_code_hash(code_of(keys, kid, invitation_id))
    about = {"campaign_id": campaign_id, "role": role, "unit_id": unit_id, "unit_name": unit_name, "has_mobile": has_mobile}
    made = {"code_hash": code_hash, "kid": kid, "issued_by": who.account_id, "issued_at": transaction.now}
    people.add_invitation(transaction.connection, {"id": invitation_id, **about, **made})
    transaction.emit(InvitationIssued(invitation_id=invitation_id, code_hash=code_hash, **about))
    return invitation_id


def withdraw(transaction: Transaction, who: Principal, invitation_id: str) -> None:
    """Make an unused letter void. Raises `NotFound`, `Gone` once it was used."""
    found = people.find_invitation(transaction.connection, invitation_id)
    if found is None or found.id == FIRST:
        raise NotFound
    check_may_invite(who, Role(found.role))
    if found.used_at is not None:
        raise Gone("开通码已使用，不能作废。", "The code was used.")
    people.change_invitation(transaction.connection, invitation_id, void_at=transaction.now)
    record(transaction, who, "invitation.voided", f"invitation/{invitation_id}")


def by_code(connection: Connection, typed: str) -> Row[Any]:
    """Return the unused invitation of a typed code. Raises `Unprocessable`, `NotFound`, `Gone` with the sentence."""
    found = known(connection, typed)
    if found.used_at is not None:
        raise Gone("开通码已使用。一个开通码只能用一次，如需再开通账号，请向主办单位索取新的开通函。", "The code was used.")
    if found.void_at is not None:
        raise Gone("开通码已作废，请向主办单位索取新的开通函。", "The code is void.")
    return found


def known(connection: Connection, typed: str) -> Row[Any]:
    """Return the invitation of a typed code, used or not. Raises `Unprocessable`, `NotFound`."""
    try:
        code_hash = one_time_code_hash(typed)
    except ValueError:
        raise Unprocessable(
            "开通码有误：与校验位不符，请核对后重新输入。", "The code does not fit its check character.", kind="code-mistyped"
        ) from None
    found = people.invitation_by_code(connection, code_hash)
    if found is None:
        raise NotFound("没有这个开通码。请核对，或向主办单位索取新的开通函。", "No such code.", kind="no-such-code")
    return found


def letters(
    rules: Rules, keys: Keys, rows: Sequence[Row[Any]], *, address: str, now: datetime, unit_ids: frozenset[str] = frozenset()
) -> list[Letter]:
    """Return the letters of unused codes, ready for printing, of these units or of all."""
    return [
        _letter(rules, row, code_of(keys, row.kid, row.id), address, now)
        for row in rows
        if row.used_at is None and row.void_at is None and row.kid and (not unit_ids or row.unit_id in unit_ids)
    ]


def _letter(rules: Rules, row: Row[Any], code: str, address: str, now: datetime) -> Letter:
    role, day = Role(row.role), local(now)
    return Letter(
        organiser=rules.host.name,
        campaign=rules.campaign.title,
        unit_name=row.unit_name or rules.host.name,
        role=ROLE_WORDS[role],
        code=code,
        address=address,
        purpose=ROLE_PURPOSES[role],
        deadline=_deadline(rules.campaign, rules.units.get(row.unit_id or ""), role),
        issued_on=f"{day.year}年{day.month}月{day.day}日",
        rehearsal=rules.rehearsal,
    )


def _deadline(campaign: Campaign, unit: Unit | None, role: Role) -> str:
    due = [
        deadline.closes
        for deadline in campaign.deadlines
        if unit is not None and role is Role.LIAISON and deadline.duty == "liaison" and unit.type in deadline.unit_types
    ]
    if not due and (stage := campaign.stage_for("lock")) is not None:
        due = [stage.closes]
    return f"{closing_text(min(due), year=True)}前" if due else "活动结束前"
