"""kill -9 at every named point: here those that the whole platform passes, elsewhere those with a harness of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from life import Life, Prepared

from services.kernel.faults import POINTS

TESTS = Path(__file__).parents[1]
HERE = (
    "writer.before-commit:kill:12",
    "writer.after-commit:kill:12",
    "delivery.after-handler:kill",
    "delivery.after-commit:kill",
    "submit.before-receipt:kill",
    "lock.before-receipt:kill",
)
ELSEWHERE = {
    "media/test_media_kills.py": (
        "job.claimed",
        "job.stage-done",
        "job.stage-recorded",
        "job.before-outcome",
        "job.after-outcome",
        "store.before-rename",
        "store.after-rename",
    ),
    "intake/test_upload_faults.py": (
        "upload.after-write",
        "upload.after-sync",
        "upload.after-offset",
        "upload.before-finish",
        "upload.after-store",
    ),
    "review/test_review_kills.py": ("ballot.before-record", "closing.before-settled", "closing.before-tally"),
}


def test_each_point_is_killed_at_in_one_place_of_this_table() -> None:
    elsewhere = [point for points in ELSEWHERE.values() for point in points]
    assert sorted([*elsewhere, *(each.split(":")[0] for each in HERE)]) == sorted(POINTS)
    for path, points in ELSEWHERE.items():
        source = (TESTS / path).read_text("utf-8")
        assert [point for point in points if f'"{point}' not in source] == []


def test_the_checker_knows_nothing_of_the_product() -> None:
    checker = {path.stem: path.read_text("utf-8").splitlines() for path in TESTS.glob("invariants*.py")}
    lines = [line.split() for source in checker.values() for line in source if line.lstrip().startswith(("import ", "from "))]
    imports = {line[1].split(".")[0] for line in lines}
    assert imports <= {*sys.stdlib_module_names, *checker}


@pytest.mark.parametrize("fault", HERE)
def test_killed_at_a_point_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    home: Path, prepared: Prepared, fault: str
) -> None:
    life = Life(home, prepared).start(fault)
    try:
        life.whole()
        life.idle()
        assert life.deaths == 1, "the point was not reached"
        life.check()
    finally:
        life.stop()
