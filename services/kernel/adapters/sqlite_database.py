"""A service's rows in one SQLite file: one writer thread that commits what waits together, and a few readers.

SQLite is pysqlite3's (3.51.3 or later: older ones can corrupt a WAL when it is reset). WAL, synchronous=FULL.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import pysqlite3
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from services.kernel import faults
from services.kernel.contracts.envelope import Event
from services.kernel.errors import EngineError, LaurelError, StorageFull, TransactionLost, Unavailable
from services.kernel.ports import Clock, Piece
from services.kernel.transaction import OpenTransaction

T = TypeVar("T")
MINIMUM = (3, 51, 3)
BATCH = 64
_FULL = ("disk is full", "disk I/O error")
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA mmap_size=0",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-4000",
)

if pysqlite3.sqlite_version_info < MINIMUM:
    raise ImportError(f"SQLite {pysqlite3.sqlite_version} is too old: its WAL reset can corrupt a file")


def connect_engine(path: Path, *, read_only: bool = False, size: int = 1) -> Engine:
    """Return an engine on the file whose connections are in autocommit, so that BEGIN and COMMIT stand in one place."""
    target = f"file:{path}?mode={'ro' if read_only else 'rwc'}"
    engine = create_engine(
        "sqlite://",
        module=pysqlite3,
        creator=lambda: pysqlite3.connect(target, uri=True, check_same_thread=False, isolation_level=None),
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
    )
    event.listen(engine, "connect", _prepare_reader if read_only else _prepare_writer)
    return engine


def _prepare_writer(connection: Any, _record: Any) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _prepare_reader(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA busy_timeout=5000")
    connection.execute("PRAGMA query_only=ON")


@dataclass(slots=True, eq=False)
class _Item:
    """A piece that waits for the writer, and who waits for it."""

    piece: Piece[Any]
    future: Future[Any] | None = None
    waiter: asyncio.Future[Any] | None = None
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    callbacks: list[Callable[[], None]] = field(default_factory=list)
    outcome: Any = None
    failure: BaseException | None = None


class SqliteDatabase:
    """A `ports.Database` on one file.

    `on_events` (with the service and the types) and `on_jobs` are called after a commit that wrote events or jobs,
    `on_revoked` after one that ended a session or an account, on the thread that committed.
    """

    def __init__(self, path: Path, *, service: str, clock: Clock, readers: int = 2) -> None:
        self.path = path
        self.service = service
        self.on_events: list[Callable[[str, Collection[type[Event]]], None]] = []
        self.on_jobs: list[Callable[[], None]] = []
        self.on_revoked: Callable[[str, datetime], None] = lambda _subject, _ended_at: None
        self.commits = 0
        self._clock = clock
        self._engine = connect_engine(path)
        self._readers = connect_engine(path, read_only=True, size=readers + 8)
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix=f"{service}-read")
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
        self._writing = threading.Lock()
        self._connection: Connection | None = None
        self._writer = threading.Thread(target=self._run, name=f"{service}-writer", daemon=True)

    def start(self) -> None:
        """Start the writer; call it once the schema stands."""
        self._connection = self._engine.connect()
        self._writer.start()

    def engine(self) -> Engine:
        """Return the writing engine, for migrations before `start`."""
        return self._engine

    async def submit(self, piece: Piece[T]) -> T:
        """Run the piece in a transaction; see `ports.Database`."""
        waiter = asyncio.get_running_loop().create_future()
        self._put(_Item(piece, waiter=waiter))
        return cast("T", await waiter)

    def call(self, piece: Piece[T]) -> T:
        """The same for threads. Where nobody writes or waits the piece runs on this thread, without a change of threads."""
        if not (self._queue.empty() and self._writing.acquire(blocking=False)):
            future: Future[T] = Future()
            self._put(_Item(piece, future))
            return future.result()
        item = _Item(piece)
        try:
            self._commit(self._present(), [item])
        finally:
            self._writing.release()
        if item.failure is not None:
            raise item.failure
        return cast("T", item.outcome)

    def _present(self) -> Connection:
        if self._closed or self._connection is None:
            raise _stopping()
        return self._connection

    def _put(self, item: _Item) -> None:
        if self._closed:
            raise _stopping()
        self._queue.put(item)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query in the bounded pool."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self.look, query)

    def look(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query on this thread, in one snapshot."""
        with _translated(), self._readers.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            try:
                return query(connection)
            finally:
                connection.exec_driver_sql("ROLLBACK")

    def close(self) -> None:
        """Finish what was submitted, then close."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        if self._connection is not None:
            self._writer.join()
            with self._writing:
                self._connection.close()
        self._pool.shutdown()
        self._readers.dispose()
        self._engine.dispose()

    def _run(self) -> None:
        connection, ended = cast("Connection", self._connection), False
        while not ended and (first := self._queue.get()) is not None:
            with self._writing:
                batch, ended = self._gather(first)
                self._commit(connection, batch)

    def _gather(self, first: _Item) -> tuple[list[_Item], bool]:
        batch = [first]
        while len(batch) < BATCH:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _commit(self, connection: Connection, batch: Sequence[_Item]) -> None:
        try:
            written = self._attempt(connection, batch)
        except Exception as failure:  # noqa: BLE001 - whatever it was, every waiting caller must be answered
            self._roll_back(connection)
            if len(batch) > 1:
                for item in batch:
                    self._commit(connection, [item])
                return
            batch[0].failure = _known(failure)
            written = (frozenset(), False)
        self._answer(batch, *written)

    def _attempt(self, connection: Connection, batch: Sequence[_Item]) -> tuple[Collection[type[Event]], bool]:
        """Run the pieces in one transaction; return the types of events written, whether jobs were. What raises lost it all."""
        driver = cast("Any", connection.connection.driver_connection)
        transaction = OpenTransaction(
            connection,
            self.service,
            self._clock.now(),
            execute=driver.execute,
            alive=lambda: bool(driver.in_transaction),
            revoked=self.on_revoked,
        )
        driver.execute("BEGIN IMMEDIATE")
        if len(batch) == 1:
            self._perform_alone(transaction, batch[0])
        else:
            for item in batch:
                self._perform(transaction, item)
        faults.hit("writer.before-commit")
        driver.execute("COMMIT")
        self.commits += 1
        faults.hit("writer.after-commit")
        return transaction.wrote_events, transaction.wrote_jobs

    def _perform_alone(self, transaction: OpenTransaction, item: _Item) -> None:
        """Run the only piece of a transaction: its failure loses nobody else's work, so it needs no savepoint."""
        item.failure = None
        item.outcome = item.context.run(item.piece, transaction)
        transaction.check()
        item.callbacks = transaction.callbacks

    def _perform(self, transaction: OpenTransaction, item: _Item) -> None:
        """Run one piece under its own savepoint; its own failure is kept for its caller alone."""
        transaction.callbacks, item.failure = [], None
        transaction.now = self._clock.now()
        try:
            with transaction.nested():
                item.outcome = item.context.run(item.piece, transaction)
        except TransactionLost:
            raise
        except Exception as failure:
            item.failure = _known(failure)
            if isinstance(item.failure, StorageFull):
                raise
        item.callbacks = transaction.callbacks

    def _roll_back(self, connection: Connection) -> None:
        driver = cast("Any", connection.connection.driver_connection)
        if driver.in_transaction:
            driver.execute("ROLLBACK")

    def _answer(self, batch: Sequence[_Item], events: Collection[type[Event]], wrote_jobs: bool) -> None:
        done = [item for item in batch if item.failure is None]
        for callback in (callback for item in done for callback in item.callbacks):
            callback()
        self._settle_all(batch)
        for tell in self.on_events if events else ():
            tell(self.service, events)
        for wake in self.on_jobs if wrote_jobs else ():
            wake()

    @staticmethod
    def _settle_all(batch: Sequence[_Item]) -> None:
        waiting: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
        for item in batch:
            if item.waiter is not None:
                waiting.setdefault(item.waiter.get_loop(), []).append(item)
            elif item.future is not None and item.future.set_running_or_notify_cancel():
                _settle(item.future, item)
        for loop, items in waiting.items():
            with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                loop.call_soon_threadsafe(_settle_waiters, items)


