"""Judges one file from beginning to end, exactly as the platform does, without a platform."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from services.campaigns.slots import Slot
from services.media.domain.measures import Film, Photo, Refused
from services.media.tools.films import count_film, decode_film, film_from, probe_film
from services.media.tools.photos import measure_photo
from services.media.tools.workspace import workspace


def measure(
    original: Path, slot: Slot, on_share: Callable[[float], None] = lambda _: None, scratch: Path | None = None
) -> Film | Photo | Refused:
    """Measure a file as the slot's medium; `on_share` is told how much of the work is done, 0.0—1.0.

    Raises OSError when the file or the temporary space cannot be used, FileNotFoundError where ffmpeg is missing,
    EndedEarlyError when a child came to no end.
    """
    status = original.stat()
    if not stat.S_ISREG(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(original))
    with workspace(original, scratch) as directory:
        return _measured(directory, slot, on_share, status.st_size)


def _measured(directory: Path, slot: Slot, on_share: Callable[[float], None], size_bytes: int) -> Film | Photo | Refused:
    if slot.medium == "photo":
        return measure_photo(directory)
    probed = probe_film(directory)
    if isinstance(probed, Refused):
        return probed
    counted = count_film(directory, probed)
    if isinstance(counted, Refused):
        return counted
    decoded = decode_film(directory, probed, counted, on_share)
    return decoded if isinstance(decoded, Refused) else film_from(probed, counted, decoded, size_bytes)
