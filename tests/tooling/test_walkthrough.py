"""The script in `docs/interfaces.md` does what it says, on a fresh rehearsal, and its receipt is genuine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

from started import LAUREL, ROOT, started

SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)
FILM = (
    "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=6",
    "-f", "lavfi", "-i", "aevalsrc=0.3*sin(440*2*PI*t)|0.3*sin(550*2*PI*t):s=48000:d=6",
    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart",
)  # fmt: skip


def test_the_script_plays_a_work_from_invitation_to_receipt(tmp_path):
    (script,) = SCRIPT.findall((ROOT / "docs" / "interfaces.md").read_text(encoding="utf-8"))
    film = tmp_path / "story.mp4"
    subprocess.run([*FILM, str(film)], check=True, timeout=120)
    with started(tmp_path / "home", "--rehearsal") as up:
        campaigns = str(ROOT / "campaigns")
        told = os.environ | {"LAUREL": up.address, "CODE": up.said(), "CAMPAIGNS": campaigns, "VIDEO": str(film)}
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
