"""Chance that can be recomputed: a stream of numbers from a committed 256-bit seed.

Block i (from 0) is HMAC-SHA256(key = seed, message = UTF-8 label ‖ 0x00 ‖ i as 8 bytes, big-endian). The blocks are
read as big-endian 64-bit words in order. The rules stand in docs/record.md so that any language can follow them.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
SEED_BYTES = 32
_WORD = 1 << 64


class Stream:
    """The numbers that one seed gives under one label."""

    def __init__(self, seed: bytes, label: str) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
        self._words = _words(seed, label.encode())

    def below(self, bound: int) -> int:
        """Return a number in [0, bound), each equally likely: words at or above the last whole multiple are skipped."""
        limit = _WORD - _WORD % bound
        return next(word for word in self._words if word < limit) % bound

    def shuffled(self, items: Iterable[Item]) -> list[Item]:
        """Return the items in random order (Fisher and Yates, from the last place to the second)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


def _words(seed: bytes, label: bytes) -> Iterator[int]:
    counter = 0
    while True:
        block = hmac.digest(seed, label + b"\0" + struct.pack(">Q", counter), "sha256")
        yield from struct.unpack(">4Q", block)
        counter += 1
