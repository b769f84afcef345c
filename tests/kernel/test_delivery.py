from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from waiting import until

from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import WorkListed, WorkUnlisted, WorkWithdrawn
from services.kernel.dispatcher import ATTEMPTS, Dispatcher
from services.kernel.errors import NotYet, Rejected, Transient
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction

Database = Callable[[str], SqliteDatabase]


def listed(work: str) -> WorkListed:
    return WorkListed(work_id=work, campaign_id="c", unit_id="u", list_id="l")


def withdrawn(work: str) -> WorkWithdrawn:
    return WorkWithdrawn(work_id=work, campaign_id="c")


@dataclass
class World:
    source: SqliteDatabase
    sink: SqliteDatabase
    bus: SqliteBus
    seen: list[tuple[str, str]] = field(default_factory=list)
    handlers: Handlers = field(default_factory=lambda: Handlers("sink"))
    consumer: Consumer | None = None

    def emit(self, *events: WorkListed | WorkWithdrawn | WorkUnlisted) -> None:
        def piece(transaction: Transaction) -> None:
            for event in events:
                transaction.emit(event)

        self.source.call(piece)

    def run(self) -> Consumer:
        self.consumer = Consumer(Dispatcher(self.handlers, self.sink), self.bus, SystemClock())
        self.consumer.start()
        return self.consumer

    def deferred(self) -> list[tuple[str, str, str, int]]:
        query = "SELECT key, state, reason, attempts FROM deferred ORDER BY arrival"
        return [tuple(row) for row in self.sink.look(lambda rows: rows.exec_driver_sql(query).fetchall())]

    def kept(self) -> list[str]:
        return self.sink.look(lambda rows: [row[0] for row in rows.exec_driver_sql("SELECT work FROM kept ORDER BY rowid")])


@pytest.fixture
def world(open_database: Database, bus_over: Callable[..., SqliteBus]) -> Iterator[World]:
    source, sink = open_database("intake"), open_database("sink")
    sink.call(lambda transaction: transaction.execute("CREATE TABLE kept (work TEXT)"))
    made = World(source, sink, bus_over(source, sink))
    yield made
    if made.consumer is not None:
        made.consumer.stop()


def keep(transaction: Transaction, event: WorkListed, _envelope: Envelope) -> None:
    transaction.execute("INSERT INTO kept VALUES (?)", (event.work_id,))


