"""Kill a process at each point of delivery and of the writer, start it again, and look from outside."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from services.kernel.faults import POINTS

ROOT = Path(__file__).parents[2]
EVENTS = 60
WORKER = ROOT / "tests" / "faults" / "delivery_process.py"


def run(folder: Path, fault: str = "") -> int:
    command = [sys.executable, str(WORKER), str(folder), str(EVENTS)]
    values = {**os.environ, "PYTHONPATH": str(ROOT), "LAUREL_FAULT": fault}
    return subprocess.run(command, env=values, timeout=60, check=False, capture_output=True).returncode


def column(folder: Path, name: str, query: str) -> list[object]:
    with sqlite3.connect(f"file:{folder / name}.db?mode=ro", uri=True) as connection:
        return [row[0] for row in connection.execute(query)]


@pytest.mark.parametrize("nth", [1, 7])
@pytest.mark.parametrize(
    "point", ["writer.before-commit", "writer.after-commit", "delivery.after-handler", "delivery.after-commit"]
)
def test_after_a_kill_every_event_has_its_effect_once(tmp_path: Path, point: str, nth: int) -> None:
    assert run(tmp_path, f"{point}:kill:{nth}") == -signal.SIGKILL
    before = column(tmp_path, "sink", "SELECT work FROM kept ORDER BY rowid")
    for _ in range(4):
        if run(tmp_path) == 0:
            break
    written = column(tmp_path, "intake", "SELECT subject FROM outbox ORDER BY id")
    kept = column(tmp_path, "sink", "SELECT work FROM kept ORDER BY rowid")
    assert kept[: len(before)] == before, "what was durable before the kill is still there"
    assert [f"work/{work}" for work in kept] == written, "each event once, in order"
    assert column(tmp_path, "sink", "SELECT subject FROM outbox ORDER BY id") == [f"echo/{work}" for work in kept]
    assert column(tmp_path, "sink", "SELECT COUNT(*) FROM inbox") == [len(written)]
    assert column(tmp_path, "sink", "SELECT COUNT(*) FROM deferred") == [0]


def test_an_event_that_ends_the_process_every_time_is_dead_after_three_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "poison").write_text("w20")
    codes = [run(tmp_path) for _ in range(6)]
    assert codes[-1] == 0
    assert 3 <= codes.count(-signal.SIGKILL) <= 4
    kept = column(tmp_path, "sink", "SELECT work FROM kept ORDER BY rowid")
    assert kept == [f"w{number}" for number in range(EVENTS) if number != 20]
    assert column(tmp_path, "sink", "SELECT key || ' ' || state || ' ' || reason FROM deferred") == [
        "work/w20 dead ended the process 3 times"
    ]


def test_every_fault_point_is_killed_at_by_some_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    assert [point for point in POINTS if f'"{point}' not in tests] == []
