"""kill -9 at every point of a job: what was finished is not done again, and every verdict is told once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clips import Clips
from platforms import DEFINITIONS, running, told_by

from services.campaigns.files import read_campaign
from services.campaigns.models import Campaign

ROOT = Path(__file__).parents[2]
HOST = Path(__file__).with_name("host.py")


@pytest.fixture(scope="module")
def rehearsal() -> Campaign:
    return read_campaign(ROOT / "campaigns" / "s0-rehearsal.yaml")


@pytest.fixture
def home(tmp_path: Path, rehearsal: Campaign, clips: Clips) -> Path:
    """A home in which intake has published a campaign and handed a film over, and media has not begun."""
    home = tmp_path / "home"
    with running(home, definitions=DEFINITIONS[:1]) as stage:
        stage.publish(rehearsal)
        stage.hand_over(rehearsal, clips.clean())
    return home


@contextmanager
def host(home: Path, *, fault: str = "", path: str | None = None) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"LAUREL_HOME": str(home), "LAUREL_FAULT": fault, "LAUREL_MEDIA_PROCESSES": "1"}
    if path:
        environment["PATH"] = path
    with subprocess.Popen(
        [sys.executable, str(HOST)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended_by_fault(home: Path, fault: str) -> None:
    with host(home, fault=fault) as process:
        assert process.wait(60) == -signal.SIGKILL


def until_judged(home: Path, path: str | None = None) -> list[dict[str, object]]:
    with host(home, path=path):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if (home / "media.db").exists() and (told := told_by(home / "media.db", "asset.judged")):
                return told
            time.sleep(0.1)
    raise AssertionError("no verdict within 60 s")


def recorder(folder: Path) -> tuple[str, Path]:
    """Put ffmpeg and ffprobe of our own in front: they write down their words and go on as the real ones."""
    folder.mkdir()
    log = folder / "calls"
    for name in ("ffmpeg", "ffprobe"):
        script = folder / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\nexec {shutil.which(name)} "$@"\n')
        script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}", log


# One job killed at point after point: each run takes up what the one before had recorded, so counts begin anew.
POINTS = (
    "job.claimed:kill",
    "job.stage-done:kill",  # probe
    "job.stage-recorded:kill",
    "job.stage-recorded:kill",  # packets
    "store.before-rename:kill",  # the copy
    "store.after-rename:kill",
    "job.stage-done:kill",
    "job.stage-recorded:kill",
    "store.after-rename:kill:2",  # the pictures of the decode
    "job.stage-done:kill",
    "job.stage-recorded:kill",
    "job.before-outcome:kill",
    "job.after-outcome:kill",
)


def test_kills_at_every_point_lose_and_double_nothing(home: Path) -> None:
    for point in POINTS:
        ended_by_fault(home, point)
    (told,) = until_judged(home)
    assert told["verdict"] == "block"
    offered = told_by(home / "media.db", "asset.rendered")
    assert [bool(each["poster_key"]) for each in offered] == [False, True]
    assert told_by(home / "media.db", "asset.rendition-withdrawn") == []


def test_finished_stages_are_not_repeated(home: Path, tmp_path: Path) -> None:
    ended_by_fault(home, "job.stage-recorded:kill:3")
    path, log = recorder(tmp_path / "bin")
    until_judged(home, path)
    calls = log.read_text().splitlines()
    assert not [call for call in calls if call.startswith("ffprobe")]
    assert not [call for call in calls if "-c copy" in call]
    assert len([call for call in calls if "blackdetect" in call]) == 1


def test_without_a_kill_each_stage_runs_once(home: Path, tmp_path: Path) -> None:
    path, log = recorder(tmp_path / "bin")
    until_judged(home, path)
    calls = log.read_text().splitlines()
    assert len([call for call in calls if "-show_streams" in call and call.endswith(" input")]) == 1
    assert len([call for call in calls if "-show_packets" in call]) == 1
    assert len([call for call in calls if "-c copy" in call]) == 1
    assert len([call for call in calls if "blackdetect" in call]) == 1


def test_a_kill_while_it_decodes_leaves_no_child_and_no_file(home: Path, tmp_path: Path) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    script = slow / "ffmpeg"
    real = shutil.which("ffmpeg")
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *blackdetect*) echo $$ > {tmp_path}/pid; exec sleep 60;; *) exec {real} "$@";; esac\n'
    )
    script.chmod(0o755)
    with host(home, path=f"{slow}:{os.environ['PATH']}") as process:
        end = time.monotonic() + 30
        while not (tmp_path / "pid").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)
        inner = int((tmp_path / "pid").read_text())
        process.kill()
        process.wait(10)
    end = time.monotonic() + 5
    while Path(f"/proc/{inner}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{inner}").exists()
    until_judged(home)
    with running(home):
        assert list((home / "media").iterdir()) == []
