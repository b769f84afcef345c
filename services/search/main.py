"""What search is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.kernel.service import Context, Definition
from services.search.api import EXCLUSIONS, STORIES, WINNERS
from services.search.domain.stories import PUBLIC, STAFF
from services.search.handlers import HANDLERS
from services.search.jobs import JOBS, Feeder


def start(context: Context) -> Callable[[], None]:
    """Keep the indexes fed; return how that is ended."""
    feeder = Feeder(context)
    feeder.start()
    return feeder.stop


SEARCH = Definition(
    name="search",
    prefixes=("stories", "winners", "exclusions"),
    handlers=HANDLERS,
    jobs=JOBS,
    routers=(STORIES, WINNERS, EXCLUSIONS),
    migrations=Path(__file__).parent / "migrations",
    indexes=(STAFF, PUBLIC),
    start=start,
)
