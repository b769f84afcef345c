"""To whom a message is addressed, and who may see it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ORGANISER = frozenset({"clerk", "head"})
UNIT_ROLES = frozenset({"liaison", "unit_head"})


def to_account(account_id: str) -> str:
    """Address one person: nobody else sees it, the organiser neither."""
    return f"account/{account_id}"


def to_unit(unit_id: str) -> str:
    """Address a recommending unit: its liaison and head see it, whoever they are then."""
    return f"unit/{unit_id}"


def to_invitee(invitation_id: str) -> str:
    """Address whoever will open an account with an invitation."""
    return f"invitation/{invitation_id}"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one person may see: what is addressed to `own`, and for the organiser what goes to units and invitees.

    Within one campaign if `campaign_id` says so. Nobody sees what is addressed to another person, above all to an expert.
    """

    account_id: str
    own: tuple[str, ...]
    campaign_id: str | None
    organises: bool

    def sees(self, recipient: str, campaign_id: str | None) -> bool:
        """Whether a message to this recipient, of this campaign, may be shown."""
        if self.campaign_id is not None and campaign_id not in {None, self.campaign_id}:
            return False
        return recipient in self.own or (self.organises and is_official(recipient))


def is_official(recipient: str) -> bool:
    """Whether the message is between offices, so that the organiser may see it."""
    return recipient.partition("/")[0] in {"unit", "invitation"}


def sight_of(account_id: str, role: str, *, unit_id: str | None, campaign_id: str | None, invitation_id: str | None) -> Sight:
    """Return what a person may see; `invitation_id` is the one with which the account was opened."""
    own = [to_account(account_id)]
    if role in UNIT_ROLES and unit_id is not None:
        own.append(to_unit(unit_id))
    if invitation_id is not None:
        own.append(to_invitee(invitation_id))
    return Sight(account_id, tuple(own), campaign_id, role in ORGANISER)


@dataclass(frozen=True, slots=True)
class Person:
    """An account that may be written to."""

    account_id: str
    role: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Address:
    """Where one copy of a message goes: the recipient it is counted for, and the mailbox or the same again."""

    recipient: str
    mailbox: str


def addresses(recipient: str, people: Iterable[Person]) -> list[Address]:
    """Return one address a person. Of a unit its liaisons are written to, and its head where there is no liaison.

    A message to nobody who has an account, and a person without a mailbox, is spooled under its own reference, to be
    printed.
    """
    known = list(people)
    chosen = [person for person in known if person.role != "unit_head"] or known
    found = [Address(to_account(person.account_id), person.address or to_account(person.account_id)) for person in chosen]
    return found or [Address(recipient, recipient)]
