"""Identifiers: UUIDv7, so that they sort by the time they were made."""

from __future__ import annotations

import uuid_utils


def new_id() -> str:
    """Return a new UUIDv7 in its canonical form."""
    return str(uuid_utils.uuid7())
