"""What messages need of a campaign: its title, its own words, and what its fields and slots are called."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from services.campaigns.models import Campaign


class CampaignWords(BaseModel):
    """A campaign as messages speak of it; `labels` name fields, slots and printed columns by their id."""

    model_config = ConfigDict(frozen=True)

    campaign_id: str
    title: str
    organiser: str
    rehearsal: bool
    terms: Mapping[str, str]
    labels: Mapping[str, str]
    keeps_place: bool

    def label(self, item: str) -> str:
        """Return what an item is called on screen; its id when the campaign does not name it."""
        return self.labels.get(item, item)


def words_of(campaign: Campaign, *, title: str, host: str, rehearsal: bool) -> CampaignWords:
    """Take from the normalised campaign what messages need."""
    named = [one for track in campaign.tracks for one in (*track.fields, *track.slots)]
    return CampaignWords(
        campaign_id=campaign.id,
        title=title,
        organiser=host,
        rehearsal=rehearsal,
        terms=campaign.terms.model_dump(exclude_none=True),
        labels={one.id: one.label for one in reversed(named)},
        keeps_place=campaign.repair.keeps_place,
    )
