"""Intake's tables."""

from services.intake.store import acts, campaigns, clocks, lists, people, receipts, uploads, works
from services.intake.store.base import metadata

__all__ = ["acts", "campaigns", "clocks", "lists", "metadata", "people", "receipts", "uploads", "works"]
