"""The embedded bus: each service's outbox table is its part of the log, read where it was written.

A partition is a service. SQLite commits in the order of ids, so reading beyond the last id misses nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pysqlite3

from services.kernel.outbox import COLUMNS, envelope
from services.kernel.ports import Delivery


class SqliteBus:
    """A `ports.Bus` over the files of the services in this home."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._local = threading.local()
        self._opened: list[Any] = []
        self._subscribers: list[tuple[frozenset[str], Callable[[], None]]] = []
        self._queries: dict[tuple[str, ...], str] = {}

    def partitions(self) -> Sequence[str]:
        """Name the services."""
        return tuple(self._files)

    def fetch(self, partition: str, after: int, topics: Sequence[str], limit: int) -> Sequence[Delivery]:
        """Return deliveries of these topics beyond a position."""
        rows = self._connection(partition).execute(self._query(tuple(topics)), (after, *topics, limit)).fetchall()
        return [Delivery(partition, row[0], envelope(partition, row[1:])) for row in rows]

    def end(self, partition: str) -> int:
        """Return the last id written."""
        (last,) = self._connection(partition).execute("SELECT MAX(id) FROM outbox").fetchone()
        return last or 0

    def lag(self, partition: str, after: int, topics: Sequence[str]) -> tuple[int, int | None]:
        """Return how many events wait beyond a position and the oldest one's time in microseconds since 1970."""
        marks = ",".join("?" * len(topics))
        query = f"SELECT COUNT(*), MIN(time) FROM outbox WHERE id > ? AND topic IN ({marks})"  # noqa: S608 - marks only
        count, oldest = self._connection(partition).execute(query, (after, *topics)).fetchone()
        return count, oldest

    def epoch(self, partition: str) -> str:
        """Return the log's epoch."""
        (epoch,) = self._connection(partition).execute("SELECT epoch FROM log").fetchone()
        return str(epoch)

    def subscribe(self, wake: Callable[[], None], topics: Sequence[str]) -> None:
        """Call back after each commit that wrote events of these topics."""
        self._subscribers.append((frozenset(topics), wake))

    def notify(self, topics: Collection[str]) -> None:
        """Say that something new is there in these topics."""
        for wanted, wake in self._subscribers:
            if not wanted.isdisjoint(topics):
                wake()

    def close(self) -> None:
        """Close what every thread opened, once none of them reads any more."""
        while self._opened:
            self._opened.pop().close()

    def _query(self, topics: tuple[str, ...]) -> str:
        if topics not in self._queries:
            marks = ",".join("?" * len(topics))
            self._queries[topics] = f"SELECT {COLUMNS} FROM outbox WHERE id > ? AND topic IN ({marks}) ORDER BY id LIMIT ?"  # noqa: S608 - marks only
        return self._queries[topics]

    def _connection(self, partition: str) -> Any:
        connections: dict[str, Any] = self._local.__dict__.setdefault("connections", {})
        if partition not in connections:
            target = f"file:{self._files[partition]}?mode=ro"
            connections[partition] = pysqlite3.connect(target, uri=True, isolation_level=None, check_same_thread=False)
            self._opened.append(connections[partition])
        return connections[partition]
