"""Rows of search: the register and its imports, decisions, checks, stories, and what it keeps of campaigns."""

from services.search.store.tables import metadata

__all__ = ["metadata"]
