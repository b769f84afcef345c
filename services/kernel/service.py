"""What a service is made of, and what it is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from services.kernel.auth.passwords import Passwords
from services.kernel.auth.revocations import Revocations
from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.keys import Keys
from services.kernel.ports import Bus, Clock, Database, Mailer, ObjectStore
from services.kernel.search_index import IndexSpec, SearchIndex
from services.kernel.settings import Settings
from services.kernel.stamps import Stamps

if TYPE_CHECKING:
    from fastapi import APIRouter


@dataclass(frozen=True)
class Definition:
    """One service as its `main.py` declares it.

    `prefixes` are the first path segments it answers on the one origin ("" answers what no other owns); `observers` set
    gauges from read-only queries when metrics are asked for; `start` runs once before requests, deliveries and jobs, and
    returns how what it began is ended.
    """

    name: str
    prefixes: tuple[str, ...]
    handlers: Handlers
    jobs: Jobs
    routers: Sequence[APIRouter]
    migrations: Path
    observers: Sequence[Callable[[Connection], None]] = ()
    indexes: Sequence[IndexSpec] = ()
    start: Callable[[Context], Callable[[], None] | None] = lambda _context: None
    job_threads: Callable[[Settings], int] = lambda _settings: 1


@dataclass
class Context:
    """A running service: its definition and its engines. Endpoints get it as `Ctx`, jobs as `context.service`.

    `bus` is the log it reads, None where no consumer runs; `wake` asks its consumer to look again at what is deferred.
    """

    definition: Definition
    settings: Settings
    database: Database
    store: ObjectStore
    index: SearchIndex
    mailer: Mailer
    clock: Clock
    keys: Keys
    stamps: Stamps
    revocations: Revocations
    passwords: Passwords
    folder: Path
    rehearsal: bool = False
    bus: Bus | None = None
    wake: Callable[[], None] = field(default=lambda: None)
    degraded: Callable[[], Sequence[str]] = field(default=lambda: ())

    @property
    def name(self) -> str:
        """The service's name."""
        return self.definition.name
