"""A campaign read back in Chinese: what stands, by which clause, and how what was open is read."""

from __future__ import annotations

from collections.abc import Collection

from services.campaigns.explanation.lines import Line, Section
from services.campaigns.explanation.materials import track_sections
from services.campaigns.explanation.rules import (
    clauses,
    handling,
    identity,
    layout,
    quotas,
    readings,
    review,
    stages,
)
from services.campaigns.models import Campaign

__all__ = ["Line", "Section", "explain"]


def explain(campaign: Campaign, confirmed: Collection[str] = ()) -> tuple[Section, ...]:
    """Return the whole campaign as sections of cited lines; `confirmed` holds the ids of readings a person confirmed."""
    sections = (
        identity(campaign),
        stages(campaign),
        quotas(campaign),
        *(section for track in campaign.tracks for section in track_sections(campaign, track)),
        layout(campaign),
        review(campaign),
        handling(campaign),
        readings(campaign, confirmed),
        clauses(campaign),
    )
    return tuple(section for section in sections if section.lines)
