"""What a platform carries that nobody has asked anything yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LATER = {
    *("PIL", "numpy", "cv2", "onnxruntime", "ffmpeg", "typst", "opencc", "openpyxl", "xlsxwriter", "docx", "docxtpl"),
    *("ruamel", "chinese_calendar", "jieba", "faust", "kafka", "minio", "elasticsearch", "psycopg"),
}
STARTED = f"""
import sys, tempfile
from pathlib import Path
from services.kernel.settings import Settings
from services.runtime import Platform
with tempfile.TemporaryDirectory() as home:
    platform = Platform(Settings(home=Path(home), rehearsal=True))
    platform.start()
    platform.app()
    platform.stop()
print(sorted({LATER!r} & set(sys.modules)))
"""


def test_vendors_and_heavy_libraries_are_absent_until_they_are_needed() -> None:
    told = subprocess.run([sys.executable, "-c", STARTED], cwd=ROOT, capture_output=True, check=True, text=True, timeout=60)
    assert told.stdout.splitlines()[-1] == "[]"
