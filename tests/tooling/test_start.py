"""What answers without a platform starts without its engines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ENGINES = ("sqlalchemy", "fastapi", "starlette", "pysqlite3", "numpy", "cv2", "PIL", "opencc")
S0 = Path(__file__).parents[2] / "campaigns" / "s0-shanghai-2024-stories.yaml"
SAYING = """
import sys
from services.__main__ import main
try:
    main(sys.argv[2:])
finally:
    print("loaded", *[name for name in sys.argv[1].split() if name in sys.modules], file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["receipt", "verify", "no-receipt"], 3),
        (["media", "check", "no-film.mp4", "--campaign", str(S0), "--slot", "video"], 3),
        (["ledger", "verify", "--help"], 0),
        (["winners", "--help"], 0),
    ],
)
def test_a_command_that_needs_no_engine_loads_none(arguments: list[str], status: int, tmp_path: Path) -> None:
    (tmp_path / "no-receipt").write_text("no receipt")
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    command = [sys.executable, "-c", SAYING, " ".join(ENGINES), *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr
    assert done.stderr.splitlines()[-1].split() == ["loaded"]
