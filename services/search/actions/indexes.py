"""The indexes as the works stand: fed with what changed, or filled anew beside the live ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from services.kernel.ports import Database
from services.kernel.search_index import SearchIndex
from services.search.domain.stories import PUBLIC, STAFF, Story, public_change, staff_change
from services.search.store import stories

FED_AT_ONCE = 64
_SIDES = ((STAFF.name, staff_change), (PUBLIC.name, public_change))


def feed(database: Database, index: SearchIndex) -> int:
    """Tell the indexes of works that changed; return how many. A crash in between tells them again, to no effect."""
    changed = database.look(lambda connection: stories.untold(connection, FED_AT_ONCE))
    if not changed:
        return 0
    for name, change in _SIDES:
        index.apply(name, map(change, changed))
    versions = {story.work_id: story.version for story in changed}
    database.call(lambda transaction: stories.told(transaction.connection, versions))
    return len(changed)


def rebuild(database: Database, index: SearchIndex, only: str | None = None) -> int:
    """Fill both indexes, or `only` one, anew from the works while the live ones answer; return how many works there are."""
    counted = 0
    for name, change in (side for side in _SIDES if only in {None, side[0]}):
        with index.rebuild(name) as fresh:
            counted = 0
            for batch in _batches(database):
                fresh.apply(map(change, batch))
                counted += len(batch)
    return counted


def _batches(database: Database) -> Iterator[list[Story]]:
    """Yield all works in order of their ids, each batch in a view of its own."""
    batch = database.look(partial(stories.beyond, after="", limit=FED_AT_ONCE))
    while batch:
        yield batch
        batch = database.look(partial(stories.beyond, after=batch[-1].work_id, limit=FED_AT_ONCE))
