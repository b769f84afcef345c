"""Judges one file from beginning to end, exactly as the platform does, without a platform."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from services.campaigns.slots import Slot
from services.media.domain.measures import Film, Photo, Refused
from services.media.tools.films import Opened, decode_film, film_from, open_film
from services.media.tools.photos import measure_photo
from services.media.tools.workspace import workspace


def measure(
    original: Path, slot: Slot, on_share: Callable[[float], None] = lambda _: None, scratch: Path | None = None
) -> Film | Photo | Refused:
    """Measure a file as the slot's medium; `on_share` is told how much of the work is done, 0.0—1.0.

    Raises OSError when the file or the temporary space cannot be used, FileNotFoundError where ffmpeg is missing.
    """
    status = original.stat()
    if not stat.S_ISREG(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(original))
    with workspace(original, scratch) as directory:
        return _measured(directory, slot, on_share, status.st_size)


def _measured(directory: Path, slot: Slot, on_share: Callable[[float], None], size_bytes: int) -> Film | Photo | Refused:
    if slot.medium == "photo":
        return measure_photo(directory)
    opened = open_film(directory)
    if not isinstance(opened, Opened):
        return opened
    decoded = decode_film(directory, opened, on_share)
    return decoded if isinstance(decoded, Refused) else film_from(opened, decoded, size_bytes)
