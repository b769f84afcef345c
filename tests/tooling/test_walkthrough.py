"""The script in `docs/interfaces.md` does what it says, on a fresh rehearsal, and its receipt is genuine."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAUREL = (sys.executable, "-m", "services")
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)
FILM = (
    "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=6",
    "-f", "lavfi", "-i", "aevalsrc=0.3*sin(440*2*PI*t)|0.3*sin(550*2*PI*t):s=48000:d=6",
    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart",
)  # fmt: skip


@contextmanager
def rehearsal(home: Path) -> Iterator[tuple[str, str]]:
    """Run a fresh rehearsal; give its address and the first organiser's code."""
    up = subprocess.Popen(
        [*LAUREL, "up", "--rehearsal", "--port", "0", "--home", str(home)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield said(up), said(up)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)
        if up.stdout is not None:
            up.stdout.close()


def said(process: subprocess.Popen[bytes], seconds: float = 90) -> str:
    """Return what the next line tells after its colon, read byte by byte so that nothing waits unseen."""
    assert process.stdout is not None
    line, waiting = b"", select.poll()  # select() ends at descriptor 1023
    waiting.register(process.stdout, select.POLLIN)
    while not line.endswith(b"\n"):
        assert waiting.poll(seconds * 1000), "it said nothing"
        line += os.read(process.stdout.fileno(), 1)
    return line.decode().partition("：")[2].strip()


def test_the_script_plays_a_work_from_invitation_to_receipt(tmp_path):
    (script,) = SCRIPT.findall((ROOT / "docs" / "interfaces.md").read_text(encoding="utf-8"))
    film = tmp_path / "story.mp4"
    subprocess.run([*FILM, str(film)], check=True, timeout=120)
    with rehearsal(tmp_path / "home") as (address, code):
        told = os.environ | {"LAUREL": address, "CODE": code, "CAMPAIGNS": str(ROOT / "campaigns"), "VIDEO": str(film)}
        played = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=told, capture_output=True, text=True, timeout=120, check=False
        )
    assert played.returncode == 0, played.stdout + played.stderr
    *_, number = played.stdout.split()
    assert f"回执：{number}\n" in played.stdout
    verify = [*LAUREL, "receipt", "verify", str(tmp_path / "receipt.jws"), "--key", str(tmp_path / "keys.json"), "--json"]
    checked = subprocess.run([*verify, "--file", str(film)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert json.loads(checked.stdout)["verdict"] == "genuine"
