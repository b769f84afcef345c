"""One delivery on the embedded log beside a raw sqlite3 loop doing the same statements, in one run.

Figures: CPU per event alone (one event, one commit) and in a backlog (16 a commit); batch p99; ratios to the raw loop at one
commit an event.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pysqlite3

from services.kernel import schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import WorkListed, WorkUnlisted
from services.kernel.dispatcher import Dispatcher
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction

EVENTS = 3000
ROUNDS = 3
NONE = Path(__file__).parent / "no_migrations"


def cpu_s() -> float:
    """CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Stage:
    """A source and a sink, the sink writing one row and one event a delivery."""

    def __init__(self, folder: Path) -> None:
        self.taken = threading.Event()
        self.source, self.sink = (self._open(folder, name) for name in ("intake", "sink"))
        self.sink.call(lambda t: t.execute("CREATE TABLE kept (work TEXT PRIMARY KEY, n INTEGER)")).result()
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

        self.source.call(piece).result()

    def count(self) -> int:
        """Rows kept."""
        return self.sink.look(lambda rows: int(rows.exec_driver_sql("SELECT COUNT(*) FROM kept").scalar_one()))

    def close(self) -> None:
        """Stop."""
        self.consumer.stop()
        self.source.close()
        self.sink.close()


def raw(folder: Path, per_commit: int) -> float:
    """The same statements on the driver alone; return µs of CPU an event."""
    connection: Any = pysqlite3.connect(folder / f"raw{per_commit}-{time.monotonic_ns()}.db", isolation_level=None)
    for line in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE inbox (c TEXT, e TEXT, PRIMARY KEY (c, e))",
    ):
        connection.execute(line)
    connection.execute("CREATE TABLE kept (work TEXT PRIMARY KEY, n INTEGER)")
    connection.execute("CREATE TABLE log (id INTEGER PRIMARY KEY, e TEXT UNIQUE, d BLOB)")
    connection.execute("CREATE TABLE place (c TEXT PRIMARY KEY, n INTEGER)")
    connection.execute("INSERT INTO place VALUES ('c', 0)")
    event = WorkListed(work_id="w", campaign_id="c", unit_id="u", list_id="l")
    data = event.model_dump_json().encode()
    began = cpu_s()
    for number in range(EVENTS):
        if number % per_commit == 0:
            connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT OR IGNORE INTO inbox VALUES ('c', ?)", (f"e{number}",))
        WorkListed.model_validate_json(data)
        connection.execute("INSERT INTO kept VALUES (?, 1) ON CONFLICT (work) DO UPDATE SET n = n + 1", (f"w{number}",))
        connection.execute("INSERT INTO log (e, d) VALUES (?, ?)", (f"o{number}", event.model_dump_json().encode()))
        connection.execute("UPDATE place SET n = ?", (number,))
        if number % per_commit == per_commit - 1:
            connection.execute("COMMIT")
    spent = cpu_s() - began
    connection.close()
    return spent / EVENTS * 1e6


def backlog(folder: Path) -> tuple[float, float]:
    """Deliver a backlog; return µs of CPU an event and the batch p99 in ms."""
    stage = Stage(folder)
    stage.fill(0, EVENTS)
    spans: list[float] = []
    inner = stage.dispatcher.deliver

    def timed(*arguments: Any) -> int:
        began = time.perf_counter()
        done = inner(*arguments)
        spans.append(time.perf_counter() - began)
        return done

    stage.dispatcher.deliver = timed  # type: ignore[method-assign]  # timed from outside
    began = cpu_s()
    stage.consumer.start()
    while not stage.consumer.idle():
        time.sleep(0.02)
    spent = cpu_s() - began
    assert stage.count() == EVENTS  # noqa: S101 - a benchmark that lost events measures nothing
    stage.close()
    return spent / EVENTS * 1e6, statistics.quantiles(spans, n=100)[98] * 1000


def alone(folder: Path) -> float:
    """Deliver one event at a time; return µs of CPU an event, what writing it costs taken off."""
    stage, count = Stage(folder), 400
    began = cpu_s()
    for number in range(count):
        stage.fill(10_000_000 + number, 1)
    writing = cpu_s() - began
    stage.consumer.start()
    while not stage.consumer.idle():
        time.sleep(0.02)
    began = cpu_s()
    for number in range(count):
        stage.taken.clear()
        stage.fill(number, 1)
        stage.taken.wait()
    spent = cpu_s() - began - writing
    stage.close()
    return spent / count * 1e6


def main() -> None:
    """Run rounds in turn and print medians."""
    rows = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, tempfile.TemporaryDirectory() as three:
            rows.append((raw(Path(one), 1), alone(Path(two)), *backlog(Path(three))))
    bare, single, many, p99 = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"raw sqlite3, one commit an event   {bare:7.0f} µs CPU")
    print(f"delivered alone                    {single:7.0f} µs CPU   {single / bare:.2f} × raw (target ≤ 1.5 ×, ≤ 400 µs)")
    print(f"delivered from a backlog           {many:7.0f} µs CPU   {many / bare:.2f} × raw (target ≤ 0.65 ×, ≤ 180 µs)")
    print(f"batch p99                          {p99:7.1f} ms        (target ≤ 10 ms)")


if __name__ == "__main__":
    main()
