"""Runs intake and media on a home until it is ended: the process that the fault tests kill."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from services.intake.main import INTAKE
from services.kernel.settings import Settings
from services.media.main import MEDIA
from services.runtime import Platform


def main() -> None:
    platform = Platform(Settings(), definitions=(INTAKE, MEDIA))
    platform.start()
    while True:
        time.sleep(1)


main()
