"""The campaign in force, as every action asks it: rules and units of one version, read once a process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.campaigns.models import Campaign, Host, Track, Unit, Units
from services.intake.store import campaigns
from services.kernel.errors import NotFound

KEPT = 64
_read: dict[tuple[str, int, str, datetime], Rules] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of a published campaign."""

    campaign_id: str
    version: int
    hash: str
    campaign: Campaign
    host: Host
    units: Mapping[str, Unit]
    rehearsal: bool

    def unit(self, unit_id: str | None) -> Unit:
        """Return a unit of the campaign. Raises `NotFound`."""
        if unit_id is None or unit_id not in self.units:
            raise NotFound
        return self.units[unit_id]

    def track(self, track_id: str) -> Track:
        """Return a track of which works exist. Raises `NotFound`."""
        track = self.campaign.track(track_id)
        if track is None:
            raise NotFound
        return track


def in_force(connection: Connection, campaign_id: str) -> Rules:
    """Return the rules that stand now. Raises `NotFound` for a campaign that is not published."""
    number = campaigns.version_in_force(connection, campaign_id)
    if number is None:
        raise NotFound
    key = (campaign_id, *number)
    if key not in _read:
        if len(_read) >= KEPT:
            _read.clear()
        _read[key] = _load(connection, campaign_id, number[0])
    return _read[key]


def _load(connection: Connection, campaign_id: str, number: int) -> Rules:
    row = campaigns.version(connection, campaign_id, number)
    units = Units.model_validate_json(row.units)
    return Rules(
        campaign_id=campaign_id,
        version=number,
        hash=row.hash,
        campaign=Campaign.model_validate_json(row.normalised),
        host=units.host,
        units={unit.id: unit for unit in units.units},
        rehearsal=row.rehearsal,
    )
