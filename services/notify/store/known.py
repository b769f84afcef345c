"""What notify knows of campaigns, people and works, from events."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import Connection, and_, bindparam, or_, select
from sqlalchemy.dialects.sqlite import insert

from services.kernel.tables import revocation
from services.notify.domain.audiences import Person
from services.notify.domain.campaigns import CampaignWords
from services.notify.domain.letters import WorkName
from services.notify.store.tables import account, campaign, unit, work


def keep_campaign(connection: Connection, words: CampaignWords, version: int, units: Sequence[tuple[str, str]]) -> None:
    """Keep a version of a campaign and its units, by id and name, unless a later one is known."""
    row = insert(campaign).values(campaign_id=words.campaign_id, version=version, words=words.model_dump_json())
    newer = row.on_conflict_do_update(
        index_elements=["campaign_id"],
        set_={"version": row.excluded.version, "words": row.excluded.words},
        where=campaign.c.version <= row.excluded.version,
    )
    if not connection.execute(newer).rowcount:
        return
    connection.execute(unit.delete().where(unit.c.campaign_id == words.campaign_id))
    if units:
        rows = [{"campaign_id": words.campaign_id, "unit_id": unit_id, "name": name} for unit_id, name in units]
        connection.execute(unit.insert(), rows)


_WORDS = select(campaign.c.words).where(campaign.c.campaign_id == bindparam("campaign_id"))


def campaign_words(connection: Connection, campaign_id: str) -> CampaignWords | None:
    """Return a campaign's words, or None when it has not arrived."""
    words = connection.execute(_WORDS, {"campaign_id": campaign_id}).scalar()
    return None if words is None else _read(words)


@lru_cache(maxsize=16)
def _read(words: str) -> CampaignWords:
    return CampaignWords.model_validate_json(words)


def unit_names(connection: Connection, campaign_id: str) -> dict[str, str]:
    """Return the campaign's units: name by id, in the order of their ids."""
    query = select(unit.c.unit_id, unit.c.name).where(unit.c.campaign_id == campaign_id).order_by(unit.c.unit_id)
    return {row.unit_id: row.name for row in connection.execute(query)}


def keep_account(connection: Connection, values: dict[str, str | None]) -> None:
    """Keep who can be written to; an account is opened once."""
    connection.execute(insert(account).values(values).on_conflict_do_nothing())


def invitation_of(connection: Connection, account_id: str) -> str | None:
    """Return the invitation with which an account was opened."""
    return connection.execute(select(account.c.invitation_id).where(account.c.account_id == account_id)).scalar()


def people_of(connection: Connection, recipient: str, campaign_id: str | None, roles: Sequence[str]) -> list[Person]:
    """Return the accounts behind a recipient that have not ended; those of a unit in these roles."""
    kind, _, identity = recipient.partition("/")
    addressed = {
        "account": account.c.account_id == identity,
        "unit": and_(account.c.unit_id == identity, account.c.role.in_(roles)),
        "invitation": account.c.invitation_id == identity,
    }[kind]
    of_campaign = or_(account.c.campaign_id.is_(None), account.c.campaign_id == campaign_id)
    going_on = ~select(revocation.c.subject).where(revocation.c.subject == "account/" + account.c.account_id).exists()
    query = select(account.c.account_id, account.c.role, account.c.address).where(addressed, of_campaign, going_on)
    return [Person(*row) for row in connection.execute(query.order_by(account.c.account_id))]


def keep_work(connection: Connection, work_id: str, name: WorkName, sequence: int) -> None:
    """Keep whose a work is and what it is called, unless a later event told already."""
    values = {"work_id": work_id, "unit_id": name.unit_id, "unit_name": name.unit_name, "title": name.title}
    row = insert(work).values(**values, sequence=sequence)
    newer = {column: row.excluded[column] for column in (*values, "sequence") if column != "work_id"}
    connection.execute(
        row.on_conflict_do_update(index_elements=["work_id"], set_=newer, where=work.c.sequence < row.excluded.sequence)
    )


_NAME = select(work.c.unit_id, work.c.unit_name, work.c.title).where(work.c.work_id == bindparam("work_id"))


def work_name(connection: Connection, work_id: str) -> WorkName | None:
    """Return what is known of a work, or None when it has not arrived."""
    row = connection.execute(_NAME, {"work_id": work_id}).first()
    return None if row is None else WorkName(*row)
