"""How long a video really is, and how evenly its frames come."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low

from services.media.domain.measures import Timing

_LONG_GAP_S = 1.0
_LONG_GAP_FRAMES = 20
_FEW_FRAMES_S = 1.0
_EQUAL_WITHIN_S = 0.0015


def timing(times_s: Sequence[float]) -> Timing:
    """Return the timing of frames shown at `times_s` (any order, at least one).

    The extent is last minus first plus one typical distance. A few frames behind a long gap at either end are a
    mark that was moved, not a film that was shown, and do not lengthen it; a gap within the film counts as shown.
    """
    if not times_s:
        raise ValueError("no frames")
    shown = sorted(times_s)
    step_s = median_low(b - a for a, b in pairwise(shown)) if len(shown) > 1 else 0.0
    kept = _without_stragglers(shown, step_s)
    steps = [b - a for a, b in pairwise(kept)]
    span_s = kept[-1] - kept[0]
    return Timing(
        frames=len(shown),
        extent_s=round(span_s + step_s, 6),
        claimed_s=round(shown[-1] - shown[0] + step_s, 6),
        stragglers=len(shown) - len(kept),
        rate_fps=round(len(steps) / span_s, 4) if span_s > _EQUAL_WITHIN_S else None,
        steady_share=_steady_share(steps, step_s),
    )


def _without_stragglers(shown: list[float], step_s: float) -> list[float]:
    tail = _stragglers(shown, step_s)
    kept = shown[: len(shown) - tail]
    head = _stragglers([-time for time in reversed(kept)], step_s)
    return kept[head:]


def _stragglers(shown: list[float], step_s: float) -> int:
    """Return how many frames at the end stand behind a long gap and are few."""
    long_s = max(_LONG_GAP_S, _LONG_GAP_FRAMES * step_s)
    most = (len(shown) - 1) // 2
    few = min(most, max(1, int(min(most, _FEW_FRAMES_S / step_s)))) if step_s > 0 else min(most, 1)
    return max((n for n in range(1, few + 1) if shown[-n] - shown[-n - 1] > long_s), default=0)


def _steady_share(steps: list[float], step_s: float) -> float:
    if not steps:
        return 1.0
    return round(sum(abs(step - step_s) <= _EQUAL_WITHIN_S for step in steps) / len(steps), 4)
