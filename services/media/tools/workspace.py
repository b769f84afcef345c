"""The private, empty directory in which one file is looked at under a name of ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

INPUT: Final = "input"
_PREFIX: Final = "laurel-media-"


class NoRoomError(Exception):
    """The temporary space cannot hold what this job needs."""

    def __init__(self, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(f"needs {needed_bytes} bytes of temporary space, {free_bytes} are free")
        self.needed_bytes = needed_bytes
        self.free_bytes = free_bytes


@contextlib.contextmanager
def workspace(original: Path, scratch: Path | None = None) -> Iterator[Path]:
    """Yield an empty directory that holds nothing but `./input`, a link to the file; it is gone afterwards.

    The link hides the user's file name from every command line and log.
    """
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
    try:
        (directory / INPUT).symlink_to(original.resolve(strict=True))
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def sweep(scratch: Path) -> int:
    """Remove what earlier processes left in `scratch`; return how many directories went."""
    left = [path for path in scratch.glob(f"{_PREFIX}*") if path.is_dir() and not path.is_symlink()]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def demand_room(scratch: Path, needed_bytes: int) -> None:
    """Refuse a job before it starts rather than fill the disk in its middle; raise NoRoomError."""
    status = os.statvfs(scratch)
    free_bytes = status.f_bavail * status.f_frsize
    if needed_bytes > free_bytes:
        raise NoRoomError(needed_bytes, free_bytes)
