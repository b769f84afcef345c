"""The composition root: settings → adapters → runners. It alone opens adapters; it starts, drains and stops them.

Embedded: all five services in this process, each with its own file, writer, consumer and job workers.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import structlog
from sqlalchemy.exc import DBAPIError

from services.intake.main import INTAKE
from services.kernel import faults, schema
from services.kernel.adapters.embedded_index import EmbeddedIndex
from services.kernel.adapters.file_store import FileStore
from services.kernel.adapters.spool_mailer import SpoolMailer
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.auth.passwords import Passwords
from services.kernel.auth.revocations import Revocations
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.dispatcher import Dispatcher
from services.kernel.errors import LaurelError, NoData
from services.kernel.instants import to_us
from services.kernel.jobs import JobWorker, forget_left_over
from services.kernel.keys import Keys
from services.kernel.ports import Bus, Database
from services.kernel.service import Context, Definition
from services.kernel.settings import Settings
from services.kernel.stamps import Stamps
from services.media.main import MEDIA
from services.notify.main import NOTIFY
from services.review.main import REVIEW
from services.search.main import SEARCH

DEFINITIONS: tuple[Definition, ...] = (INTAKE, MEDIA, REVIEW, NOTIFY, SEARCH)

log = structlog.get_logger(__name__)


class HomeInUse(LaurelError):
    """Another process runs on this home; its address is in the lock file."""


class CannotStart(LaurelError):
    """The home cannot be written to, or the port cannot be listened at; the message says which, and what to do."""


@dataclass
class Running:
    """One service at work: its context and what runs for it."""

    context: Context
    database: SqliteDatabase
    consumer: Consumer
    workers: list[JobWorker] = field(default_factory=list)


class Platform:
    """The five services on the embedded engines, in one process and one home."""

    def __init__(self, settings: Settings, *, definitions: Sequence[Definition] = DEFINITIONS) -> None:
        self.settings = settings
        self.definitions = definitions
        self.services: dict[str, Running] = {}
        self._stack = ExitStack()
        self._enders: list[Callable[[], None]] = []

    def start(self) -> None:
        """Lock the home, bring the schema up, start writers, consumers and workers. Raises `HomeInUse` or `KeysRefused`."""
        faults.arm(self.settings.fault or None)
        self._lock_home()
        self._open()
        for running in self.services.values():
            if end := running.context.definition.start(running.context):
                self._enders.append(end)
        for running in self.services.values():
            running.consumer.start()
            for worker in running.workers:
                worker.start()

    def stop(self) -> None:
        """Let what has begun end, leave every partition cleanly, close."""
        for running in self.services.values():
            running.consumer.stop()
        for running in self.services.values():
            for worker in running.workers:
                worker.stop()
        for end in self._enders:
            end()
        self._stack.close()

    def announce(self, address: str) -> None:
        """Write into the lock file where commands reach this platform."""
        self._lock.seek(0)
        self._lock.truncate()
        json.dump({"pid": os.getpid(), "address": address}, self._lock)
        self._lock.flush()

    def app(self) -> Any:
        """Return the ASGI application of all five on one origin."""
        from services.kernel.web import build_app, one_origin  # noqa: PLC0415 - commands that serve nothing need no web

        apps = {name: build_app(running.context) for name, running in self.services.items()}
        return one_origin({prefix: apps[name] for prefix, name in gateway_table(self.definitions).items()})

    def idle(self) -> bool:
        """Tell whether every consumer has dealt with everything and no job waits or runs."""
        consumed = all(running.consumer.idle() for running in self.services.values())
        return consumed and not any(_busy(running.database) for running in self.services.values())

    def open_alone(self, name: str) -> Context:
        """Lock the home and open one service's engines without its runners, for a command. Raises `HomeInUse`."""
        self._lock_home()
        self._open()
        return self.services[name].context

    def _lock_home(self) -> None:
        home = self.settings.home
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock: IO[str] = self._stack.enter_context((home / "lock").open("a+", encoding="utf-8"))
        except OSError as trouble:
            raise CannotStart(f"数据目录 {home} 不能写入（{trouble.strerror}），请用 --home 另指一个目录。") from trouble
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._stack.close()
            raise HomeInUse(f"{home} 正由另一个进程使用。") from None

    def _open(self) -> None:
        settings, home, clock = self.settings, self.settings.home, SystemClock()
        rehearsal = _deployment(home, rehearsal=settings.rehearsal)
        keys = Keys.open(settings.keys_folder, make=not (home / "intake.db").exists())
        store = FileStore(home / "objects")
        index = EmbeddedIndex(home / "index", [spec for definition in self.definitions for spec in definition.indexes])
        self._stack.callback(index.close)
        mailer = SpoolMailer(home / "spool")
        passwords = Passwords(settings)
        self._stack.callback(passwords.close)
        stamps = Stamps(clock)
        databases = {definition.name: self._database(definition, clock) for definition in self.definitions}
        bus = SqliteBus({name: database.path for name, database in databases.items()})
        self._stack.callback(bus.close)
        for definition in self.definitions:
            database = databases[definition.name]
            revocations = database.look(Revocations.load)
            database.on_revoked = revocations.add
            database.on_events.append(bus.notify)
            folder = home / definition.name
            folder.mkdir(exist_ok=True)
            context = Context(
                definition=definition,
                settings=settings,
                database=database,
                store=store,
                index=index,
                mailer=mailer,
                clock=clock,
                keys=keys,
                stamps=stamps,
                revocations=revocations,
                passwords=passwords,
                folder=folder,
                rehearsal=rehearsal,
            )
            self.services[definition.name] = self._runners(context, database, bus)

    def _database(self, definition: Definition, clock: SystemClock) -> SqliteDatabase:
        path = self.settings.home / f"{definition.name}.db"
        database = SqliteDatabase(path, service=definition.name, clock=clock, readers=self.settings.reader_threads)
        schema.upgrade(database.engine(), definition.migrations)
        database.start()
        self._stack.callback(database.close)
        database.call(forget_left_over)
        return database

    def _runners(self, context: Context, database: SqliteDatabase, bus: SqliteBus) -> Running:
        definition = context.definition
        consumer = Consumer(Dispatcher(definition.handlers, database), bus, context.clock)
        workers = [
            JobWorker(context, definition.jobs, database, context.clock, number=number)
            for number in range(definition.job_threads(context.settings) if definition.jobs.kinds else 0)
        ]
        database.on_jobs.extend(worker.wake for worker in workers)
        context.bus, context.wake = bus, consumer.wake
        context.degraded = lambda: [consumer.stopped_because] if consumer.stopped_because else []
        return Running(context, database, consumer, workers)


