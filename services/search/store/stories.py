"""Stories: one row a work, each aspect kept as its latest event told it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from services.kernel.contracts.events import Compared
from services.search.domain.stories import Film, Story
from services.search.store.tables import story

_BLANK = {
    "version": 0,
    "dirty": False,
    "known": False,
    "state": "",
    "unit_id": "",
    "unit_name": "",
    "region_code": "",
    "track": "",
    "title": "",
    "organisation": "",
    "person": "",
    "text": "",
    "compared": "{}",
    "compared_hash": "",
    "consent": False,
    "released": False,
    "outcome": "",
    "preview": "{}",
}


def change(connection: Connection, work_id: str, campaign_id: str, values: Mapping[str, object]) -> None:
    """Change what is known of a work, which may be new here, and have the indexes told."""
    if not connection.execute(select(story.c.work_id).where(story.c.work_id == work_id)).first():
        connection.execute(insert(story).values(work_id=work_id, campaign_id=campaign_id, **_BLANK))
    told = {**values, "version": story.c.version + 1, "dirty": True}
    connection.execute(update(story).where(story.c.work_id == work_id).values(told))


def get(connection: Connection, work_id: str) -> Story | None:
    """Return what is known of a work."""
    row = connection.execute(select(story).where(story.c.work_id == work_id)).one_or_none()
    return _story(row) if row else None


def compared(connection: Connection, work_id: str) -> tuple[Compared, str] | None:
    """Return the fields compared of a work and their hash, None while its head has not arrived."""
    row = connection.execute(select(story).where(story.c.work_id == work_id)).one_or_none()
    if row is None or not row.known:
        return None
    return Compared.model_validate_json(row.compared), row.compared_hash


def films(connection: Connection, work_id: str) -> dict[str, Film]:
    """Return the films of a work by their asset."""
    told = connection.execute(select(story.c.preview).where(story.c.work_id == work_id)).scalar_one_or_none()
    return _films(told or "{}")


def films_json(kept: Mapping[str, Film]) -> str:
    """Write films as the column `preview` holds them."""
    return json.dumps({asset: asdict(film) for asset, film in kept.items()})


def untold(connection: Connection, limit: int) -> list[Story]:
    """Return works whose last change the indexes do not know yet."""
    return [_story(row) for row in connection.execute(select(story).where(story.c.dirty).limit(limit))]


def told(connection: Connection, versions: Mapping[str, int]) -> None:
    """Keep that the indexes know these works at these versions; one that changed meanwhile stays untold."""
    for work_id, version in versions.items():
        known = (story.c.work_id == work_id) & (story.c.version == version)
        connection.execute(update(story).where(known).values(dirty=False))


def beyond(connection: Connection, after: str, limit: int) -> list[Story]:
    """Return the works whose ids follow one, in order."""
    rows = connection.execute(select(story).where(story.c.work_id > after).order_by(story.c.work_id).limit(limit))
    return [_story(row) for row in rows]


def _films(told: str) -> dict[str, Film]:
    return {asset: Film(**film) for asset, film in json.loads(told).items()}


def _shown(row: Row[Any]) -> dict[str, Film]:
    """The films of files that were replaced stay unseen, whenever they were told of."""
    accepted = json.loads(row.accepted or "[]")
    return {asset: film for asset, film in _films(row.preview).items() if asset in accepted}


def _story(row: Row[Any]) -> Story:
    return Story(
        work_id=row.work_id,
        campaign_id=row.campaign_id,
        version=row.version,
        known=row.known,
        state=row.state,
        unit_id=row.unit_id,
        unit_name=row.unit_name,
        region_code=row.region_code,
        track=row.track,
        title=row.title,
        organisation=row.organisation,
        person=row.person,
        text=row.text,
        saved_at=row.saved_at,
        consent=row.consent,
        released=row.released,
        outcome=row.outcome,
        year=row.year,
        published_at=row.published_at,
        films=_shown(row),
    )
