"""Waiting for what comes true by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

LOOK_EVERY_S = 0.01


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Look again and again until the condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(LOOK_EVERY_S)
