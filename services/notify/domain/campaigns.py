"""What messages need of a campaign: its title, its own words, and what its fields and slots are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict


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


def words_of(normalised: Mapping[str, Any], *, host: str, rehearsal: bool) -> CampaignWords:
    """Take from the normalised campaign what messages need. Raises KeyError when a part is missing."""
    labels: dict[str, str] = {}
    for track in normalised["tracks"]:
        for named in (*track["fields"], *track["slots"]):
            labels.setdefault(named["id"], named["label"])
    return CampaignWords(
        campaign_id=normalised["id"],
        title=normalised["title"],
        organiser=host,
        rehearsal=rehearsal,
        terms={name: word for name, word in normalised["terms"].items() if word is not None},
        labels=labels,
        keeps_place=normalised["repair"]["keeps_place"],
    )
