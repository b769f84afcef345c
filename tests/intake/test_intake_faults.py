"""Kill the platform while a receipt is being made: nothing acknowledged is lost, nothing happens twice."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from started import started
from world import copied, enter, put_on_list, told

Home = tuple[Path, dict[str, tuple[str, dict[str, Any]]]]


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{home / 'intake.db'}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def prepared(published: Home, tmp_path: Path) -> tuple[Path, dict[str, str], dict[str, str]]:
    """A home with a work ready to be submitted and a list ready to be confirmed; tokens, and addresses of the two acts."""
    home, people = published
    with copied(home, people, tmp_path / "home") as world:
        liaison, other = world.people["沈禾"], world.people["水清"]
        work, listed = enter(liaison, "夜班后的课堂"), enter(other, "河边的读书声", "机关")
        world.clock("2024-09-25 09:00:00")
        row = put_on_list(other, listed)
        told(other.post(f"/lists/{row['list_id']}/lock"), 200)
        tokens = {"submission": liaison.token, "confirmation": world.people["水源"].token}
    paths = {"submission": f"/works/{work['work_id']}/submission", "confirmation": f"/lists/{row['list_id']}/lock/confirmation"}
    return tmp_path / "home", tokens, paths


FACTS = {
    "submission": ("SELECT count(*) FROM work WHERE state IN ('submitted', 'listed')", "laurel.work.submitted.v1", 1),
    "confirmation": ("SELECT count(*) FROM unit_list WHERE state = 'locked'", "laurel.list.locked.v1", 0),
}


@pytest.mark.parametrize(("act", "point"), [("submission", "submit.before-receipt"), ("confirmation", "lock.before-receipt")])
def test_a_kill_before_the_receipt_leaves_neither_fact_nor_receipt_and_the_retry_has_one_effect(
    prepared: tuple[Path, dict[str, str], dict[str, str]], act: str, point: str
) -> None:
    home, tokens, paths = prepared
    headers = {"Authorization": f"Bearer {tokens[act]}", "Idempotency-Key": "once"}
    facts, event, before = FACTS[act]
    counted = [facts, "SELECT count(*) FROM receipt", f"SELECT count(*) FROM outbox WHERE type = '{event}'"]

    def now() -> list[int]:
        return [rows(home, query)[0][0] for query in counted]

    at_first = now()
    assert at_first[0] == before
    with started(home, LAUREL_FAULT=f"{point}:kill") as up:
        with pytest.raises(httpx.TransportError):
            httpx.post(up.address + paths[act], headers=headers, timeout=30)
        assert up.process.wait(30) == -signal.SIGKILL
    assert now() == at_first
    with started(home) as up:
        first, second = (httpx.post(up.address + paths[act], headers=headers, timeout=30) for _ in range(2))
    assert (first.status_code, first.content) == (200, second.content)
    assert now() == [number + 1 for number in at_first]