def test_each_event_has_its_effect_once_and_in_order(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    names = [f"w{number}" for number in range(100)]
    world.run()
    world.emit(*map(listed, names))
    until(lambda: len(world.kept()) == 100)
    assert world.kept() == names


def test_a_second_delivery_has_no_second_effect(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    world.emit(listed("a"), listed("b"))
    consumer = world.run()
    until(consumer.idle)
    consumer.stop()
    world.sink.call(lambda transaction: transaction.execute("UPDATE position SET position = 0"))
    consumer = world.run()
    until(consumer.idle)
    assert world.kept() == ["a", "b"]


def test_what_a_failing_handler_wrote_is_undone_and_its_neighbours_stay(world: World) -> None:
    def picky(transaction: Transaction, event: WorkListed, envelope: Envelope) -> None:
        keep(transaction, event, envelope)
        if event.work_id == "bad":
            raise Rejected("no such thing")

    world.handlers.projects(WorkListed)(picky)
    world.emit(listed("a"), listed("bad"), listed("b"))
    until(world.run().idle)
    assert world.kept() == ["a", "b"]
    assert world.deferred() == [("work/bad", "dead", "no such thing", 1)]


def test_not_yet_waits_for_its_subject_and_goes_on_by_itself(world: World) -> None:
    def after_withdrawal(transaction: Transaction, event: WorkListed, envelope: Envelope) -> None:
        if "other" not in world.seen:
            raise NotYet("work/other")
        keep(transaction, event, envelope)

    world.handlers.projects(WorkListed)(after_withdrawal)
    world.handlers.projects(WorkWithdrawn)(lambda _t, event, _e: world.seen.append(event.work_id))
    world.emit(listed("a"))
    until(world.run().idle)
    assert world.deferred() == [("work/a", "waiting", "waits for work/other", 0)]
    world.emit(withdrawn("other"))
    until(lambda: world.kept() == ["a"])
    assert world.deferred() == []


def test_later_events_of_a_deferred_key_queue_behind_it_and_others_pass(world: World) -> None:
    allowed: list[bool] = []

    def first(transaction: Transaction, event: WorkListed, envelope: Envelope) -> None:
        if event.work_id == "a" and not allowed:
            raise NotYet("work/gate")
        keep(transaction, event, envelope)

    def taken_back(transaction: Transaction, event: WorkUnlisted, _envelope: Envelope) -> None:
        transaction.execute("INSERT INTO kept VALUES (?)", (f"-{event.work_id}",))

    world.handlers.projects(WorkListed)(first)
    world.handlers.projects(WorkUnlisted)(taken_back)
    world.handlers.projects(WorkWithdrawn)(lambda *_: allowed.append(True))
    world.emit(listed("a"), WorkUnlisted(work_id="a", campaign_id="c", unit_id="u", list_id="l"), listed("b"))
    until(world.run().idle)
    assert world.kept() == ["b"]
    world.emit(withdrawn("gate"))
    until(lambda: world.kept() == ["b", "a", "-a"])


def test_transient_trouble_pauses_the_partition_and_counts_nothing(world: World) -> None:
    troubles = iter([True, True, False])

    def troubled(transaction: Transaction, event: WorkListed, envelope: Envelope) -> None:
        if next(troubles, False):
            raise Transient("away")
        keep(transaction, event, envelope)

    world.handlers.reacts(WorkListed)(troubled)
    world.emit(listed("a"))
    world.run()
    until(lambda: world.kept() == ["a"])
    assert world.deferred() == []


def test_an_unexpected_failure_is_tried_again_and_is_dead_at_last(world: World) -> None:
    def broken(_transaction: Transaction, _event: WorkListed, _envelope: Envelope) -> None:
        raise ZeroDivisionError("one by nought")

    world.handlers.reacts(WorkListed)(broken)
    world.emit(listed("a"))
    consumer = world.run()
    until(consumer.idle)
    assert world.deferred()[0][1:] == ("waiting", "ZeroDivisionError: one by nought", 1)
    for _ in range(ATTEMPTS):
        world.sink.call(lambda transaction: transaction.execute("UPDATE deferred SET due = 0"))
        consumer.wake()
        time.sleep(0.05)
    until(lambda: world.deferred()[0][1] == "dead")


def test_bytes_that_cannot_be_decoded_are_dead_and_the_rest_goes_on(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    world.emit(listed("a"), listed("b"))
    world.source.call(lambda transaction: transaction.execute("UPDATE outbox SET data = X'7B' WHERE id = 1"))
    until(world.run().idle)
    assert world.kept() == ["b"]
    assert world.deferred()[0][1] == "dead"
    assert world.deferred()[0][2].startswith("cannot be decoded")


def test_an_unknown_type_waits_and_goes_on_after_the_upgrade(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    world.emit(listed("a"))
    unknown = "UPDATE outbox SET type = 'laurel.work.listed.v2'"
    world.source.call(lambda transaction: transaction.execute(unknown))
    consumer = world.run()
    until(consumer.idle)
    assert world.deferred()[0][1:3] == ("waiting", "unknown type; goes on after an upgrade")


def test_a_projection_can_neither_emit_nor_start_a_job(world: World) -> None:
    def eager(transaction: Transaction, _event: WorkListed, _envelope: Envelope) -> None:
        transaction.emit(withdrawn("x"))

    world.handlers.projects(WorkListed)(eager)
    world.emit(listed("a"))
    until(world.run().idle)
    assert world.deferred()[0][1:3] == ("dead", "a projection must not emit laurel.work.withdrawn.v1")


def test_an_event_that_ended_the_process_three_times_is_dead(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    world.emit(listed("killer"), listed("b"))
    (event_id,) = world.source.look(lambda rows: rows.exec_driver_sql("SELECT event_id FROM outbox WHERE id = 1").one())
    until(world.run().idle)
    world.consumer.stop()
    crashed = "UPDATE position SET open = 1, position = 0, trying = ?, attempts = 3"
    world.sink.call(lambda transaction: transaction.execute(crashed, (event_id,)))
    world.sink.call(lambda transaction: transaction.execute("DELETE FROM inbox"))
    world.sink.call(lambda transaction: transaction.execute("DELETE FROM kept"))
    until(world.run().idle)
    assert world.kept() == ["b"]
    assert world.deferred() == [("work/killer", "dead", "ended the process 3 times", 1)]


def test_many_dead_letters_in_a_row_stop_the_consumer_and_say_so(world: World) -> None:
    def refuse(_transaction: Transaction, _event: WorkListed, _envelope: Envelope) -> None:
        raise Rejected("bad release")

    world.handlers.projects(WorkListed)(refuse)
    world.emit(*(listed(f"w{number}") for number in range(100)))
    consumer = world.run()
    until(lambda: consumer.stopped_because is not None)
    assert "in a row are dead letters" in str(consumer.stopped_because)
    assert 20 <= len(world.deferred()) < 100


def test_a_consumer_first_keeps_then_acts_and_does_both_or_neither(world: World) -> None:
    def acted(transaction: Transaction, event: WorkListed, _envelope: Envelope) -> None:
        held = transaction.execute("SELECT count(*) FROM kept WHERE work = ?", (event.work_id,)).fetchone()
        world.seen.append((event.work_id, f"kept {held[0]}"))
        if event.work_id == "bad":
            raise Rejected("cannot act")
        transaction.emit(withdrawn(event.work_id))

    world.handlers.reacts(WorkListed)(acted)
    world.handlers.projects(WorkListed)(keep)
    world.emit(listed("a"), listed("bad"))
    until(world.run().idle)
    assert world.seen == [("a", "kept 1"), ("bad", "kept 1")]
    assert world.kept() == ["a"]
    assert world.deferred() == [("work/bad", "dead", "cannot act", 1)]


def test_beside_a_reaction_a_projection_still_cannot_act(world: World) -> None:
    def eager(transaction: Transaction, _event: WorkListed, _envelope: Envelope) -> None:
        transaction.emit(withdrawn("x"))

    world.handlers.reacts(WorkListed)(lambda *_: None)
    world.handlers.projects(WorkListed)(eager)
    world.emit(listed("a"))
    until(world.run().idle)
    assert world.deferred()[0][1:3] == ("dead", "a projection must not emit laurel.work.withdrawn.v1")


@pytest.mark.parametrize("kind", ["projects", "reacts"])
def test_two_of_a_kind_are_refused(kind: str) -> None:
    handlers = Handlers("sink")
    getattr(handlers, kind)(WorkListed)(lambda *_: None)
    with pytest.raises(ValueError, match="sink has two"):
        getattr(handlers, kind)(WorkListed)


def test_types_about_which_a_consumer_does_nothing_cost_it_no_commit_and_are_no_lag(world: World) -> None:
    world.handlers.projects(WorkListed)(keep)
    consumer = world.run()
    until(consumer.idle)
    before = world.sink.commits
    world.emit(*(withdrawn(f"w{number}") for number in range(50)))
    until(lambda: consumer.position("intake") >= 50, 10)
    interest = world.handlers.interest()
    assert (world.sink.commits, world.bus.lag("intake", 0, interest)) == (before, (0, None))
    world.emit(listed("a"))
    until(lambda: world.kept() == ["a"])
    assert world.sink.commits == before + 1


def test_what_arrives_while_a_batch_is_delivered_is_delivered_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a look by the clock: a partition that was told of during its turn is looked at again."""

    def telling(transaction: Transaction, event: WorkListed, envelope: Envelope) -> None:
        keep(transaction, event, envelope)
        if event.work_id == "first":
            world.emit(listed("second"))

    monkeypatch.setattr("services.kernel.consumer.IDLE_S", 600.0)
    world.handlers.projects(WorkListed)(telling)
    until(world.run().idle)
    world.emit(listed("first"))
    until(lambda: world.kept() == ["first", "second"])
