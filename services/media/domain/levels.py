"""What the levels of the sound say: where it is silent, which channel is dead, and its outline."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from services.media.domain.measures import Sound

_WIDTH_PX = 1200
_HEIGHT_PX = 120
_FLOOR_DB = -60.0


def silences(sound: Sound, below_db: float) -> Iterator[tuple[float, float]]:
    """Yield (start, end) in seconds of each stretch in which no channel reaches `below_db`."""
    at_step = 0
    for silent, steps in groupby(_loudest(sound), key=lambda level: level < below_db):
        length = sum(1 for _ in steps)
        if silent:
            yield at_step * sound.step_s, (at_step + length) * sound.step_s
        at_step += length


def dead_channels(sound: Sound, below_db: float) -> list[int]:
    """Return the channels that never reach `below_db` while another does."""
    alive = [max(levels, default=below_db - 1) >= below_db for levels in sound.levels_db]
    return [channel for channel, lives in enumerate(alive) if not lives] if any(alive) else []


def waveform_svg(sound: Sound) -> str:
    """Return the outline of the sound as an SVG picture of our own numbers, 1200×120."""
    levels = _loudest(sound)
    columns = min(_WIDTH_PX, len(levels)) or 1
    heights = [_height(levels[i * len(levels) // columns : (i + 1) * len(levels) // columns]) for i in range(columns)]
    step, middle = _WIDTH_PX / columns, _HEIGHT_PX / 2
    upper = [f"{i * step:.1f},{middle - height:.1f}" for i, height in enumerate(heights)]
    lower = [f"{i * step:.1f},{middle + height:.1f}" for i, height in reversed(list(enumerate(heights)))]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {_HEIGHT_PX}" '
        f'preserveAspectRatio="none"><polygon points="{" ".join([*upper, *lower])}"/></svg>'
    )


def _loudest(sound: Sound) -> list[float]:
    return [max(step) for step in zip(*sound.levels_db, strict=False)]


def _height(levels: list[float]) -> float:
    loudest = max(levels, default=_FLOOR_DB)
    return max(0.5, (1 - max(loudest, _FLOOR_DB) / _FLOOR_DB) * _HEIGHT_PX / 2)
