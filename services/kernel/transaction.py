"""One piece of work inside an open transaction, for whichever engine opened it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.kernel import outbox
from services.kernel.clocks import read_clock
from services.kernel.contracts.envelope import Event
from services.kernel.errors import Rejected, TransactionLost
from services.kernel.ids import new_id
from services.kernel.instants import to_us

_ENQUEUE = (
    "INSERT INTO job (id, kind, key, payload, state, priority, due, attempts, percent, label, created_at) "
    "VALUES (?,?,?,?,'queued',?,?,0,0,'',?) ON CONFLICT (kind, key) DO NOTHING"
)


class OpenTransaction:
    """A `ports.Transaction`. The engine gives the driver's `execute` and `alive`, which tells whether it still holds."""

    def __init__(
        self,
        connection: Connection,
        service: str,
        now: datetime,
        *,
        execute: Callable[[str, Any], Any],
        alive: Callable[[], bool],
        revoked: Callable[[str, datetime], None],
    ) -> None:
        self.revoked = revoked
        self.connection = connection
        self.service = service
        self.now = now
        self.callbacks: list[Callable[[], None]] = []
        self.wrote_topics: set[str] = set()
        self.wrote_jobs = False
        self.projecting = False
        self._execute = execute
        self._alive = alive
        self._depth = 0

    def execute(self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
        """Run one of the kernel's own statements on the driver."""
        return self._execute(statement, parameters)

    def emit(self, event: Event) -> str:
        """Write the event to the outbox and return its id; refused inside a projection."""
        if self.projecting:
            raise Rejected(f"a projection must not emit {event.TYPE}")
        self.wrote_topics.add(event.TOPIC.name)
        return outbox.append(self, event, self.now)

    def enqueue(
        self, kind: str, key: str, payload: Mapping[str, Any], *, priority: int = 0, due: datetime | None = None
    ) -> bool:
        """Insert a job unless one of this kind and key exists; refused inside a projection."""
        if self.projecting:
            raise Rejected(f"a projection must not start the job {kind}")
        now = to_us(self.now)
        row = (new_id(), kind, key, json.dumps(payload, ensure_ascii=False), priority, to_us(due) if due else now, now)
        inserted = bool(self._execute(_ENQUEUE, row).rowcount)
        self.wrote_jobs = self.wrote_jobs or inserted
        return inserted

    def campaign_time(self, stamp: datetime | None = None) -> datetime:
        """Turn a system instant into campaign time by this transaction's clock row."""
        return read_clock(self).at(stamp or self.now)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back after the commit."""
        self.callbacks.append(callback)

    @contextmanager
    def nested(self) -> Iterator[None]:
        """Open a savepoint. Raises `TransactionLost` when the engine has rolled everything back."""
        self._depth += 1
        name, kept = f"s{self._depth}", len(self.callbacks)
        self._execute(f"SAVEPOINT {name}", ())
        try:
            yield
        except BaseException as failure:
            self._undo(name, kept, failure)
            raise
        else:
            self.check()
            self._execute(f"RELEASE {name}", ())
        finally:
            self._depth -= 1

    def _undo(self, name: str, kept: int, failure: BaseException) -> None:
        del self.callbacks[kept:]
        if not self._alive():
            raise TransactionLost("the engine rolled the whole transaction back") from failure
        self._execute(f"ROLLBACK TO {name}", ())
        self._execute(f"RELEASE {name}", ())

    def check(self) -> None:
        """Raise `TransactionLost` when the engine has silently rolled the whole transaction back."""
        if not self._alive():
            raise TransactionLost("the engine rolled the whole transaction back")
