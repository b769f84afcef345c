from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Event

import pytest
from waiting import until

from services.kernel import jobs as kernel_jobs
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock, keep_clock
from services.kernel.contracts.events import ClockChanged
from services.kernel.errors import Conflict, Transient
from services.kernel.jobs import JobContext, Jobs, JobWorker, forget_left_over
from services.kernel.ports import Transaction

Outcome = Callable[[Transaction], None]


class Shop:
    def __init__(self, database: SqliteDatabase) -> None:
        self.database = database
        self.jobs = Jobs()
        self.workers: list[JobWorker] = []
        database.call(lambda transaction: transaction.execute("CREATE TABLE done (what TEXT)"))

    def enqueue(self, key: str, kind: str = "work", **payload: object) -> bool:
        return self.database.call(lambda transaction: transaction.enqueue(kind, key, payload))

    def work(self) -> JobWorker:
        worker = JobWorker(None, self.jobs, self.database, SystemClock())
        self.database.on_jobs.append(worker.wake)
        self.workers.append(worker)
        worker.start()
        return worker

    def done(self) -> list[str]:
        return self.database.look(lambda rows: [row[0] for row in rows.exec_driver_sql("SELECT what FROM done")])

    def job(self, column: str) -> object:
        return self.database.look(lambda rows: rows.exec_driver_sql(f"SELECT {column} FROM job").scalar_one())


@pytest.fixture
def shop(open_database: Callable[[str], SqliteDatabase], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(kernel_jobs, "PAUSE_S", (0,))
    made = Shop(open_database("shop"))
    yield made
    for worker in made.workers:
        worker.stop()


def write(what: str) -> Outcome:
    return lambda transaction: transaction.execute("INSERT INTO done VALUES (?)", (what,)) and None


def test_a_job_is_done_once_and_its_outcome_ends_it(shop: Shop) -> None:
    shop.jobs.kind("work")(lambda context: write(context.key))
    shop.work()
    assert shop.enqueue("a")
    assert not shop.enqueue("a")
    until(lambda: shop.done() == ["a"])
    assert shop.job("state") == "done"


def test_stages_that_ended_are_not_repeated_by_a_later_attempt(shop: Shop) -> None:
    ran: list[str] = []

    @shop.jobs.kind("work")
    def work(context: JobContext) -> Outcome:
        first = context.stage("first", lambda: ran.append("first") or {"n": 1})
        if context.attempt == 1:
            raise ValueError("the power went")
        second = context.stage("second", lambda: ran.append("second") or 2)
        return write(f"{first['n']}{second}")

    shop.enqueue("a")
    shop.work()
    until(lambda: shop.done() == ["12"])
    assert ran == ["first", "second"]


def test_a_worker_that_lost_its_lease_keeps_nothing(shop: Shop) -> None:
    stolen = threading.Event()

    @shop.jobs.kind("work")
    def work(context: JobContext) -> Outcome:
        if context.attempt == 1:
            steal = "UPDATE job SET token = 'another'"
            shop.database.call(lambda transaction: transaction.execute(steal))
            stolen.set()
        return write(f"attempt {context.attempt}")

    shop.enqueue("a")
    shop.work()
    stolen.wait(5)
    time.sleep(0.2)
    assert shop.done() == []
    shop.database.call(lambda transaction: transaction.execute("UPDATE job SET lease_until = 0"))
    until(lambda: shop.done() == ["attempt 2"])


def test_trouble_of_an_engine_is_not_counted_as_a_failure(shop: Shop) -> None:
    troubles = iter(range(10))

    @shop.jobs.kind("work", attempts=2)
    def work(context: JobContext) -> Outcome:
        if next(troubles, None) is not None:
            raise Transient("away")
        return write(context.key)

    shop.enqueue("a")
    worker = shop.work()
    until(lambda: worker.wake() or shop.done() == ["a"], 10)


def test_a_job_that_waits_looks_again_when_the_rehearsals_clock_is_moved(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_jobs, "PAUSE_S", (3600,))
    noon, looked = datetime(2024, 10, 17, 4, tzinfo=UTC), Event()

    @shop.jobs.kind("work")
    def work(context: JobContext) -> Outcome:
        come = shop.database.call(lambda transaction: transaction.campaign_time() == noon)
        looked.set()
        if not come:
            raise Transient("not yet")
        return write(context.key)

    shop.enqueue("a")
    shop.work()
    assert looked.wait(60)
    until(lambda: shop.job("state") == "queued")
    changed = ClockChanged(revision=1, offset_us=0, stopped_at=noon)
    shop.database.call(lambda transaction: keep_clock(transaction, changed))
    until(lambda: shop.done() == ["a"])


def test_a_job_that_can_never_work_says_why_and_can_be_tried_again_by_hand(shop: Shop) -> None:
    refuse = [True]

    def failed(transaction: Transaction, payload: dict[str, object], reason: str) -> None:
        transaction.execute("INSERT INTO done VALUES (?)", (f"{payload['n']}: {reason}",))

    @shop.jobs.kind("work", failed=failed)
    def work(context: JobContext) -> Outcome:
        if refuse:
            raise Conflict("临时空间不足。")
        return write(context.key)

    shop.enqueue("a", n=7)
    shop.work()
    until(lambda: shop.job("state") == "failed")
    assert shop.done() == ["7: 临时空间不足。"]
    assert shop.job("reason") == "临时空间不足。"
    refuse.clear()
    assert shop.database.call(lambda transaction: kernel_jobs.retry(transaction, "work", "a"))
    until(lambda: shop.done()[-1] == "a")


def test_failures_are_tried_again_a_few_times_only(shop: Shop) -> None:
    @shop.jobs.kind("work", attempts=3)
    def work(_context: JobContext) -> Outcome:
        raise ZeroDivisionError

    shop.enqueue("a")
    worker = shop.work()
    until(lambda: worker.wake() or shop.job("state") == "failed")
    assert shop.job("attempts") == 3


def test_a_stopping_worker_gives_its_job_back_unharmed(shop: Shop) -> None:
    begun = threading.Event()

    @shop.jobs.kind("work")
    def work(context: JobContext) -> Outcome:
        begun.set()
        while context.attempt == 1:
            context.check()
            time.sleep(0.01)
        return write("later")

    shop.enqueue("a")
    worker = shop.work()
    begun.wait(5)
    worker.stop()
    assert shop.job("state") == "queued"
    shop.work()
    until(lambda: shop.done() == ["later"])


def test_what_a_dead_process_left_running_is_taken_at_once_after_a_start(shop: Shop) -> None:
    shop.jobs.kind("work")(lambda context: write(context.key))
    shop.enqueue("a")
    running = "UPDATE job SET state = 'running', token = 'dead', lease_until = 9e15"
    shop.database.call(lambda transaction: transaction.execute(running))
    shop.database.call(forget_left_over)
    shop.work()
    until(lambda: shop.done() == ["a"])


def test_progress_is_visible_while_the_work_goes_on(shop: Shop) -> None:
    seen: list[tuple[object, object]] = []

    @shop.jobs.kind("work")
    def work(context: JobContext) -> Outcome:
        context.progress(40, "正在解码")
        seen.append((shop.job("percent"), shop.job("label")))
        return write(context.key)

    shop.enqueue("a")
    shop.work()
    until(lambda: shop.done() == ["a"])
    assert seen == [(40, "正在解码")]
