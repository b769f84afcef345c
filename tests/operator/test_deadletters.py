"""Dead letters on a scratch service: what a retry and a drop do to the event, and to those behind it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from operator_home import listed, withdrawn
from waiting import until

from services.kernel import deadletters, logs, schema
from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.events import WorkListed, WorkWithdrawn
from services.kernel.deadletters import State
from services.kernel.dispatcher import Dispatcher
from services.kernel.errors import NotFound, Rejected
from services.kernel.handlers import Handlers

NO_MIGRATIONS = Path(__file__).parents[1] / "kernel" / "no_migrations"


class Service:
    """A consumer that refuses a work until it is allowed, and keeps what it took."""

    def __init__(self, source: SqliteDatabase, sink: SqliteDatabase, bus: SqliteBus) -> None:
        self.source, self.sink = source, sink
        self.allowed: set[str] = set()
        handlers = Handlers("sink")
        handlers.projects(WorkListed)(self._take)
        handlers.projects(WorkWithdrawn)(self._keep)
        self.consumer = Consumer(Dispatcher(handlers, sink), bus, SystemClock())

    def _take(self, transaction, event, envelope) -> None:
        if event.work_id not in self.allowed:
            raise Rejected("not allowed yet")
        self._keep(transaction, event, envelope)

    def _keep(self, transaction, event, _envelope) -> None:
        transaction.execute("INSERT INTO kept VALUES (?)", (f"{type(event).__name__} {event.work_id}",))

    def told(self, *events) -> list[str]:
        ids = self.source.call(lambda transaction: [transaction.emit(event) for event in events])
        until(self.consumer.idle)
        return ids

    def kept(self) -> list[str]:
        return self.sink.look(lambda rows: list(rows.exec_driver_sql("SELECT * FROM kept ORDER BY rowid").scalars()))

    def letters(self, state: State | None = None):
        return self.sink.look(lambda rows: deadletters.find(rows, consumer="sink", state=state, limit=None))

    def decide(self, act, event_id: str, **how):
        def piece(transaction):
            transaction.after_commit(self.consumer.wake)
            return act(transaction, event_id, consumer=None, by="operator", **how)

        return self.sink.call(piece)


@pytest.fixture
def service(tmp_path):
    with ExitStack() as stack:
        databases = []
        for name in ("intake", "sink"):
            database = SqliteDatabase(tmp_path / f"{name}.db", service=name, clock=SystemClock())
            schema.upgrade(database.engine(), NO_MIGRATIONS)
            database.start()
            stack.callback(database.close)
            databases.append(database)
        source, sink = databases
        sink.call(lambda transaction: transaction.execute("CREATE TABLE kept (work TEXT)"))
        bus = SqliteBus({"intake": source.path, "sink": sink.path})
        source.on_events.append(bus.notify)
        made = Service(source, sink, bus)
        made.consumer.start()
        stack.callback(made.consumer.stop)
        yield made


def test_a_dead_letter_that_is_retried_has_its_effect_and_lets_those_behind_it_go_on(service):
    (dead, _) = service.told(listed("a"), withdrawn("a"))
    (first, second) = service.letters()
    assert (first.event_id, first.state, first.reason, first.behind) == (dead, State.DEAD, "not allowed yet", 1)
    assert (second.state, second.reason) == (State.WAITING, "queued behind an earlier event of its key")
    service.allowed.add("a")
    retried = service.decide(deadletters.retry, dead)
    assert (retried.state, retried.attempts) == (State.WAITING, 0)
    until(lambda: service.kept() == ["WorkListed a", "WorkWithdrawn a"])
    assert service.letters() == []


def test_a_retry_that_changes_nothing_ends_dead_again_and_holds_those_behind_it(service):
    (dead, _) = service.told(listed("a"), withdrawn("a"))
    service.decide(deadletters.retry, dead)
    until(lambda: [letter.state for letter in service.letters()] == [State.DEAD, State.WAITING])
    assert service.kept() == []


def test_a_dropped_letter_is_gone_and_those_behind_it_go_on(service):
    (dead, _) = service.told(listed("a"), withdrawn("a"))
    dropped = service.decide(deadletters.drop, dead, reason="sent twice by hand")
    assert (dropped.event_id, dropped.state) == (dead, State.DEAD)
    until(lambda: service.kept() == ["WorkWithdrawn a"])
    assert service.letters() == []


def test_letters_of_other_keys_stay_as_they_are(service):
    (first, second) = service.told(listed("a"), listed("b"))
    service.allowed.add("a")
    service.decide(deadletters.retry, first)
    until(lambda: service.kept() == ["WorkListed a"])
    assert [letter.event_id for letter in service.letters(State.DEAD)] == [second]
    assert service.letters(State.WAITING) == []


def test_what_is_not_there_can_be_neither_retried_nor_dropped(service):
    with pytest.raises(NotFound):
        service.decide(deadletters.retry, "0192-none")
    with pytest.raises(NotFound):
        service.decide(deadletters.drop, "0192-none", reason="why")


def test_both_decisions_leave_a_line_that_says_who_and_why(service, capsys):
    logs.configure("info")
    (first, second) = service.told(listed("a"), listed("b"))
    service.decide(deadletters.retry, first)
    service.decide(deadletters.drop, second, reason="a test of 江州市")
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    lines = {line["event"]: line for line in told if line["event"].startswith("dead letter")}
    assert lines["dead letter retried"]["event_id"] == first
    assert lines["dead letter dropped"] | {"at": "", "level": ""} == {
        "at": "",
        "level": "",
        "event": "dead letter dropped",
        "consumer": "sink",
        "event_id": second,
        "type": "laurel.work.listed.v1",
        "reason": "a test of 江州市",
        "by": "operator",
    }
