"""What the idle platform carries of media."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_idle_service_loads_no_heavy_library() -> None:
    code = "import sys, services.media.main; print(sorted({'ffmpeg', 'PIL', 'numpy'} & set(sys.modules)))"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, check=True, text=True
    )
    assert told.stdout.strip() == "[]"
