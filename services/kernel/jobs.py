"""Long work: leased, heartbeaten, done in recorded stages, finished with its outcome in one transaction.

A worker that dies loses its lease and another takes over; stages that were recorded are not repeated; a worker that
was too slow finds its token gone and keeps nothing.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeVar

import structlog

from services.kernel import faults
from services.kernel.errors import LeaseLost, Problem, StorageFull, Transient, Unavailable
from services.kernel.instants import to_us
from services.kernel.ports import Clock, Database, Transaction

T = TypeVar("T")
Outcome = Callable[[Transaction], None]
PROGRESS_EVERY_S = 0.5
PAUSE_S = (2, 10, 60, 300)
INTERRUPTIONS = 20

_EXPIRED = "UPDATE job SET state = 'queued', token = NULL WHERE state = 'running' AND lease_until < ?"
_CLAIM = (
    "UPDATE job SET state = 'running', token = ?, lease_until = ?, attempts = attempts + 1 WHERE id = ("
    "SELECT id FROM job WHERE state = 'queued' AND due <= ? ORDER BY priority DESC, due, created_at LIMIT 1) "
    "RETURNING id, kind, key, payload, attempts, failures"
)
_OWN = "UPDATE job SET lease_until = ? WHERE id = ? AND token = ? AND state = 'running'"
_PROGRESS = "UPDATE job SET lease_until = ?, percent = ?, label = ? WHERE id = ? AND token = ? AND state = 'running'"
_STAGES = "SELECT stage, result FROM job_stage WHERE job_id = ?"
_STAGE = "INSERT INTO job_stage (job_id, stage, result) VALUES (?, ?, ?)"
_DONE = (
    "UPDATE job SET state = 'done', percent = 100, token = NULL, reason = NULL, finished_at = ? "
    "WHERE id = ? AND token = ? AND state = 'running'"
)
_LATER = (
    "UPDATE job SET state = 'queued', token = NULL, due = ?, reason = ?, failures = failures + ? WHERE id = ? AND token = ?"
)
_HURRY = "UPDATE job SET due = :now WHERE state = 'queued' AND attempts > 0 AND due > :now"
_FAILED = "UPDATE job SET state = 'failed', token = NULL, reason = ?, finished_at = ? WHERE id = ? AND token = ?"
_RETRY = (
    "UPDATE job SET state = 'queued', attempts = 0, failures = 0, due = ?, reason = NULL, finished_at = NULL "
    "WHERE kind = ? AND key = ? AND state = 'failed'"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of job is done: `work` returns the piece that writes its outcome; `failed` writes that it never will be."""

    name: str
    work: Callable[[JobContext], Outcome]
    failed: Callable[[Transaction, dict[str, Any], str], None]
    lease_s: float
    attempts: int


class Jobs:
    """The kinds of job a service does."""

    def __init__(self) -> None:
        self.kinds: dict[str, JobKind] = {}

    def kind(
        self,
        name: str,
        *,
        failed: Callable[[Transaction, dict[str, Any], str], None] = lambda _transaction, _payload, _reason: None,
        lease_s: float = 30,
        attempts: int = 4,
    ) -> Callable[[Callable[[JobContext], Outcome]], Callable[[JobContext], Outcome]]:
        """Register a kind of job."""

        def register(work: Callable[[JobContext], Outcome]) -> Callable[[JobContext], Outcome]:
            self.kinds[name] = JobKind(name, work, failed, lease_s, attempts)
            return work

        return register


class JobContext:
    """One attempt at one job, as its work sees it. `service` is the service's Context."""

    def __init__(
        self, service: Any, database: Database, clock: Clock, *, kind: JobKind, row: tuple[Any, ...], token: str
    ) -> None:
        self.service = service
        self.job_id, _, self.key, payload, self.attempt, self.failures = row
        self.payload: dict[str, Any] = json.loads(payload)
        self.stopping = threading.Event()
        self._database, self._clock, self._kind, self._token = database, clock, kind, token
        self._stages: dict[str, Any] | None = None
        self._reported = 0.0
        self._percent, self._label = 0, ""

    def stage(self, name: str, work: Callable[[], T]) -> T:
        """Do a stage once: its JSON result is recorded, and a later attempt gets that result without doing it again."""
        if self._stages is None:
            rows = self._run(lambda transaction: transaction.execute(_STAGES, (self.job_id,)).fetchall())
            self._stages = {stage: json.loads(result) for stage, result in rows}
        if name not in self._stages:
            result = work()
            faults.hit("job.stage-done")
            text = json.dumps(result, ensure_ascii=False)
            self._fenced(lambda transaction: transaction.execute(_STAGE, (self.job_id, name, text)))
            self._stages[name] = result
            faults.hit("job.stage-recorded")
        return self._stages[name]  # type: ignore[no-any-return]  # JSON, as the stage returned it

    def progress(self, percent: float, label: str) -> None:
        """Show how far the work is (0–100) and what it does, in Chinese; written at most twice a second."""
        now = time.monotonic()
        if now - self._reported < PROGRESS_EVERY_S and label == self._label:
            return
        self._reported, self._percent, self._label = now, int(percent), label
        self._fenced(lambda _transaction: None)

    def heartbeat(self) -> None:
        """Extend the lease. Raises `LeaseLost` when another worker holds it."""
        self._fenced(lambda _transaction: None)

    def check(self) -> None:
        """Raise `Transient` when the worker is asked to stop, so that the job goes back unharmed."""
        if self.stopping.is_set():
            raise Transient("the worker is stopping")

    def finish(self, outcome: Outcome) -> None:
        """Write the outcome and the end of the job in one transaction, if the lease still holds."""

        def piece(transaction: Transaction) -> None:
            if not transaction.execute(_DONE, (to_us(transaction.now), self.job_id, self._token)).rowcount:
                raise LeaseLost
            outcome(transaction)

        self._run(piece)

    def _fenced(self, piece: Outcome) -> None:
        def fenced(transaction: Transaction) -> None:
            until = to_us(transaction.now + timedelta(seconds=self._kind.lease_s))
            row = (until, self._percent, self._label, self.job_id, self._token)
            if not transaction.execute(_PROGRESS, row).rowcount:
                raise LeaseLost
            piece(transaction)

        self._run(fenced)

    def _run(self, piece: Callable[[Transaction], T]) -> T:
        return self._database.call(piece)


