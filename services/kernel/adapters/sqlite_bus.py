"""The embedded bus: each service's outbox table is its part of the log, read where it was written.

A partition is a service. SQLite commits in the order of ids, so reading beyond the last id misses nothing.
The limit of a query stands in its text: SQLite prepares a statement anew whenever a bound limit is bound again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pysqlite3

from services.kernel.contracts.envelope import Event
from services.kernel.outbox import COLUMNS, envelope
from services.kernel.ports import Delivery, Interest


class SqliteBus:
    """A `ports.Bus` over the files of the services in this home."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._local = threading.local()
        self._opened: list[Any] = []
        self._subscribers: list[tuple[Interest, Callable[[str], None]]] = []
        self._queries: dict[tuple[Interest, int], str] = {}

    def partitions(self) -> Sequence[str]:
        """Name the services."""
        return tuple(self._files)

    def fetch(self, partition: str, after: int, interest: Interest, limit: int) -> Sequence[Delivery]:
        """Return wanted deliveries beyond a position."""
        parameters = (after, *interest.topics, *interest.unheard)
        rows = self._connection(partition).execute(self._query(interest, limit), parameters).fetchall()
        return [Delivery(partition, row[0], envelope(partition, row[1:])) for row in rows]

    def end(self, partition: str) -> int:
        """Return the last id written."""
        (last,) = self._connection(partition).execute("SELECT MAX(id) FROM outbox").fetchone()
        return last or 0

    def lag(self, partition: str, after: int, interest: Interest) -> tuple[int, int | None]:
        """Return how many events wait beyond a position and the oldest one's time in microseconds since 1970."""
        query = f"SELECT COUNT(*), MIN(time) FROM outbox WHERE {_beyond(interest)}"  # noqa: S608 - marks only
        parameters = (after, *interest.topics, *interest.unheard)
        count, oldest = self._connection(partition).execute(query, parameters).fetchone()
        return count, oldest

    def epoch(self, partition: str) -> str:
        """Return the log's epoch."""
        (epoch,) = self._connection(partition).execute("SELECT epoch FROM log").fetchone()
        return str(epoch)

    def subscribe(self, tell: Callable[[str], None], interest: Interest) -> None:
        """Call back with the partition after each commit that wrote something wanted."""
        self._subscribers.append((interest, tell))

    def notify(self, partition: str, events: Collection[type[Event]]) -> None:
        """Say that events of these types are new in a partition."""
        for interest, tell in self._subscribers:
            if any(map(interest.holds, events)):
                tell(partition)

    def close(self) -> None:
        """Close what every thread opened, once none of them reads any more."""
        while self._opened:
            self._opened.pop().close()

    def _query(self, interest: Interest, limit: int) -> str:
        query = self._queries.get((interest, limit))
        if query is None:
            query = f"SELECT {COLUMNS} FROM outbox WHERE {_beyond(interest)} ORDER BY id LIMIT {limit:d}"  # noqa: S608 - marks and a number only
            self._queries[interest, limit] = query
        return query

    def _connection(self, partition: str) -> Any:
        connections: dict[str, Any] = self._local.__dict__.setdefault("connections", {})
        if partition not in connections:
            target = f"file:{self._files[partition]}?mode=ro"
            connections[partition] = pysqlite3.connect(target, uri=True, isolation_level=None, check_same_thread=False)
            self._opened.append(connections[partition])
        return connections[partition]


def _beyond(interest: Interest) -> str:
    """The condition on a row, for a position, the topics and the types that are not wanted."""
    topics, unheard = (",".join("?" * len(names)) for names in (interest.topics, interest.unheard))
    return f"id > ? AND topic IN ({topics}) AND type NOT IN ({unheard})"
