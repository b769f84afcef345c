"""Reads what ffmpeg tells on its `-progress` pipe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_MICROSECONDS: Final = 1_000_000
_MAX_REST_BYTES: Final = 4096


class Progress:
    """Turns `-progress` rows into the share of the work that is done, 0.0—1.0, which never goes back.

    `out_time_ms` is in microseconds, whatever its name says; `out_time_us` is the same number.
    """

    def __init__(self, duration_s: float, on_share: Callable[[float], None]) -> None:
        self._duration_s = max(duration_s, 0.001)
        self._on_share = on_share
        self._done_s = -1.0
        self._rest = b""

    def take(self, chunk: bytes) -> bool:
        """Read a chunk of the pipe; tell whether the output grew."""
        *rows, self._rest = (self._rest + chunk)[-_MAX_REST_BYTES:].split(b"\n")
        reached_s = max((_seconds(row) for row in rows), default=-1.0)
        if reached_s <= self._done_s:
            return False
        self._done_s = reached_s
        self._on_share(min(1.0, max(0.0, reached_s / self._duration_s)))
        return True


def _seconds(row: bytes) -> float:
    name, _, value = row.partition(b"=")
    number = value.strip()
    if name != b"out_time_us" or not number.removeprefix(b"-").isdigit():
        return -1.0
    return int(number) / _MICROSECONDS