def _deployment(home: Path, *, rehearsal: bool) -> bool:
    """Return whether this deployment is a rehearsal; what it was created as, it stays."""
    file = home / "deployment.json"
    if not file.exists():
        file.write_text(json.dumps({"rehearsal": rehearsal}), encoding="utf-8")
    return bool(json.loads(file.read_text(encoding="utf-8"))["rehearsal"])


def _busy(database: SqliteDatabase) -> bool:
    query = "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'running' OR state = 'queued' AND (attempts > 0 OR due <= ?))"
    now = to_us(SystemClock().now())
    return bool(database.look(lambda rows: rows.exec_driver_sql(query, (now,)).scalar_one()))


def serve(settings: Settings, *, ready: Callable[[Platform, str], None] = lambda _platform, _address: None) -> None:
    """Run the platform until SIGTERM or SIGINT. `ready` is told the address once requests are answered."""
    import uvloop  # noqa: PLC0415 - only a serving process needs it

    platform = Platform(settings)
    platform.start()
    try:
        uvloop.run(_serve(platform, ready))
    finally:
        platform.stop()


async def _serve(platform: Platform, ready: Callable[[Platform, str], None]) -> None:
    import uvicorn  # noqa: PLC0415 - only a serving process needs it

    settings = platform.settings
    try:
        listening = socket.create_server((settings.host, settings.port), backlog=2048)
    except OSError as trouble:
        taken = "已被占用" if trouble.errno == errno.EADDRINUSE else f"不能使用（{os.strerror(trouble.errno or 0)}）"
        raise CannotStart(f"端口 {settings.host}:{settings.port} {taken}，请用 --port 另选一个。") from trouble
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        platform.app(),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=int(settings.drain_grace_s),
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    setattr(server, "capture_signals", nullcontext)  # noqa: B010 - we stop it ourselves, below
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn announces nothing
        await asyncio.sleep(0.01)
    address = f"http://{settings.host}:{port}"
    platform.announce(address)
    ready(platform, address)
    await serving


@contextmanager
def alone(settings: Settings, definition: Definition, *, make: bool = False) -> Iterator[Context]:
    """Open one service for a command, on a home where no platform runs; `make` one where there is none.

    Raises `NoData`, `HomeInUse` or `KeysRefused`.
    """
    if not make and not settings.has_data:
        raise NoData(settings.home)
    platform = Platform(settings, definitions=(definition,))
    try:
        yield platform.open_alone(definition.name)
    finally:
        platform.stop()


@contextmanager
def reading(settings: Settings, definition: Definition) -> Iterator[tuple[Database, Keys]]:
    """Open one service's rows for reading alone, beside the platform that runs on the home. Raises `KeysRefused`."""
    database = SqliteDatabase(settings.home / f"{definition.name}.db", service=definition.name, clock=SystemClock())
    try:
        yield database, Keys.open(settings.keys_folder)
    finally:
        database.close()


@contextmanager
def looking(
    settings: Settings, definitions: Sequence[Definition] = DEFINITIONS
) -> Iterator[tuple[Mapping[str, Database], Bus]]:
    """Open every service's rows for reading alone, and the log of those that can be read, whether or not a platform runs."""
    databases = {
        definition.name: SqliteDatabase(
            settings.home / f"{definition.name}.db", service=definition.name, clock=SystemClock(), readers=1
        )
        for definition in definitions
    }
    try:
        yield databases, SqliteBus({name: database.path for name, database in databases.items() if _has_log(database)})
    finally:
        for database in databases.values():
            database.close()


def _has_log(database: SqliteDatabase) -> bool:
    try:
        database.look(lambda rows: rows.exec_driver_sql("SELECT id FROM outbox LIMIT 1").first())
    except (DBAPIError, LaurelError):
        return False
    return True


def running_address(home: Path) -> str | None:
    """Return where the platform that runs on this home is reached, or None when none runs."""
    try:
        with (home / "lock").open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return str(json.load(file)["address"])
    except (OSError, ValueError, KeyError):
        return None
    return None


def gateway_table(definitions: Sequence[Definition] = DEFINITIONS) -> Mapping[str, str]:
    """Map each path prefix to the service that answers it; "" answers the rest."""
    own = {prefix: definition.name for definition in definitions for prefix in definition.prefixes}
    return own | {f"ops/{definition.name}": definition.name for definition in definitions}
