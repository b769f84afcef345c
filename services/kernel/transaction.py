"""One piece of work inside an open transaction, for whichever engine opened it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
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
        self.wrote_events: set[type[Event]] = set()
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
        self.wrote_events.add(type(event))
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

    def nested(self) -> _Savepoint:
        """Open a savepoint. Leaving it raises `TransactionLost` when the engine has rolled everything back."""
        return _Savepoint(self)

    def save(self) -> str:
        """Set a savepoint and return its name."""
        self._depth += 1
        name = f"s{self._depth}"
        self._execute(f"SAVEPOINT {name}", ())
        return name

    def release(self, name: str) -> None:
        """Keep what was done since the savepoint."""
        self._depth -= 1
        self.check()
        self._execute(f"RELEASE {name}", ())

    def undo(self, name: str, kept: int, failure: BaseException | None) -> None:
        """Undo what was done since the savepoint, and all but the first `kept` callbacks."""
        self._depth -= 1
        del self.callbacks[kept:]
        if not self._alive():
            raise TransactionLost("the engine rolled the whole transaction back") from failure
        self._execute(f"ROLLBACK TO {name}", ())
        self._execute(f"RELEASE {name}", ())

    def check(self) -> None:
        """Raise `TransactionLost` when the engine has silently rolled the whole transaction back."""
        if not self._alive():
            raise TransactionLost("the engine rolled the whole transaction back")


class _Savepoint:
    """A block whose work is undone alone when it raises."""

    __slots__ = ("_kept", "_name", "_transaction")

    def __init__(self, transaction: OpenTransaction) -> None:
        self._transaction = transaction

    def __enter__(self) -> None:
        self._kept = len(self._transaction.callbacks)
        self._name = self._transaction.save()

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, _trace: object) -> None:
        if kind is None:
            self._transaction.release(self._name)
        else:
            self._transaction.undo(self._name, self._kept, failure)
