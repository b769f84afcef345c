"""The last answer given for each work."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from services.kernel.contracts.events import ExclusionChecked
from services.search.store.tables import check


def keep(connection: Connection, told: ExclusionChecked) -> None:
    """Keep the answer last told of a work."""
    connection.execute(delete(check).where(check.c.work_id == told.work_id))
    own = {"work_id", "campaign_id", "phase", "compared_hash", "answer"}
    connection.execute(insert(check).values(**told.model_dump(include=own), told=told.model_dump_json()))


def get(connection: Connection, work_id: str) -> ExclusionChecked | None:
    """Return the answer last told of a work."""
    told = connection.execute(select(check.c.told).where(check.c.work_id == work_id)).scalar_one_or_none()
    return ExclusionChecked.model_validate_json(told) if told else None


def listed(connection: Connection, campaign_id: str, answer: str | None) -> list[ExclusionChecked]:
    """Return the answers of a campaign, or those of one kind, in the order of their works."""
    wanted = select(check.c.told).where(check.c.campaign_id == campaign_id).order_by(check.c.work_id)
    if answer:
        wanted = wanted.where(check.c.answer == answer)
    return [ExclusionChecked.model_validate_json(told) for (told,) in connection.execute(wanted)]
