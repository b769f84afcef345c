"""A process with a source and a sink: writes events until there are N, delivers them, ends with 0 once all is dealt with."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from services.kernel import faults, schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.envelope import Envelope, Event
from services.kernel.contracts.events import WorkListed
from services.kernel.contracts.topics import WORK
from services.kernel.dispatcher import Dispatcher
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction

FOLDER, COUNT = Path(sys.argv[1]), int(sys.argv[2])
POISON = (FOLDER / "poison").read_text() if (FOLDER / "poison").exists() else ""


class Echoed(Event, fact="test.echoed", topic=WORK, subject="echo/{work_id}"):
    work_id: str


def opened(name: str) -> SqliteDatabase:
    database = SqliteDatabase(FOLDER / f"{name}.db", service=name, clock=SystemClock())
    schema.upgrade(database.engine(), FOLDER / "none")
    database.start()
    return database


def keep(transaction: Transaction, event: WorkListed, _envelope: Envelope) -> None:
    if event.work_id == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    transaction.execute("INSERT INTO kept VALUES (?)", (event.work_id,))
    transaction.emit(Echoed(work_id=event.work_id))


def main() -> None:
    source, sink = opened("intake"), opened("sink")
    sink.call(lambda transaction: transaction.execute("CREATE TABLE IF NOT EXISTS kept (work TEXT UNIQUE)"))
    bus = SqliteBus({"intake": source.path})
    source.on_events.append(bus.notify)
    handlers = Handlers("sink")
    handlers.reacts(WorkListed)(keep)
    consumer = Consumer(Dispatcher(handlers, sink), bus, SystemClock())
    faults.arm(os.environ.get("LAUREL_FAULT"))
    consumer.start()
    for number in range(bus.end("intake"), COUNT):
        listed = WorkListed(work_id=f"w{number}", campaign_id="c", unit_id="u", list_id="l")
        source.call(lambda transaction, listed=listed: transaction.emit(listed))
    end = time.monotonic() + 30
    while not consumer.idle():
        if time.monotonic() > end:
            sys.exit(1)
        time.sleep(0.01)
    consumer.stop()
    source.close()
    sink.close()


if __name__ == "__main__":
    main()
