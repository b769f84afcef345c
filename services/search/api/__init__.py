"""HTTP of search: stories for the public and for the staff, the register and its imports, checks and decisions."""

from services.search.api.exclusions import EXCLUSIONS
from services.search.api.stories import STORIES
from services.search.api.winners import WINNERS

__all__ = ["EXCLUSIONS", "STORIES", "WINNERS"]
