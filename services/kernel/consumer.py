"""Runs one consumer on an embedded bus: fetches, delivers, retries what is due, pauses a partition in trouble."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from services.kernel.dispatcher import BATCH, ConsumerStopped, Dispatcher, Taken
from services.kernel.errors import LaurelError, StorageFull, Transient, Unavailable
from services.kernel.instants import to_us
from services.kernel.ports import Bus, Clock, Delivery

IDLE_S = 1.0
PAUSES_S = (0.1, 0.3, 1.0, 3.0, 10.0)

log = structlog.get_logger(__name__)


class Consumer(threading.Thread):
    """One thread a consumer; its partitions take turns, so that order within each is kept."""

    def __init__(self, dispatcher: Dispatcher, bus: Bus, clock: Clock) -> None:
        name = dispatcher.handlers.consumer
        super().__init__(name=f"{name}-consumer", daemon=True)
        self.consumer = name
        self.stopped_because: str | None = None
        self._dispatcher, self._bus, self._clock = dispatcher, bus, clock
        self._interest = dispatcher.handlers.interest()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._taken: dict[str, Taken] = {}
        self._scanned: dict[str, int] = {}
        self._stirred = set(bus.partitions())
        self._paused: dict[str, tuple[int, float]] = {}
        bus.subscribe(self._tell, self._interest)

    def run(self) -> None:
        """Deliver until asked to stop, then leave each partition cleanly."""
        try:
            self._take()
            while not self._ending.is_set():
                self._wake.clear()
                if not (self._round() or self._wake.wait(self._idle_s())):
                    self._stirred.update(self._taken)
            self._release()
        except ConsumerStopped as reason:
            self.stopped_because = str(reason)
            log.critical("consumer stopped", consumer=self.consumer, reason=str(reason))
        except Exception as failure:
            self.stopped_because = f"{type(failure).__name__}"
            log.exception("consumer ended", consumer=self.consumer)

    def stop(self, timeout_s: float = 10) -> None:
        """Ask to stop after the delivery under way, and wait for it."""
        self._ending.set()
        self._wake.set()
        if self.ident is not None:
            self.join(timeout_s)

    def wake(self) -> None:
        """Look again now, also at what is deferred."""
        self._dispatcher.look_again()
        self._wake.set()

    def _tell(self, partition: str) -> None:
        """Something new may be there."""
        self._stirred.add(partition)
        self._wake.set()

    def position(self, partition: str) -> int:
        """Return how far this consumer has come in the partition."""
        taken = self._taken.get(partition)
        return 0 if taken is None else max(taken.position, self._scanned.get(partition, 0))

    def idle(self) -> bool:
        """Tell whether everything written so far has been dealt with or deferred."""
        return bool(self._taken) and all(map(self._is_done_with, self._bus.partitions()))

    def _is_done_with(self, partition: str) -> bool:
        position = self.position(partition)
        return position >= self._bus.end(partition) or not self._fetch(partition, 1)

    def _take(self) -> None:
        for partition in self._bus.partitions():
            self._taken[partition] = self._dispatcher.take(partition, self._bus.epoch(partition))

    def _release(self) -> None:
        for partition in self._taken:
            self._dispatcher.release(partition)

    def _round(self) -> bool:
        """Give each partition in which something may be new a turn; return whether anything moved."""
        stirred = [partition for partition in self._taken if partition in self._stirred]
        moved = [self._guarded(partition, partial(self._turn, partition)) for partition in stirred]
        moved.append(self._guarded("", self._retry))
        return any(moved)

    def _guarded(self, partition: str, act: Callable[[], bool]) -> bool:
        failures, until = self._paused.get(partition, (0, 0.0))
        if time.monotonic() < until:
            return False
        try:
            moved = act()
        except ConsumerStopped:
            raise
        except (Transient, Unavailable, StorageFull) as trouble:
            self._pause(partition, failures, trouble)
            return False
        if failures and moved:
            del self._paused[partition]
        return moved

    def _pause(self, partition: str, failures: int, trouble: LaurelError) -> None:
        pause_s = PAUSES_S[min(failures, len(PAUSES_S) - 1)]
        self._paused[partition] = (failures + 1, time.monotonic() + pause_s)
        self._stirred.add(partition)
        log.warning("partition pauses", consumer=self.consumer, partition=partition, pause_s=pause_s, reason=str(trouble))

    def _turn(self, partition: str) -> bool:
        self._stirred.discard(partition)
        deliveries = self._fetch(partition, BATCH)
        if not deliveries:
            self._pass_over(partition)
            return False
        done = self._dispatcher.deliver(self._taken[partition], deliveries)
        if done < len(deliveries) or len(deliveries) == BATCH:
            self._stirred.add(partition)
        return True

    def _fetch(self, partition: str, limit: int) -> Sequence[Delivery]:
        return self._bus.fetch(partition, self.position(partition), self._interest, limit)

    def _pass_over(self, partition: str) -> None:
        """Note how far the partition has nothing for this consumer, so that it is not read through again."""
        end = self._bus.end(partition)
        if not self._fetch(partition, 1):
            self._scanned[partition] = end

    def _retry(self) -> bool:
        due = self._dispatcher.next_due_us()
        return due is not None and due <= to_us(self._clock.now()) and self._dispatcher.retry_due()

    def _idle_s(self) -> float:
        due = self._dispatcher.next_due_us()
        waits = [IDLE_S, *(until - time.monotonic() for _, until in self._paused.values() if until > time.monotonic())]
        if due is not None:
            waits.append((due - to_us(self._clock.now())) / 1e6)
        return max(0.01, min(waits))