class JobWorker(threading.Thread):
    """Claims and does a service's jobs, one at a time; start several for more."""

    def __init__(self, service: Any, jobs: Jobs, database: Database, clock: Clock, *, number: int = 0) -> None:
        super().__init__(name=f"job-worker-{number}", daemon=True)
        self._service, self._jobs, self._database, self._clock = service, jobs, database, clock
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._current: JobContext | None = None

    def wake(self) -> None:
        """Look for a job now."""
        self._wake.set()

    def stop(self, timeout_s: float = 10) -> None:
        """Ask to stop: the job under way goes back to the queue at its next check."""
        self._ending.set()
        self._wake.set()
        if (current := self._current) is not None:
            current.stopping.set()
        if self.ident is not None:
            self.join(timeout_s)

    def run(self) -> None:
        """Work until asked to stop."""
        while not self._ending.is_set():
            self._wake.clear()
            try:
                found = self._step()
            except Exception:
                log.exception("job worker")
                found = False
            if not found:
                self._wake.wait(1.0)

    def _step(self) -> bool:
        token = secrets.token_hex(16)
        row = self._database.call(lambda transaction: self._claim(transaction, token))
        if row is None:
            return False
        faults.hit("job.claimed")
        kind = self._jobs.kinds[row[1]]
        context = JobContext(self._service, self._database, self._clock, kind=kind, row=row, token=token)
        self._current = context
        try:
            self._attempt(context, kind, token)
        finally:
            self._current = None
        return True

    def _claim(self, transaction: Transaction, token: str) -> tuple[Any, ...] | None:
        now = to_us(transaction.now)
        transaction.execute(_EXPIRED, (now,))
        lease = to_us(transaction.now + timedelta(seconds=30))
        row: tuple[Any, ...] | None = transaction.execute(_CLAIM, (token, lease, now)).fetchone()
        return row

    def _attempt(self, context: JobContext, kind: JobKind, token: str) -> None:
        if context.attempt > INTERRUPTIONS:
            self._give_up(context, kind, token, "处理时多次中断，已停止自动重试。")
            return
        try:
            with _Heartbeat(context, kind.lease_s / 3):
                outcome = kind.work(context)
            faults.hit("job.before-outcome")
            context.finish(outcome)
            faults.hit("job.after-outcome")
        except LeaseLost:
            log.warning("lease lost", kind=kind.name, job=context.job_id)
        except (Transient, Unavailable, StorageFull) as trouble:
            self._put_back(context, token, str(trouble), failures=0)
        except Problem as reason:
            self._give_up(context, kind, token, reason.message)
        except Exception as failure:
            log.exception("job failed", kind=kind.name, job=context.job_id)
            if context.failures + 1 >= kind.attempts:
                self._give_up(context, kind, token, f"处理未完成（{type(failure).__name__}）。")
            else:
                self._put_back(context, token, type(failure).__name__, failures=1)

    def _put_back(self, context: JobContext, token: str, reason: str, *, failures: int) -> None:
        def piece(transaction: Transaction) -> None:
            pause = timedelta(seconds=0 if context.stopping.is_set() else PAUSE_S[min(context.failures, len(PAUSE_S) - 1)])
            transaction.execute(_LATER, (to_us(transaction.now + pause), reason, failures, context.job_id, token))

        self._database.call(piece)

    def _give_up(self, context: JobContext, kind: JobKind, token: str, reason: str) -> None:
        def piece(transaction: Transaction) -> None:
            row = (reason, to_us(transaction.now), context.job_id, token)
            if transaction.execute(_FAILED, row).rowcount:
                kind.failed(transaction, context.payload, reason)

        self._database.call(piece)


class _Heartbeat(contextlib.AbstractContextManager["_Heartbeat"]):
    """Extends the lease from its own thread while the work runs."""

    def __init__(self, context: JobContext, every_s: float) -> None:
        self._context, self._every_s = context, every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="job-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self._every_s):
            try:
                self._context.heartbeat()
            except LeaseLost:
                self._context.stopping.set()
                return
            except Exception:
                log.exception("heartbeat")


def retry(transaction: Transaction, kind: str, key: str) -> bool:
    """Let a failed job be tried again by hand; return whether there was one. Recorded stages stay done."""
    transaction.wrote_jobs = True
    return bool(transaction.execute(_RETRY, (to_us(transaction.now), kind, key)).rowcount)


def hurry(transaction: Transaction) -> None:
    """Let jobs that were put back be looked at now: what they wait for may have come."""
    transaction.execute(_HURRY, {"now": to_us(transaction.now)})
    transaction.wrote_jobs = True


def forget_left_over(transaction: Transaction) -> None:
    """At the start of the only process there is: what ran before has no worker any more, so its lease ends now."""
    transaction.execute("UPDATE job SET state = 'queued', token = NULL WHERE state = 'running'")
