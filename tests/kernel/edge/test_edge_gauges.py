from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.kernel.adapters.sqlite_bus import SqliteBus
from services.kernel.contracts.events import AccountEnded
from services.kernel.instants import to_us
from services.kernel.jobs import Jobs

DEFERRED = (
    "INSERT INTO deferred (consumer, key, event_id, envelope, type, attempts, reason, state, arrived_at)"
    " VALUES (?, 'k', ?, '', 't', 1, 'r', ?, ?)"
)


def _gauges(service):
    text = service.ask("GET", "/metrics").text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))


@pytest.fixture
def observed(service):
    jobs = Jobs()
    jobs.kind("media.judge")(lambda _context: lambda _transaction: None)
    service.context.definition = replace(service.context.definition, jobs=jobs)
    return service


def test_what_waits_and_what_is_dead_is_counted_for_the_services_own_consumer(observed):
    arrived = observed.clock.at - timedelta(seconds=90)

    def defer(transaction):
        for number, (consumer, state) in enumerate(
            [("intake", "waiting"), ("intake", "waiting"), ("intake", "dead"), ("x", "dead")]
        ):
            transaction.execute(DEFERRED, (consumer, f"e{number}", state, to_us(arrived + timedelta(seconds=number))))

    observed.context.database.call(defer)
    gauges = _gauges(observed)
    assert gauges['laurel_deferred_events{consumer="intake"}'] == "2.0"
    assert gauges['laurel_deferred_oldest_age_seconds{consumer="intake"}'] == "90.0"
    assert gauges['laurel_dead_letters_open{consumer="intake"}'] == "1.0"

    observed.context.database.call(lambda transaction: transaction.execute("DELETE FROM deferred"))
    gauges = _gauges(observed)
    assert gauges['laurel_dead_letters_open{consumer="intake"}'] == "0.0"
    assert gauges['laurel_deferred_oldest_age_seconds{consumer="intake"}'] == "0.0"


def test_the_lag_is_what_the_log_holds_beyond_the_consumers_position(observed):
    database = observed.context.database
    observed.context.bus = SqliteBus({"intake": database.path})
    for _ in range(3):
        database.call(lambda transaction: transaction.emit(AccountEnded(account_id="a")))
    observed.clock.pass_by(seconds=3)
    gauges = _gauges(observed)
    assert gauges['laurel_consumer_lag_events{consumer="intake"}'] == "3.0"
    assert gauges['laurel_consumer_lag_seconds{consumer="intake"}'] == "3.0"


def test_jobs_are_counted_by_kind_and_state(observed):
    observed.context.database.call(lambda transaction: transaction.enqueue("media.judge", "k", {}))
    gauges = _gauges(observed)
    assert gauges['laurel_jobs{kind="media.judge",service="intake",state="queued"}'] == "1.0"
    assert gauges['laurel_jobs{kind="media.judge",service="intake",state="failed"}'] == "0.0"


def test_the_oldest_unanswered_write_shows_its_age(observed):
    observed.context.stamps.begin()
    observed.clock.pass_by(seconds=4)
    assert _gauges(observed)['laurel_oldest_unanswered_write_age_seconds{service="intake"}'] == "4.0"
