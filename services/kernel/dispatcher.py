"""The one delivery path: decode, inbox, savepoint, handler, its rows and events, commit, acknowledge.

Whatever carried an event, it is delivered here. A handler ends in one of four ways (done, `NotYet`, `Transient`,
`Rejected`); anything else it raises is tried again with growing pauses and is dead after `ATTEMPTS`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy import Connection

from services.kernel import faults
from services.kernel.contracts.envelope import Envelope, Event
from services.kernel.errors import LaurelError, NotYet, Rejected, StorageFull, TransactionLost, Transient, Unavailable
from services.kernel.handlers import Handler, Handlers, Kind
from services.kernel.instants import to_us
from services.kernel.logs import tracing
from services.kernel.metrics import DELIVERED, DIED, DUPLICATES, END_TO_END
from services.kernel.ports import Database, Delivery, Transaction

BATCH = 16
BUDGET_S = 0.005
ATTEMPTS = 8
KILLS = 3
SINGLY = 16
STOP_AFTER_DEAD = 20
NOT_YET_PAUSE = timedelta(seconds=30)
_PAUSES_S = (1, 5, 15, 60, 300, 900, 1800, 3600)

_TAKE = "SELECT position, logepoch, open, singly, trying, attempts FROM position WHERE consumer = ? AND partition = ?"
_OPEN = (
    "INSERT INTO position (consumer, partition, position, logepoch, open, singly, attempts) VALUES (?, ?, 0, ?, 1, 0, 0) "
    "ON CONFLICT (consumer, partition) DO UPDATE SET open = 1, singly = ?"
)
_ADVANCE = "UPDATE position SET position = ?, singly = ?, trying = NULL, attempts = 0 WHERE consumer = ? AND partition = ?"
_TRY = "UPDATE position SET trying = ?, attempts = ? WHERE consumer = ? AND partition = ?"
_RELEASE = "UPDATE position SET open = 0, singly = 0 WHERE consumer = ? AND partition = ?"
_INBOX = "INSERT INTO inbox (consumer, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FORGET = "DELETE FROM inbox WHERE consumer = ? AND event_id = ?"
_QUEUED = "SELECT 1 FROM deferred WHERE consumer = ? AND key = ? LIMIT 1"
_DEFER = (
    "INSERT INTO deferred (consumer, key, event_id, envelope, type, waits_for, due, attempts, reason, state, arrived_at) "
    "VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_WAKE = "UPDATE deferred SET due = ? WHERE consumer = ? AND waits_for = ? AND state = 'waiting'"
_DUE = (
    "SELECT arrival, key, envelope, attempts FROM deferred AS d WHERE consumer = ? AND state = 'waiting' AND due <= ? "
    "AND (? OR NOT EXISTS (SELECT 1 FROM deferred AS e "
    "WHERE e.consumer = d.consumer AND e.key = d.key AND e.arrival < d.arrival)) ORDER BY arrival LIMIT 1"
)
_NEXT_DUE = (
    "SELECT (SELECT MIN(due) FROM deferred WHERE consumer = ? AND state = 'waiting'), "
    "EXISTS (SELECT 1 FROM deferred WHERE consumer = ?)"
)
_COUNT = "UPDATE deferred SET attempts = attempts + 1 WHERE arrival = ?"
_UNCOUNT = "UPDATE deferred SET attempts = attempts - 1, due = ? WHERE arrival = ?"
_AGAIN = "UPDATE deferred SET waits_for = ?, due = ?, attempts = ?, reason = ?, state = ? WHERE arrival = ?"
_GONE = "DELETE FROM deferred WHERE arrival = ?"
_FOLLOW = "UPDATE deferred SET due = ? WHERE consumer = ? AND key = ? AND state = 'waiting' AND waits_for IS NULL"


@dataclass(slots=True)
class Taken:
    """A partition as its consumer holds it."""

    position: int
    logepoch: str | None
    singly: int
    trying: str | None
    attempts: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How one handler ended when it was not done: what it waits for, whether it is dead, whether the attempt counts."""

    reason: str
    waits_for: str | None = None
    dead: bool = False
    why: str = "rejected"
    counted: bool = True


class ConsumerStopped(LaurelError):
    """Too many events in a row were dead: the consumer stopped, so that a bad release does not empty a topic."""


