"""An event that cannot be decoded, one of an unknown type and one that ends the process, in the whole platform."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from life import CHEAP, ROOT, Life, Platform

sys.path.insert(0, str(ROOT / "tests" / "operator"))

from operator_home import Home
from waiting import until

BROKEN, UNKNOWN, DEADLY = (f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2, 3))
READERS = ("media", "notify", "search")
DEATHS = 4  # the first one is not counted: the partition had been left cleanly until then
REJECTED = {"work_id": "nobody", "campaign_id": "c", "unit_id": "u", "title": "渡口夜校", "reason": "片头未写主讲人"}


def plant(life: Life) -> None:
    """Write the three into intake's log, as a faulty and a later release would; review alone takes the deadly one."""
    given = [
        (BROKEN, "laurel.work.saved.v1", b'{"work_id":', "work/broken"),
        (UNKNOWN, "laurel.work.sung.v1", b"{}", "work/sung"),
        (DEADLY, "laurel.work.rejected.v1", json.dumps(REJECTED).encode(), "work/deadly"),
    ]
    with closing(sqlite3.connect(life.home / "intake.db")) as rows, rows:
        (epoch, at) = rows.execute("SELECT epoch, (SELECT MAX(time) FROM outbox) FROM log").fetchone()
        for event_id, kind, data, key in given:
            rows.execute(
                "INSERT INTO outbox (event_id, type, topic, subject, key, time, sequence, logepoch, piitier, data) "
                "VALUES (?, ?, 'laurel.internal.intake.work.v1', ?, ?, ?, 1, ?, 2, ?)",
                (event_id, kind, key, key, at, epoch, data),
            )
            rows.execute("INSERT INTO sequence (subject, visibility, last) VALUES (?, 'internal', 1)", (key,))


def start_deadly(life: Life) -> Platform:
    """Start it so that the first event whose handler returns ends the process; it may end before it answers."""
    platform = Platform(life.home, environment=CHEAP | {"LAUREL_FAULT": "delivery.after-handler:kill"})
    with suppress(RuntimeError):
        platform.start()
    return platform


def letters(home: Home, *arguments: str) -> set[tuple[str, str]]:
    return {(each["consumer"], each["event_id"]) for each in told(home, *arguments)}


def told(home: Home, *arguments: str) -> list[Any]:
    found: list[Any] = home.answer("deadletters", "list", *arguments)["letters"]
    return found


@pytest.fixture
def poisoned(finished: Life) -> Iterator[Life]:
    """A platform that met the three, was started again after each death, and runs now."""
    plant(finished)
    for _ in range(DEATHS):
        process = start_deadly(finished).process
        assert process is not None
        assert process.wait(60) == -signal.SIGKILL
    survivor, home = start_deadly(finished), Home(finished.home)
    try:
        until(lambda: ("review", DEADLY) in letters(home))
    finally:
        survivor.stop()
    finished.start()
    try:
        yield finished
    finally:
        finished.stop()


def test_the_rest_goes_on_and_an_operator_deals_with_what_does_not(poisoned: Life) -> None:
    home, dead = Home(poisoned.home), {("review", DEADLY), *((reader, BROKEN) for reader in READERS)}
    unknown = {(consumer, UNKNOWN) for consumer in (*READERS, "review")}
    until(lambda: letters(home) == dead)
    until(lambda: letters(home, "--waiting") == dead | unknown)
    reasons = {each["event_id"]: (each["state"], each["reason"]) for each in told(home, "--waiting")}
    assert reasons[DEADLY] == ("dead", "ended the process 3 times")
    assert reasons[BROKEN][0] == "dead"
    assert reasons[BROKEN][1].startswith("cannot be decoded")
    assert reasons[UNKNOWN] == ("waiting", "unknown type; goes on after an upgrade")

    work_id = poisoned.enter("夜校之外")
    poisoned.liaison.until(f"/works/{work_id}", lambda told: told["hint"], seconds=20)

    shown = home.answer("deadletters", "show", DEADLY)
    assert (shown["letter"]["consumer"], shown["event"]["data"]) == ("review", REJECTED)
    assert BROKEN in home.laurel("deadletters", "show", BROKEN, "--consumer", "search").stdout

    assert home.laurel("deadletters", "retry", DEADLY).returncode == 0
    until(lambda: letters(home) == dead - {("review", DEADLY)})
    assert home.laurel("deadletters", "retry", BROKEN, "--consumer", "search").returncode == 0
    until(lambda: ("search", BROKEN) in letters(home))

    for reader in READERS:
        assert home.laurel("deadletters", "drop", BROKEN, "--consumer", reader, "--reason", "试验中写入").returncode == 0
    assert letters(home) == set()
    assert letters(home, "--waiting") == unknown
