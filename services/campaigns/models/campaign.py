"""The normalised campaign: a notice as rules, every reading resolved."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.campaigns.findings import Frozen
from services.campaigns.models.lists import ListLayout
from services.campaigns.models.notice import Liaisons, Notice, Terms, UnitType
from services.campaigns.models.quotas import Quota
from services.campaigns.models.readings import Reading
from services.campaigns.models.review import Award, Round
from services.campaigns.models.stages import Act, Deadline, Repair, Retention, Stage
from services.campaigns.models.works import Track
from services.campaigns.references import Cite
from services.campaigns.slots import Slot
from services.campaigns.text import Id, Text


class Consent(Frozen):
    """What is told to an entrant before anything is collected (授权与知情同意)."""

    statement: Text
    cite: Cite


class Campaign(Frozen):
    """A campaign with nothing left open; its hash is what every verdict names.

    `format` is the version of this language. `copy_of` names the campaign that a rehearsal copies.
    """

    format: Literal[1]
    id: Id
    title: Text
    rehearsal: bool = False
    copy_of: Id | None = None
    notice: Notice
    terms: Terms
    unit_types: tuple[UnitType, ...] = Field(min_length=1)
    liaisons: Liaisons | None = None
    tracks: tuple[Track, ...] = Field(min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    deadlines: tuple[Deadline, ...] = ()
    quotas: tuple[Quota, ...] = Field(min_length=1)
    recommendation_list: ListLayout
    rounds: tuple[Round, ...] = ()
    awards: tuple[Award, ...] = ()
    repair: Repair
    consent: Consent
    retention: tuple[Retention, ...]
    readings: tuple[Reading, ...] = ()

    def track(self, track_id: str) -> Track | None:
        """Return the track of this id."""
        return next((track for track in self.tracks if track.id == track_id), None)

    def stage_for(self, act: Act) -> Stage | None:
        """Return the stage that governs an act."""
        return next((stage for stage in self.stages if act in stage.governs), None)

    def quota(self, unit_type: str, track_id: str) -> Quota | None:
        """Return the quota of a unit type in a track."""
        return next((q for q in self.quotas if (q.unit_type, q.track) == (unit_type, track_id)), None)

    def slot(self, slot_id: str, track_id: str | None = None) -> Slot | None:
        """Return the slot of this id, of one track or of the first that has it."""
        tracks = (track for track in self.tracks if track_id in {None, track.id})
        return next((slot for track in tracks for slot in track.slots if slot.id == slot_id), None)