class Dispatcher:
    """Delivers one consumer's events into its service's database."""

    def __init__(self, handlers: Handlers, database: Database) -> None:
        self.handlers = handlers
        self.database = database
        self.dead_in_a_row = 0
        self._consumer = handlers.consumer
        self._may_wait = self._may_hold = True
        self._delivered = DELIVERED.labels(self._consumer)
        self._end_to_end = {topic: END_TO_END.labels(self._consumer, topic) for topic in handlers.topics()}

    def look_again(self) -> None:
        """Assume that deferred rows may be there: some that are due, and some that hold their key."""
        self._may_wait = self._may_hold = True

    def take(self, partition: str, epoch: str) -> Taken:
        """Open the partition; whoever left it open is delivered to singly. Raises `ConsumerStopped` for another log's epoch."""

        def piece(transaction: Transaction) -> Taken:
            row = transaction.execute(_TAKE, (self._consumer, partition)).fetchone()
            position, known, was_open, singly, trying, attempts = row or (0, None, 0, 0, None, 0)
            if known not in (None, epoch):
                raise ConsumerStopped(f"the log of {partition} has a new epoch: rebuild {self._consumer}")
            singly = SINGLY if was_open else singly
            transaction.execute(_OPEN, (self._consumer, partition, epoch, singly))
            return Taken(position, epoch, singly, trying, attempts)

        self.look_again()
        return self.database.call(piece)

    def release(self, partition: str) -> None:
        """Leave the partition cleanly."""
        self.database.call(lambda transaction: transaction.execute(_RELEASE, (self._consumer, partition)))

    def deliver(self, taken: Taken, deliveries: Sequence[Delivery]) -> int:
        """Deliver a prefix of these; return how many are dealt with. Raises `Transient` with the rest untouched."""
        if taken.singly:
            self._record_attempt(taken, deliveries[0])
            deliveries = deliveries[:1]
        done, failure = self._run(taken, deliveries)
        if done:
            last = deliveries[done - 1]
            taken.position, taken.singly = last.position, max(0, taken.singly - done)
            taken.trying, taken.attempts = None, 0
            faults.hit("delivery.after-commit")
        if self.dead_in_a_row >= STOP_AFTER_DEAD:
            raise ConsumerStopped(f"{self._consumer}: {self.dead_in_a_row} events in a row are dead letters")
        if failure is not None and not done:
            raise failure
        return done

    def _record_attempt(self, taken: Taken, delivery: Delivery) -> None:
        event_id = delivery.envelope.id
        taken.attempts = taken.attempts + 1 if taken.trying == event_id else 1
        taken.trying = event_id
        row = (event_id, taken.attempts, self._consumer, delivery.partition)
        self.database.call(lambda transaction: transaction.execute(_TRY, row))

    def _run(self, taken: Taken, deliveries: Sequence[Delivery]) -> tuple[int, Exception | None]:
        poisoned = taken.singly > 0 and taken.attempts > KILLS

        def piece(transaction: Transaction) -> tuple[int, Exception | None]:
            return self._batch(transaction, taken, deliveries, poisoned=poisoned)

        try:
            return self.database.call(piece)
        except TransactionLost as failure:
            if len(deliveries) == 1:
                return 0, failure
            return self._run(taken, deliveries[:1])

    def _batch(
        self, transaction: Transaction, taken: Taken, deliveries: Sequence[Delivery], *, poisoned: bool
    ) -> tuple[int, Exception | None]:
        """Deliver until the budget is spent or an engine is in trouble, then note the position, all in one transaction."""
        began, done, failure = time.perf_counter(), 0, None
        for delivery in deliveries:
            try:
                self._one(transaction, delivery.envelope, poisoned=poisoned)
            except TransactionLost:
                raise
            except (Transient, Unavailable) as trouble:
                failure = trouble
                break
            done += 1
            if time.perf_counter() - began > BUDGET_S:
                break
        if done:
            last = deliveries[done - 1]
            row = (last.position, max(0, taken.singly - done), self._consumer, last.partition)
            transaction.execute(_ADVANCE, row)
        return done, failure

    def _one(self, transaction: Transaction, envelope: Envelope, *, poisoned: bool) -> None:
        handler = self.handlers.by_type.get(envelope.type)
        if handler is None and envelope.type in Event.REGISTRY:
            return
        if not transaction.execute(_INBOX, (self._consumer, envelope.id)).rowcount:
            DUPLICATES.labels(self._consumer).inc()
            return
        try:
            outcome = self._outcome(transaction, handler, envelope, poisoned=poisoned)
        except (Transient, Unavailable) as trouble:
            if isinstance(trouble, TransactionLost):
                raise
            transaction.execute(_FORGET, (self._consumer, envelope.id))
            raise
        if outcome is not None:
            self._defer(transaction, envelope, outcome)

    def _outcome(
        self, transaction: Transaction, handler: Handler | None, envelope: Envelope, *, poisoned: bool
    ) -> _Outcome | None:
        if poisoned:
            return _Outcome(f"ended the process {KILLS} times", dead=True, why="crashed")
        if handler is None:
            return _Outcome("unknown type; goes on after an upgrade", counted=False)
        if self.handlers.ordered and self._may_hold and transaction.execute(_QUEUED, (self._consumer, envelope.key)).fetchone():
            return _Outcome("queued behind an earlier event of its key", counted=False)
        return self._handle(transaction, handler, envelope)

    def _handle(self, transaction: Transaction, handler: Handler, envelope: Envelope) -> _Outcome | None:
        """Run projection and reaction under one savepoint; return None when done. Trouble of an engine is raised."""
        try:
            event = handler.event.read(envelope.data, envelope.personal)
        except (ValidationError, ValueError) as failure:
            return _Outcome(f"cannot be decoded: {_brief(failure)}", dead=True, why="undecodable")
        try:
            with tracing(envelope.traceparent), transaction.nested():
                for kind, function in handler.steps:
                    transaction.projecting = kind is Kind.PROJECTION
                    function(transaction, event, envelope)
                faults.hit("delivery.after-handler")
        except NotYet as missing:
            return _Outcome(str(missing), waits_for=missing.subject, counted=False)
        except Rejected as reason:
            return _Outcome(str(reason), dead=True)
        except (Transient, Unavailable, StorageFull):
            raise
        except Exception as failure:  # noqa: BLE001 - an unexpected failure is counted and tried again
            return _Outcome(f"{type(failure).__name__}: {_brief(failure)}")
        finally:
            transaction.projecting = False
        self._done(transaction, envelope, handler.event.TOPIC.name)
        return None

    def _done(self, transaction: Transaction, envelope: Envelope, topic: str) -> None:
        self.dead_in_a_row = 0
        if self._may_hold:
            transaction.execute(_WAKE, (to_us(transaction.now), self._consumer, envelope.subject))
        self._delivered.inc()
        waited_s = (transaction.now - envelope.time).total_seconds()
        self._end_to_end[topic].observe(max(0.0, waited_s))

    def _defer(self, transaction: Transaction, envelope: Envelope, outcome: _Outcome) -> None:
        self.look_again()
        attempts = int(outcome.counted)
        state, due = self._fate(transaction, outcome, attempts)
        queued = outcome.reason.startswith("queued")
        row = (self._consumer, envelope.key, envelope.id, envelope.pack(), envelope.type, outcome.waits_for)
        now = to_us(transaction.now)
        transaction.execute(_DEFER, (*row, now if queued else due, attempts, outcome.reason, state, now))

    def _fate(self, transaction: Transaction, outcome: _Outcome, attempts: int) -> tuple[str, int]:
        """Return the state of a deferred row and when it is due."""
        if outcome.dead or attempts >= ATTEMPTS:
            self.dead_in_a_row += 1
            DIED.labels(self._consumer, outcome.why if outcome.dead else "exhausted").inc()
            return "dead", to_us(transaction.now)
        pause = timedelta(seconds=_PAUSES_S[max(0, attempts - 1)]) if outcome.counted else NOT_YET_PAUSE
        return "waiting", to_us(transaction.now + pause)

    def next_due_us(self) -> int | None:
        """Return when the next waiting event is due, in microseconds since 1970."""
        if not self._may_wait:
            return None
        self._may_wait = self._may_hold = False
        due, holds = self.database.look(self._soonest)
        self._may_wait, self._may_hold = self._may_wait or due is not None, self._may_hold or holds
        return due

    def _soonest(self, connection: Connection) -> tuple[int | None, bool]:
        due, holds = connection.exec_driver_sql(_NEXT_DUE, (self._consumer, self._consumer)).one()
        return due, bool(holds)

    def retry_due(self) -> bool:
        """Try the oldest due event once; return whether there was one. Raises `Transient`."""
        chosen = self.database.call(self._choose)
        if chosen is None:
            return False
        arrival, key, packed, attempts = chosen
        envelope = Envelope.unpack(packed)
        try:
            self.database.call(lambda transaction: self._again(transaction, arrival, key, envelope, attempts))
        except (Transient, Unavailable, StorageFull):
            self.database.call(lambda transaction: self._uncount(transaction, arrival))
            raise
        return True

    def _uncount(self, transaction: Transaction, arrival: int) -> None:
        """Take an attempt back that an engine's trouble ended, and wait a while."""
        transaction.execute(_UNCOUNT, (to_us(transaction.now + NOT_YET_PAUSE), arrival))

    def _choose(self, transaction: Transaction) -> tuple[int, str, bytes, int] | None:
        """Pick the oldest due row that heads its key and count the attempt before it is made."""
        due = (self._consumer, to_us(transaction.now), not self.handlers.ordered)
        row: tuple[int, str, bytes, int] | None = transaction.execute(_DUE, due).fetchone()
        if row is not None:
            transaction.execute(_COUNT, (row[0],))
        return row

    def _again(self, transaction: Transaction, arrival: int, key: str, envelope: Envelope, before: int) -> None:
        handler = self.handlers.by_type.get(envelope.type)
        if before >= ATTEMPTS:
            outcome: _Outcome | None = _Outcome(f"ended the process or failed {before} times", dead=True)
        elif handler is None and envelope.type in Event.REGISTRY:
            outcome = None
        elif handler is None:
            outcome = _Outcome("unknown type; goes on after an upgrade", counted=False)
        else:
            outcome = self._handle(transaction, handler, envelope)
        if outcome is None:
            transaction.execute(_GONE, (arrival,))
            transaction.execute(_FOLLOW, (to_us(transaction.now), self._consumer, key))
            return
        attempts = before + int(outcome.counted)
        state, due = self._fate(transaction, outcome, attempts)
        transaction.execute(_AGAIN, (outcome.waits_for, due, attempts, outcome.reason, state, arrival))


def _brief(failure: Exception) -> str:
    """One line without the input, which may be personal."""
    if isinstance(failure, ValidationError):
        return "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['type']}" for error in failure.errors()[:5])
    return str(failure).splitlines()[0][:200] if str(failure) else type(failure).__name__
