from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.clocks import SystemClock
from services.kernel.stamps import Stamps

CLOSING = datetime(2024, 9, 30, 16, 0, tzinfo=UTC)
TICK = timedelta(milliseconds=1)


class HandClock:
    def __init__(self, at):
        self.at = at

    def now(self):
        return self.at


@pytest.fixture
def clock():
    return HandClock(CLOSING - TICK)


@pytest.fixture
def stamps(clock):
    return Stamps(clock)


def test_a_window_is_not_settled_before_its_end(stamps, clock):
    assert not stamps.is_settled(CLOSING)
    clock.at = CLOSING
    assert stamps.is_settled(CLOSING)


def test_a_write_stamped_before_the_end_keeps_the_window_unsettled(stamps, clock):
    early = stamps.begin()
    clock.at = CLOSING
    late = stamps.begin()
    assert stamps.oldest() == CLOSING - TICK
    assert not stamps.is_settled(CLOSING)
    stamps.end(early)
    assert stamps.is_settled(CLOSING)
    assert not stamps.is_settled(CLOSING + TICK)
    stamps.end(late)
    stamps.end(late)
    assert stamps.oldest() is None


def test_writes_of_the_same_instant_are_counted_apart(stamps, clock):
    first, second = stamps.begin(), stamps.begin()
    clock.at = CLOSING
    stamps.end(first)
    assert not stamps.is_settled(CLOSING)
    stamps.end(second)
    assert stamps.is_settled(CLOSING)


def test_the_oldest_is_the_earliest_even_when_the_clock_was_set_back(stamps, clock):
    clock.at = CLOSING
    stamps.begin()
    clock.at = CLOSING - timedelta(minutes=1)
    stamps.begin()
    assert stamps.oldest() == CLOSING - timedelta(minutes=1)


def test_a_block_ends_its_stamp_whatever_happens(stamps):
    with suppress(ZeroDivisionError), stamps.write() as stamp:
        assert stamps.oldest() == stamp.at
        raise ZeroDivisionError
    assert stamps.oldest() is None


def test_waiting_ends_with_the_last_early_write_whichever_thread_ends_it(stamps, clock):
    early = [stamps.begin() for _ in range(3)]
    clock.at = CLOSING

    async def story():
        waiting = asyncio.create_task(stamps.settled(CLOSING))
        for stamp in early:
            await asyncio.sleep(0.01)
            assert not waiting.done()
            threading.Thread(target=stamps.end, args=(stamp,)).start()
        await asyncio.wait_for(waiting, 2)

    asyncio.run(story())
    assert stamps._waiters == []


def test_waiting_for_a_window_still_open_waits_for_its_end_first():
    stamps = Stamps(SystemClock())

    async def story():
        closing = SystemClock().now() + timedelta(milliseconds=80)
        waiting = asyncio.create_task(stamps.settled(closing))
        await asyncio.sleep(0.02)
        stamp = stamps.begin()
        await asyncio.sleep(0.1)
        assert not waiting.done()
        stamps.end(stamp)
        await asyncio.wait_for(waiting, 2)
        assert SystemClock().now() >= closing

    asyncio.run(story())


def test_one_who_stops_waiting_is_forgotten(stamps, clock):
    stamps.begin()
    clock.at = CLOSING

    async def story():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stamps.settled(CLOSING), 0.02)

    asyncio.run(story())
    assert stamps._waiters == []


def test_no_write_stamped_before_a_settled_instant_is_still_to_come():
    stamps, done = Stamps(SystemClock()), threading.Event()
    answered: list[datetime] = []
    settled: list[tuple[datetime, int]] = []

    def write():
        while not done.is_set():
            with stamps.write() as stamp:
                answered.append(stamp.at)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    while len(settled) < 300:
        closing = SystemClock().now()
        if stamps.is_settled(closing):
            settled.append((closing, len(answered)))
    done.set()
    for writer in writers:
        writer.join()
    assert [at for closing, count in settled for at in answered[count : count + 200] if at < closing] == []
