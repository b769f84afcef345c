"""One delivery on the embedded log beside a raw loop on the driver that reads and writes the same rows, in one run.

Figures: CPU per event at one a commit (as an event alone is) and in a backlog (up to 16 a commit), each beside the raw loop at
one commit an event; batch p99; and CPU per event of a thread that has to be woken for each, beside a raw thread woken likewise.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pysqlite3
from prometheus_client import Counter, Histogram

from services.kernel import consumer, schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase, connect_engine
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import WorkListed, WorkUnlisted
from services.kernel.dispatcher import BATCH, Dispatcher, Taken
from services.kernel.handlers import Handlers
from services.kernel.ports import Delivery, Transaction

EVENTS = 3000
WOKEN = 400
ROUNDS = 3
NONE = Path(__file__).parent / "no_migrations"
TOPIC = WorkListed.TOPIC.name


def cpu_s() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Stage:
    """A source and a sink, the sink writing one row and one event a delivery."""

    def __init__(self, folder: Path) -> None:
        self.taken = threading.Event()
        self.source, self.sink = (self._open(folder, name) for name in ("intake", "sink"))
        self.sink.call(lambda t: t.execute("CREATE TABLE kept (work TEXT PRIMARY KEY, n INTEGER)"))
        self.bus = SqliteBus({"intake": self.source.path})
        self.source.on_events.append(self.bus.notify)
        handlers = Handlers("sink")
        handlers.reacts(WorkListed)(self.keep)
        self.dispatcher = Dispatcher(handlers, self.sink)
        self.consumer = Consumer(self.dispatcher, self.bus, SystemClock())

    def _open(self, folder: Path, name: str) -> SqliteDatabase:
        database = SqliteDatabase(folder / f"{name}.db", service=name, clock=SystemClock())
        schema.upgrade(database.engine(), NONE)
        database.start()
        return database

    def keep(self, transaction: Transaction, event: WorkListed, _envelope: Envelope) -> None:
        """One upsert and one event."""
        upsert = "INSERT INTO kept VALUES (?, 1) ON CONFLICT (work) DO UPDATE SET n = n + 1"
        transaction.execute(upsert, (event.work_id,))
        transaction.after_commit(self.taken.set)
        transaction.emit(WorkUnlisted(work_id=event.work_id, campaign_id="c", unit_id="u", list_id="l"))

    def fill(self, first: int, count: int) -> None:
        """Write events."""

        def piece(transaction: Transaction) -> None:
            for number in range(first, first + count):
                transaction.emit(WorkListed(work_id=f"w{number}", campaign_id="c", unit_id="u", list_id="l"))

        self.source.call(piece)

    def count(self) -> int:
        """Rows kept."""
        return self.sink.look(lambda rows: int(rows.exec_driver_sql("SELECT COUNT(*) FROM kept").scalar_one()))

    def close(self) -> None:
        """Stop."""
        self.consumer.stop()
        self.source.close()
        self.sink.close()


class Raw:
    """The same rows in the same tables by the driver alone, one commit an event."""

    def __init__(self, folder: Path) -> None:
        self.source, self.sink = (_opened(folder, name) for name in ("source", "sink"))
        self.sink.execute("CREATE TABLE kept (work TEXT PRIMARY KEY, n INTEGER)")
        self.sink.execute("INSERT INTO position VALUES ('sink', 'intake', 0, 'e', 1, 0, NULL, 0)")
        self.counted = Counter("raw", "", ["consumer"], registry=None)
        self.timed = Histogram("raw_s", "", ["topic"], registry=None)
        self.place = 0
        self.taken = threading.Event()

    def fill(self, first: int, count: int) -> None:
        """Write events."""
        self.source.execute("BEGIN IMMEDIATE")
        for number in range(first, first + count):
            event = WorkListed(work_id=f"w{number}", campaign_id="c", unit_id="u", list_id="l")
            _append(self.source, f"e{number}", event)
        self.source.execute("COMMIT")

    def take(self) -> bool:
        """Deliver the next event, if there is one."""
        query = "SELECT * FROM outbox WHERE id > ? AND topic IN (?) ORDER BY id LIMIT 1"
        row = self.source.execute(query, (self.place, TOPIC)).fetchone()
        if row is None:
            return False
        self.sink.execute("BEGIN IMMEDIATE")
        self.sink.execute("INSERT INTO inbox VALUES ('sink', ?) ON CONFLICT DO NOTHING", (row[1],))
        event = WorkListed.model_validate_json(row[13])
        self.sink.execute("INSERT INTO kept VALUES (?, 1) ON CONFLICT (work) DO UPDATE SET n = n + 1", (event.work_id,))
        _append(self.sink, f"o{row[0]}", event)
        self.place = row[0]
        self.sink.execute("UPDATE position SET position = ? WHERE consumer = 'sink' AND partition = 'intake'", (self.place,))
        self.sink.execute("COMMIT")
        self.counted.labels("sink").inc()
        self.timed.labels(TOPIC).observe(0.01)
        self.taken.set()
        return True

    def close(self) -> None:
        """Close both files."""
        self.source.close()
        self.sink.close()


def raw_backlog(folder: Path, grown: int) -> float:
    """Return µs of CPU an event of a loop that never waits, after so many others."""
    raw = Raw(folder)
    raw.fill(EVENTS, grown)
    while raw.take():
        pass
    raw.fill(0, EVENTS)
    began = cpu_s()
    while raw.take():
        pass
    spent = cpu_s() - began
    raw.close()
    return spent / EVENTS * 1e6


def raw_woken(folder: Path) -> float:
    """Return µs of CPU an event of a thread woken for each, what writing it costs taken off."""
    raw, wake, ended = Raw(folder), threading.Event(), threading.Event()

    def loop() -> None:
        while not ended.is_set():
            wake.wait()
            wake.clear()
            while raw.take():
                pass

    began = cpu_s()
    for number in range(WOKEN):
        raw.fill(10_000_000 + number, 1)
    writing = cpu_s() - began
    while raw.take():
        pass
    thread = threading.Thread(target=loop)
    thread.start()
    began = cpu_s()
    for number in range(WOKEN):
        raw.taken.clear()
        raw.fill(number, 1)
        wake.set()
        raw.taken.wait()
    spent = cpu_s() - began - writing
    ended.set()
    wake.set()
    thread.join()
    raw.close()
    return spent / WOKEN * 1e6


def _opened(folder: Path, name: str) -> Any:
    engine = connect_engine(folder / f"{name}.db")
    schema.upgrade(engine, NONE)
    engine.dispose()
    connection: Any = pysqlite3.connect(folder / f"{name}.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _append(connection: Any, event_id: str, event: WorkListed) -> None:
    subject = f"work/{event.work_id}"
    counting = "INSERT INTO sequence VALUES (?, 'campaign', 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last"
    (sequence,) = connection.execute(counting, (subject,)).fetchone()
    row = (event_id, event.TYPE, TOPIC, subject, subject, time.time_ns() // 1000, sequence, event.model_dump_json().encode())
    connection.execute(
        "INSERT INTO outbox (event_id, type, topic, subject, key, time, sequence, logepoch, piitier, data) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 'e', 1, ?)",
        row,
    )


def backlog(folder: Path, batch: int, grown: int) -> tuple[float, float]:
    """Deliver a backlog, so many a commit at most, after so many others; return µs of CPU an event and the batch p99 in ms."""
    stage = Stage(folder)
    stage.fill(EVENTS, grown)
    stage.consumer.start()
    while not stage.consumer.idle():
        time.sleep(0.02)
    stage.consumer.stop()
    stage.consumer = Consumer(stage.dispatcher, stage.bus, SystemClock())
    stage.fill(0, EVENTS)
    spans: list[float] = []
    deliver = stage.dispatcher.deliver

    def timed(taken: Taken, deliveries: Sequence[Delivery]) -> int:
        began = time.perf_counter()
        done = deliver(taken, deliveries[:batch])
        spans.append(time.perf_counter() - began)
        return done

    stage.dispatcher.deliver = timed  # type: ignore[method-assign]  # timed from outside
    began = cpu_s()
    with patch.object(consumer, "BATCH", batch):
        stage.consumer.start()
        while not stage.consumer.idle():
            time.sleep(0.02)
    spent = cpu_s() - began
    assert stage.count() == grown + EVENTS  # noqa: S101 - a benchmark that lost events measures nothing
    stage.close()
    return spent / EVENTS * 1e6, statistics.quantiles(spans, n=100)[98] * 1000


def woken(folder: Path) -> float:
    """Deliver to a consumer that waits for each; return µs of CPU an event, what writing it costs taken off."""
    stage = Stage(folder)
    began = cpu_s()
    for number in range(WOKEN):
        stage.fill(10_000_000 + number, 1)
    writing = cpu_s() - began
    stage.consumer.start()
    while not stage.consumer.idle():
        time.sleep(0.02)
    began = cpu_s()
    for number in range(WOKEN):
        stage.taken.clear()
        stage.fill(number, 1)
        stage.taken.wait()
    spent = cpu_s() - began - writing
    stage.close()
    return spent / WOKEN * 1e6


def main() -> None:
    """Run rounds in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grown", type=int, default=0, help="so many events were delivered before")
    grown = parser.parse_args().grown
    rows = []
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            folders = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in count())
            bare, single = raw_backlog(next(folders), grown), backlog(next(folders), 1, grown)[0]
            many, p99 = backlog(next(folders), BATCH, grown)
            rows.append((bare, single, many, p99, raw_woken(next(folders)), woken(next(folders))))
    bare, single, many, p99, bare_woken, ours_woken = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"raw sqlite3, one commit an event   {bare:7.0f} µs CPU")
    print(f"delivered alone, one a commit      {single:7.0f} µs CPU   {single / bare:.2f} × raw (target ≤ 1.5 ×, ≤ 400 µs)")
    print(f"delivered from a backlog           {many:7.0f} µs CPU   {many / bare:.2f} × raw (target ≤ 0.65 ×, ≤ 180 µs)")
    print(f"batch p99                          {p99:7.1f} ms        (target ≤ 10 ms)")
    print(f"raw sqlite3, woken for each        {bare_woken:7.0f} µs CPU")
    print(f"delivered to a consumer that waits {ours_woken:7.0f} µs CPU   {ours_woken / bare_woken:.2f} × raw")


if __name__ == "__main__":
    main()
