"""What a message costs: CPU of a receipt's delivery into notify, beside the same rows in a raw sqlite3 loop.

Rounds are interleaved, so that what the machine does meanwhile falls on both alike; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pysqlite3

from services.campaigns.files import read_campaign, read_units
from services.kernel import logs, schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.contracts.events import CampaignPublished, ReceiptIssued, UnitRef
from services.kernel.dispatcher import BATCH, Dispatcher
from services.kernel.ids import new_id
from services.kernel.ports import Transaction
from services.notify.main import NOTIFY

ROOT = Path(__file__).parents[1]
AT = datetime(2024, 9, 30, 15, 59, 59, 999000, tzinfo=UTC)


def published() -> CampaignPublished:
    """Return S0 in 江州市."""
    campaign = read_campaign(ROOT / "campaigns/s0-shanghai-2024-stories.yaml")
    units = read_units(ROOT / "campaigns/units/jiangzhou.yaml", campaign).units
    named = tuple(UnitRef(unit_id=u.id, name=u.name, unit_type=u.type, region_code=u.region_code) for u in units)
    return CampaignPublished(
        campaign_id=campaign.id,
        version=1,
        campaign_hash="0" * 64,
        title=campaign.title,
        host="江州市学促办",
        rehearsal=False,
        published_at=AT,
        normalised=campaign.model_dump(mode="json", exclude_none=True),
        units=named,
    )


def receipt(campaign_id: str, number: int) -> ReceiptIssued:
    """Return one of many receipts."""
    return ReceiptIssued(
        number=f"JZ-2024-{number:06d}",
        kind="work",
        campaign_id=campaign_id,
        unit_id="yunzhan",
        unit_name="云栈区",
        work_id=new_id(),
        title="夜班后的课堂",
        check_code="7F3K-92QX-M4TD",
        received_at=AT,
        complete=True,
    )


class Deliveries:
    """notify's consumer, driven by hand on its real database."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.source = self._open(folder, "intake", ROOT / "tests/kernel/no_migrations", stack)
        self.sink = self._open(folder, "notify", NOTIFY.migrations, stack)
        self.bus = SqliteBus({"intake": self.source.path})
        self.dispatcher = Dispatcher(NOTIFY.handlers, self.sink)
        self.campaign = published()
        self.source.call(lambda transaction: transaction.emit(self.campaign))
        self.taken = self.dispatcher.take("intake", self.bus.epoch("intake"))
        self.written = 0

    @staticmethod
    def _open(folder: Path, name: str, migrations: Path, stack: ExitStack) -> SqliteDatabase:
        database = SqliteDatabase(folder / f"{name}.db", service=name, clock=SystemClock())
        schema.upgrade(database.engine(), migrations)
        database.start()
        stack.callback(database.close)
        return database

    def write(self, count: int) -> None:
        """Write receipts that wait to be delivered."""

        def piece(transaction: Transaction) -> None:
            for number in range(count):
                transaction.emit(receipt(self.campaign.campaign_id, self.written + number))

        self.source.call(piece)
        self.written += count

    def deliver(self) -> None:
        """Deliver everything that waits."""
        interest = NOTIFY.handlers.interest()
        while deliveries := self.bus.fetch("intake", self.taken.position, interest, BATCH):
            self.dispatcher.deliver(self.taken, deliveries)


class Raw:
    """The same rows, without us: inbox, the campaign's row read, message, job, cursor; sixteen a commit."""

    def __init__(self, folder: Path) -> None:
        self.connection = pysqlite3.connect(folder / "raw.db", isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE inbox (event_id TEXT PRIMARY KEY) WITHOUT ROWID",
            "CREATE TABLE campaign (id TEXT PRIMARY KEY, words TEXT)",
            "CREATE TABLE message (id TEXT PRIMARY KEY, event_id TEXT, recipient TEXT, subject TEXT, text TEXT)",
            "CREATE TABLE job (id TEXT PRIMARY KEY, payload TEXT)",
            "CREATE TABLE position (n INTEGER)",
            "INSERT INTO position VALUES (0)",
        ):
            self.connection.execute(statement)
        self.connection.execute("INSERT INTO campaign VALUES ('c', ?)", ("词" * 2000,))

    def deliver(self, count: int) -> None:
        """Write the rows of so many messages."""
        run, text = self.connection.execute, "云栈区：作品《夜班后的课堂》已收到。" * 6
        for begin in range(0, count, BATCH):
            run("BEGIN IMMEDIATE")
            for _ in range(min(BATCH, count - begin)):
                event, message = new_id(), new_id()
                run("INSERT INTO inbox VALUES (?)", (event,))
                run("SELECT words FROM campaign WHERE id = 'c'").fetchone()
                run("INSERT INTO message VALUES (?,?,?,?,?)", (message, event, "unit/yunzhan", text[:30], text))
                run("INSERT INTO job VALUES (?,?)", (new_id(), message))
            run("UPDATE position SET n = n + 1")
            run("COMMIT")


def cpu_us(work: Callable[[], None], count: int) -> float:
    """Return microseconds of CPU for each of `count` things that the work does."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / count * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=800)
    options = parser.parse_args()
    logs.configure("error")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ours, bare = Deliveries(Path(folder), stack), Raw(Path(folder))
        ours.deliver()
        figures: list[tuple[float, float]] = []
        for _ in range(options.rounds):
            ours.write(options.count)
            mine = cpu_us(ours.deliver, options.count)
            figures.append((mine, cpu_us(lambda: bare.deliver(options.count), options.count)))
        ((told,),) = ours.sink.look(lambda rows: rows.exec_driver_sql("SELECT COUNT(*) FROM message").fetchall())
        if told != ours.written:
            raise SystemExit(f"{told} messages of {ours.written} receipts")
    ratios = [mine / raw for mine, raw in figures]
    print(f"a receipt becomes a message  {median(mine for mine, _ in figures):7.0f} µs CPU")
    print(f"the same rows, raw sqlite3   {median(raw for _, raw in figures):7.0f} µs CPU")
    print(f"ratio                        {median(ratios):7.2f} ({min(ratios):.2f}–{max(ratios):.2f})")


if __name__ == "__main__":
    main()
