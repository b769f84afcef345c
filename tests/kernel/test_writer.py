from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from waiting import until

from services.kernel import schema
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.contracts.events import WorkWithdrawn
from services.kernel.errors import StorageFull
from services.kernel.ports import Transaction

Database = Callable[[str], SqliteDatabase]


def table(database: SqliteDatabase) -> None:
    database.call(lambda transaction: transaction.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)"))


def count(database: SqliteDatabase) -> int:
    return database.look(lambda rows: int(rows.exec_driver_sql("SELECT COUNT(*) FROM t").scalar_one()))


def put(number: int, filler: int = 0) -> Callable[[Transaction], int]:
    def piece(transaction: Transaction) -> int:
        transaction.execute("INSERT INTO t VALUES (?, zeroblob(?))", (number, filler))
        return number

    return piece


def together(database: SqliteDatabase, *pieces: Callable[[Transaction], object]) -> list[object]:
    """Hand pieces to the writer at once, as requests do; return what each gave or raised."""

    async def submitted() -> list[object]:
        return await asyncio.gather(*map(database.submit, pieces), return_exceptions=True)

    return asyncio.run(submitted())


def test_what_waits_together_is_committed_together(open_database: Database) -> None:
    database = open_database("a")
    table(database)

    async def many() -> list[int]:
        return await asyncio.gather(*(database.submit(put(number)) for number in range(200)))

    before = database.commits
    assert asyncio.run(many()) == list(range(200))
    assert database.commits - before < 50
    assert count(database) == 200


def test_a_failing_piece_takes_nothing_of_its_neighbours_with_it(open_database: Database) -> None:
    database = open_database("a")
    table(database)

    def failing(transaction: Transaction) -> None:
        put(999)(transaction)
        transaction.emit(WorkWithdrawn(work_id="w", campaign_id="c"))
        raise LookupError("mine alone")

    answers = together(database, *(failing if number == 5 else put(number) for number in range(10)))
    assert (type(answers[5]), str(answers[5])) == (LookupError, "mine alone")
    assert count(database) == 9
    assert database.look(lambda rows: rows.exec_driver_sql("SELECT COUNT(*) FROM outbox").scalar_one()) == 0


def test_a_piece_that_fails_alone_takes_nothing_with_it_and_the_next_is_kept(open_database: Database) -> None:
    database = open_database("a")
    table(database)

    def failing(transaction: Transaction) -> None:
        put(1)(transaction)
        raise LookupError("mine alone")

    with pytest.raises(LookupError, match="mine alone"):
        database.call(failing)
    database.call(put(2))
    assert count(database) == 1


def test_a_piece_that_failed_with_its_group_and_succeeded_alone_is_answered_so(
    open_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database("a")
    table(database)
    attempts: list[int] = []
    queued: list[int] = []
    into_the_queue = database._put
    monkeypatch.setattr(database, "_put", lambda item: queued.append(into_the_queue(item) or 1))

    def full_at_first(transaction: Transaction) -> int:
        put(1)(transaction)
        attempts.append(1)
        if len(attempts) == 1:
            raise StorageFull
        return 1

    occupied = threading.Event()
    first = threading.Thread(target=lambda: database.call(lambda _transaction: occupied.wait(60)))
    first.start()
    until(database._writing.locked)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(database.call, full_at_first), pool.submit(database.call, put(2))]
        until(lambda: len(queued) == 2)
        occupied.set()
    first.join()
    assert [answer.result() for answer in answers] == [1, 2]
    assert (len(attempts), count(database)) == (2, 2)


def test_callbacks_run_after_the_commit_only(open_database: Database) -> None:
    database = open_database("a")
    called: list[str] = []

    def kept(transaction: Transaction) -> None:
        transaction.after_commit(lambda: called.append("kept"))

    def undone(transaction: Transaction) -> None:
        transaction.after_commit(lambda: called.append("undone"))
        raise LookupError

    database.call(kept)
    with pytest.raises(LookupError):
        database.call(undone)
    assert called == ["kept"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_inside_a_group_commit_leaves_no_phantom_row(small_disk: Path) -> None:
    database = SqliteDatabase(small_disk / "a.db", service="a", clock=SystemClock())
    schema.upgrade(database.engine(), Path(__file__).parent / "no_migrations")
    database.start()
    table(database)
    answers = together(database, *(put(number, 1_000_000 if number % 3 == 2 else 10) for number in range(30)))
    kept = {answer for answer in answers if not isinstance(answer, StorageFull)}
    assert any(isinstance(answer, StorageFull) for answer in answers)
    assert kept <= set(range(30))
    rows = database.look(lambda rows: {row[0] for row in rows.exec_driver_sql("SELECT n FROM t")})
    assert rows == kept
    database.close()


def test_a_commit_is_synced(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from services.kernel import schema
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
database = SqliteDatabase(Path({str(tmp_path)!r}) / "a.db", service="a", clock=SystemClock())
schema.upgrade(database.engine(), Path({str(Path(__file__).parent / "no_migrations")!r}))
database.start()
database.call(lambda t: t.execute("CREATE TABLE t (n INTEGER)"))
os.write(2, b"MARK\\n")
database.call(lambda t: t.execute("INSERT INTO t VALUES (1)"))
os.write(2, b"MARK\\n")
database.close()
"""
    command = ["strace", "-f", "-e", "trace=fsync,fdatasync,write", "-o", str(tmp_path / "trace"), sys.executable, "-c", script]
    subprocess.run(command, check=True, timeout=60, stderr=subprocess.DEVNULL)
    trace = (tmp_path / "trace").read_text()
    between = trace.split('write(2, "MARK')[1]
    assert "fdatasync" in between or "fsync" in between
