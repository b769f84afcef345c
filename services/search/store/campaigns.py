"""What search keeps of campaigns and of persons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter
from sqlalchemy import Connection, delete, insert, select

from services.campaigns.findings import Frozen
from services.campaigns.models.winners import PriorWinnerRule
from services.search.store.tables import account, campaign


class TrackRules(Frozen):
    """What search needs of a track."""

    id: str
    label: str
    subject: Literal["work", "person", "project", "organisation"]
    prior_winners: tuple[PriorWinnerRule, ...] = ()


@dataclass(frozen=True)
class CampaignRules:
    """What search needs of a campaign."""

    campaign_id: str
    version: int
    title: str
    recommend: str
    host: str
    tracks: tuple[TrackRules, ...]

    def track(self, track_id: str) -> TrackRules | None:
        """Return the track of this id."""
        return next((track for track in self.tracks if track.id == track_id), None)


_TRACKS = TypeAdapter(tuple[TrackRules, ...])


def keep(connection: Connection, rules: CampaignRules) -> None:
    """Keep a campaign's version unless a later one is kept."""
    known = get(connection, rules.campaign_id)
    if known and known.version >= rules.version:
        return
    connection.execute(delete(campaign).where(campaign.c.campaign_id == rules.campaign_id))
    tracks = json.dumps(_TRACKS.dump_python(rules.tracks, mode="json"), ensure_ascii=False)
    connection.execute(insert(campaign).values(**(rules.__dict__ | {"tracks": tracks})))


def get(connection: Connection, campaign_id: str) -> CampaignRules | None:
    """Return the version in force."""
    row = connection.execute(select(campaign).where(campaign.c.campaign_id == campaign_id)).one_or_none()
    if row is None:
        return None
    return CampaignRules(row.campaign_id, row.version, row.title, row.recommend, row.host, _TRACKS.validate_json(row.tracks))


def keep_name(connection: Connection, account_id: str, name: str) -> None:
    """Keep a person's name."""
    connection.execute(delete(account).where(account.c.account_id == account_id))
    connection.execute(insert(account).values(account_id=account_id, name=name))


def name_of(connection: Connection, account_id: str) -> str | None:
    """Return the name of a person."""
    return connection.execute(select(account.c.name).where(account.c.account_id == account_id)).scalar_one_or_none()
