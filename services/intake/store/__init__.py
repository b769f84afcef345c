"""Intake's tables."""

from services.intake.store import uploads
from services.intake.store.base import metadata

__all__ = ["metadata", "uploads"]
