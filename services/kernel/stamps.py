"""Stamps: when each write that is still unanswered was received.

A write's stamp is the system instant at which its headers had been read. What depends on a window waits until no
write stamped before the window's end is unanswered: until the window is *settled*.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from services.kernel.ports import Clock


@dataclass(slots=True, eq=False)
class Stamp:
    """One write's instant of receipt; outstanding until it is ended."""

    at: datetime
    ended: bool = False


@dataclass(slots=True, eq=False)
class _Waiter:
    before: datetime
    loop: asyncio.AbstractEventLoop
    reached: asyncio.Event = field(default_factory=asyncio.Event)


class Stamps:
    """The outstanding stamps of one process. Every method may be called from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._outstanding: set[Stamp] = set()
        self._waiters: list[_Waiter] = []

    def begin(self) -> Stamp:
        """Stamp a write whose headers have just been read."""
        with self._lock:
            stamp = Stamp(self._clock.now())
            self._outstanding.add(stamp)
        return stamp

    def end(self, stamp: Stamp) -> None:
        """The write has been answered; ending it twice changes nothing."""
        with self._lock:
            stamp.ended = True
            self._outstanding.discard(stamp)
            reached = [waiter for waiter in self._waiters if self._quiet(waiter.before)]
        for waiter in reached:
            waiter.loop.call_soon_threadsafe(waiter.reached.set)

    @contextmanager
    def write(self) -> Iterator[Stamp]:
        """Hold a stamp for as long as the block runs."""
        stamp = self.begin()
        try:
            yield stamp
        finally:
            self.end(stamp)

    def oldest(self) -> datetime | None:
        """Return the earliest outstanding stamp."""
        with self._lock:
            return min((stamp.at for stamp in self._outstanding), default=None)

    def is_settled(self, before: datetime) -> bool:
        """Whether `before` has passed and no write stamped before it is unanswered."""
        with self._lock:
            return self._clock.now() >= before and self._quiet(before)

    async def settled(self, before: datetime) -> None:
        """Wait until `is_settled(before)`."""
        while (wait_s := (before - self._clock.now()).total_seconds()) > 0:  # noqa: ASYNC110 - nobody announces time
            await asyncio.sleep(wait_s)
        waiter = _Waiter(before, asyncio.get_running_loop())
        with self._lock:
            if self._quiet(before):
                return
            self._waiters.append(waiter)
        try:
            await waiter.reached.wait()
        finally:
            with self._lock:
                self._waiters.remove(waiter)

    def _quiet(self, before: datetime) -> bool:
        return all(stamp.at >= before for stamp in self._outstanding)
