"""The normalised form of a campaign: canonical JSON (RFC 8785) and its hash, which every verdict names."""

from __future__ import annotations

import hashlib

from services.campaigns.models import Campaign


def canonical_json(campaign: Campaign) -> bytes:
    """Return the campaign as canonical JSON in UTF-8; what is not set is left out."""
    import rfc8785  # noqa: PLC0415 - needed where a campaign is published or exported, not while idle

    return rfc8785.dumps(campaign.model_dump(mode="json", exclude_none=True))


def campaign_hash(campaign: Campaign) -> str:
    """Return the SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(campaign)).hexdigest()