def _stopping() -> Unavailable:
    return Unavailable("服务正在停止，请稍后再试。", "The service is stopping.")


def _settle(future: Future[Any] | asyncio.Future[Any], item: _Item) -> None:
    if item.failure is None:
        future.set_result(item.outcome)
    else:
        future.set_exception(item.failure)


def _settle_waiters(items: Sequence[_Item]) -> None:
    for item in items:
        if item.waiter is not None and not item.waiter.done():
            _settle(item.waiter, item)


def _known(failure: BaseException) -> BaseException:
    """Translate a vendor's error; hand on our own and programming errors as they are."""
    if isinstance(failure, LaurelError):
        cause = failure.__cause__
        lost = isinstance(failure, TransactionLost) and isinstance(cause, (DBAPIError, pysqlite3.Error, StorageFull))
        return _known(cause) if lost and cause is not None else failure
    text = str(failure)
    if isinstance(failure, (DBAPIError, pysqlite3.Error)):
        if any(words in text for words in _FULL):
            return _chained(StorageFull(), failure)
        if "locked" in text or "busy" in text:
            return _chained(Unavailable("数据库正忙，请稍后再试。", "The database is busy."), failure)
        if isinstance(failure, (pysqlite3.OperationalError, pysqlite3.DatabaseError)):
            return _chained(EngineError(text), failure)
    return failure


def _chained(error: LaurelError, cause: BaseException) -> LaurelError:
    error.__cause__ = cause
    return error


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, pysqlite3.Error) as failure:
        raise _known(failure) from failure
