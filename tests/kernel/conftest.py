from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.kernel import schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock

NO_MIGRATIONS = Path(__file__).parent / "no_migrations"


@pytest.fixture
def open_database(tmp_path: Path) -> Iterator[Callable[[str], SqliteDatabase]]:
    with ExitStack() as stack:

        def opened(name: str) -> SqliteDatabase:
            database = SqliteDatabase(tmp_path / f"{name}.db", service=name, clock=SystemClock())
            schema.upgrade(database.engine(), NO_MIGRATIONS)
            database.start()
            stack.callback(database.close)
            return database

        yield opened


@pytest.fixture
def bus_over() -> Callable[..., SqliteBus]:
    def over(*databases: SqliteDatabase) -> SqliteBus:
        bus = SqliteBus({database.service: database.path for database in databases})
        for database in databases:
            database.on_events.append(bus.notify)
        return bus

    return over
