"""Reads what the filters of the decode wrote into files of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.media.domain.measures import Sound, Span, Still

SILENCE_FLOOR_DB: Final = -120.0
SOUND_STEP_S: Final = 0.1
_PULSE: Final = 1.0

_FRAME: Final = re.compile(r"frame:\d+ +pts:\S+ +pts_time:(\S+)")
_CHANNEL_PEAK: Final = re.compile(r"lavfi\.astats\.(\d+)\.Peak_level")


def times_ms(path: Path) -> list[int]:
    """Return the time of every decoded frame in milliseconds."""
    if not path.exists():
        return []
    with path.open(encoding="ascii", errors="replace") as rows:
        return [int(row) for row in map(str.strip, rows) if row.removeprefix("-").isdigit()]


def _frames(path: Path) -> Iterator[tuple[float, dict[str, str]]]:
    """Yield the time and the metadata of each frame that a `metadata=print` filter wrote."""
    if not path.exists():
        return
    at_s, told = None, dict[str, str]()
    with path.open(encoding="utf-8", errors="replace") as rows:
        for row in rows:
            found = _FRAME.match(row)
            if not found:
                key, _, value = row.strip().partition("=")
                told[key] = value
                continue
            if at_s is not None:
                yield at_s, told
            at_s, told = number(found[1]), {}
    if at_s is not None:
        yield at_s, told


def seen(path: Path) -> tuple[list[float], list[Span], list[Span]]:
    """Return cuts, black and frozen stretches; one that lasts to the end has a start and no end in the file."""
    cuts, black, frozen = list[float](), _Spans(), _Spans()
    for at_s, told in _frames(path):
        if "lavfi.scd.time" in told:
            cuts.append(at_s)
        change = number(told.get("lavfi.scd.mafd", "")) or 0.0
        black.take(told.get("lavfi.black_start"), told.get("lavfi.black_end"), change)
        frozen.take(told.get("lavfi.freezedetect.freeze_start"), told.get("lavfi.freezedetect.freeze_end"), change)
    return cuts, black.close(), frozen.close()


class _Spans:
    """Pairs starts with ends, and joins stretches between which the picture only pulsed.

    An encoder freshens a still picture with each key frame; the detector takes that for movement.
    """

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._start_s: float | None = None
        self._pulse_s: float | None = None

    def take(self, start: str | None, end: str | None, change: float) -> None:
        """Note what a frame tells; `change` is how much it differs from the one before, 0—100."""
        if self._start_s is None:
            self._open(start)
            self._close(end, change)
        else:
            self._close(end, change)
            self._open(start)

    def close(self) -> list[Span]:
        if self._start_s is not None:
            self._spans.append(Span(start_s=self._start_s))
            self._start_s = None
        return self._spans

    def _open(self, start: str | None) -> None:
        if start is None:
            return
        self._start_s = number(start)
        if self._start_s is not None and self._start_s == self._pulse_s:
            self._start_s = self._spans.pop().start_s

    def _close(self, end: str | None, change: float) -> None:
        if end is None or self._start_s is None:
            return
        end_s = number(end)
        self._spans.append(Span(start_s=self._start_s, end_s=end_s))
        self._start_s = None
        self._pulse_s = end_s if change < _PULSE else None


def stills(directory: Path, listing: str, pattern: str) -> Iterator[Still]:
    """Yield the stills that were really written, with their times."""
    for count, (at_s, _) in enumerate(_frames(directory / listing), start=1):
        name = pattern % count
        if (directory / name).exists():
            yield Still(at_s=at_s, name=name)


def heard(path: Path) -> Sound | None:
    """Return loudness and the level of each tenth of a second by channel; None without sound."""
    peaks = dict[int, list[float]]()
    loudness, true_peak = None, None
    for _, told in _frames(path):
        loudness = number(told.get("lavfi.r128.I", "")) or loudness
        loudest = [number(value) for key, value in told.items() if key.startswith("lavfi.r128.true_peaks_ch")]
        true_peak = max((value for value in loudest if value is not None), default=true_peak)
        for key, value in told.items():
            found = _CHANNEL_PEAK.fullmatch(key)
            if found:
                peaks.setdefault(int(found[1]), []).append(_level(value))
    if not peaks:
        return None
    return Sound(
        step_s=SOUND_STEP_S,
        levels_db=tuple(tuple(levels) for _, levels in sorted(peaks.items())),
        loudness_lufs=loudness,
        true_peak_dbtp=_decibel(true_peak),
    )


def _level(text: str) -> float:
    value = number(text)
    return SILENCE_FLOOR_DB if value is None else round(max(value, SILENCE_FLOOR_DB), 1)


def _decibel(linear: float | None) -> float | None:
    """Return the decibels of a linear peak, which is how ebur128 writes it into metadata."""
    return None if linear is None or linear <= 0 else round(20 * math.log10(linear), 1)


def number(text: str) -> float | None:
    """Return a finite number, or None for `nan`, `-inf` and nothing."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
