"""Every event three times, and the log in another order across keys: the tables of every service are what they were."""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from life import Life, invariants

MECHANISM = {
    "alembic_version",
    "clock",
    "clock_confirmation",
    "deferred",
    "idempotency",
    "inbox",
    "job",
    "job_stage",
    "kernel_version",
    "log",
    "outbox",
    "position",
    "revocation",
    "sequence",
    "service_version",
    "sqlite_sequence",
}
PROJECTED = {  # tables that projections alone write, and the facts that write them
    "review": (
        ("campaign", "expert", "work", "rendition"),
        ("campaign.published", "account.opened", "work.accepted", "asset.rendered", "asset.rendition-withdrawn"),
    ),
    "notify": (
        ("campaign", "unit", "account", "work"),
        ("campaign.published", "account.opened", "work.saved", "work.submitted", "work.accepted"),
    ),
    "search": (("campaign", "account"), ("campaign.published", "account.opened")),
    "media": (("work",), ("work.saved", "work.submitted", "work.accepted")),
}
Dump = dict[str, list[str]]


def dump(home: Path) -> Dump:
    """Every row of every table that is a service's own, and every event by what it says."""
    told: Dump = {}
    for service in invariants.SERVICES:
        rows = invariants.read(home, service)
        told |= {f"{service}.{name}": sorted(map(repr, rows[name])) for name in rows.keys() - MECHANISM}
        told[f"{service}.outbox"] = sorted(
            repr((event["event_id"], event["type"], event["data"], event["personal"]))
            for event in rows["outbox"]
            if invariants.fact(event) != "clock.confirmed"
        )
    return told


def differences(before: Dump, after: Dump) -> list[str]:
    return [f"{name}: {sorted(set(before[name]) ^ set(after[name]))[:4]}" for name in before if before[name] != after[name]]


def reorder(home: Path, chance: random.Random) -> None:
    """Write each service's log in another order across keys; within a key the order stays."""
    for service in invariants.SERVICES:
        rows = invariants.read(home, service)["outbox"]
        by_key: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            by_key[row["key"]].append(row["id"])
        turns = [row["key"] for row in rows]
        chance.shuffle(turns)
        order = [by_key[key].pop(0) for key in turns]
        write(home, service, (f"UPDATE outbox SET id = -{new} WHERE id = {old}" for new, old in enumerate(order, 1)))
        write(home, service, ["UPDATE outbox SET id = -id"])


def write(home: Path, service: str, statements: Iterable[str]) -> None:
    with closing(sqlite3.connect(home / f"{service}.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def deliver_all_again(life: Life) -> None:
    for service in invariants.SERVICES:
        write(life.home, service, ["UPDATE position SET position = 0"])
    life.start()
    try:
        life.idle()
    finally:
        life.stop()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20260708)


def test_every_event_three_times_in_other_orders_changes_nothing(finished: Life, chance: random.Random) -> None:
    before = dump(finished.home)
    assert before["intake.work"]
    assert before["notify.message"]
    for _ in range(2):
        reorder(finished.home, chance)
        deliver_all_again(finished)
        assert differences(before, dump(finished.home)) == []


def test_projections_made_anew_from_a_log_in_another_order_are_the_same(finished: Life, chance: random.Random) -> None:
    before = dump(finished.home)
    reorder(finished.home, chance)
    forget(finished.home)
    emptied = dump(finished.home)
    assert len(differences(before, emptied)) >= len(PROJECTED)
    deliver_all_again(finished)
    assert differences(before, dump(finished.home)) == []


def forget(home: Path) -> None:
    """Empty what projections alone write, and forget that their events were taken."""
    events = {
        invariants.fact(row): row["type"] for service in invariants.SERVICES for row in invariants.read(home, service)["outbox"]
    }
    ids: dict[str, list[str]] = defaultdict(list)
    for service in invariants.SERVICES:
        for row in invariants.read(home, service)["outbox"]:
            ids[row["type"]].append(row["event_id"])
    for service, (tables, facts) in PROJECTED.items():
        taken = [event for fact in facts if fact in events for event in ids[events[fact]]]
        write(home, service, [f"DELETE FROM {table}" for table in tables])
        write(home, service, (f"DELETE FROM inbox WHERE event_id = '{event}'" for event in taken))
