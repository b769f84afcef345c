"""Records of the register as they are shown."""

from __future__ import annotations

from typing import Any

from services.campaigns.models.winners import LEVEL_WORDS
from services.search.domain.entries import EarlierRecord


def shown_record(record: EarlierRecord) -> dict[str, Any]:
    """Show a record to those who keep the register: of an ID number its last four characters only."""
    entry = record.entry
    return {
        "record": record.record,
        "external_id": record.external_id,
        "subject": entry.subject,
        "name": entry.name,
        "organisation": entry.organisation,
        "place": str(entry.place),
        "birth": str(entry.birth) if entry.birth else None,
        "id_last4": entry.id_digest.last4 if entry.id_digest else None,
        "honour": record.honour,
        "level": record.level and LEVEL_WORDS[record.level],
        "year": record.year,
        "outcome": record.outcome,
        "source": record.source,
    }
