"""Killed at each point on the way from a ballot to the tally: nothing acknowledged is lost, nothing happens twice.

The checks read the database and the exported record and know nothing of the product.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from record_maker import SCRIPT
from review_world import World, world_in

HERE = Path(__file__).parent
POINTS = [
    "ballot.before-record:kill:3",
    "closing.before-settled:kill",
    "closing.before-tally:kill",
    "job.before-outcome:kill",
    "job.before-outcome:kill:2",
    "job.after-outcome:kill",
    "writer.after-commit:kill:9",
]


def live(home: Path, fault: str = "") -> tuple[int, list[str]]:
    environment = os.environ | {"PYTHONPATH": f"{HERE}:{HERE.parent}:{HERE.parents[1]}"}
    command = [sys.executable, str(HERE / "kill_child.py"), str(home), *([fault] if fault else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr[-2000:]
    return done.returncode, [line[4:] for line in done.stdout.splitlines() if line.startswith("ACK ")]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("begun")
    with world_in(made) as world:
        begin(world)
    return made


@pytest.fixture
def home(begun: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(begun, tmp_path / "home"))


def begin(world: World) -> None:
    world.invite_experts(4)
    world.accept_works(5)
    world.open(4, slate=[{"outcome": "selected", "label": "优秀作品", "through": 2}])


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_every_point_the_round_ends_whole(home: Path, point: str) -> None:
    code, acknowledged = live(home, point)
    assert code == -signal.SIGKILL, "the point was not reached"
    code, again = live(home)
    assert code == 0
    check(home, {*acknowledged, *again})


def check(home: Path, acknowledged: set[str]) -> None:
    with sqlite3.connect(home / "review.db") as rows:
        kept = {row[0] for row in rows.execute("SELECT commitment FROM ballot")}
        standing = [row[0] for row in rows.execute("SELECT standing FROM seat")]
        jobs = Counter(row[0] for row in rows.execute("SELECT kind FROM job WHERE state = 'done'"))
        told = Counter(row[0] for row in rows.execute("SELECT type FROM outbox"))
        heads = [
            json.loads(row[0])["head"] for row in rows.execute("SELECT data FROM outbox WHERE type LIKE '%record.advanced%'")
        ]
    assert acknowledged <= kept
    assert set(standing) == kept
    assert len(kept) == 15
    assert jobs == {"review.settle": 1, "review.tally": 1}
    assert told["laurel.round.closed.v1"] == 1
    record = home / "record.jsonl"
    entries = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    kinds = Counter(entry["kind"] for entry in entries if "kind" in entry)
    assert (kinds["ballot.committed"], kinds["round.closed"], kinds["tally.computed"]) == (15, 1, 1)
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(record), "--head", heads[-1], "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(done.stdout)["problems"] == []
    assert done.returncode == 1, "no result is confirmed yet"
