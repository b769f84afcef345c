"""The place of the one request that may write to an upload; a newer request takes it over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Self

from services.intake.domain.uploads import Busy

HAND_OVER_S = 5.0


class Displaced(Busy):
    """423 for the request that was writing when a newer one for the same upload came."""


class Seat:
    """The place of the one request that may write to an upload. Whoever comes next ends the one before."""

    def __init__(self, seats: dict[str, Seat], upload_id: str) -> None:
        self._seats = seats
        self._upload_id = upload_id
        self._left = asyncio.Event()
        self._task = asyncio.current_task()
        self._reading = False
        self._reason: Exception | None = None

    async def __aenter__(self) -> Self:
        """Take the seat, ending whoever has it. Raises Busy when that does not come about in time."""
        try:
            async with asyncio.timeout(HAND_OVER_S):
                while (before := self._seats.get(self._upload_id)) is not None:
                    before.end(Displaced("已从另一处继续上传，本次连接已结束。", "A newer request has taken over."))
                    await before._left.wait()  # noqa: SLF001 - a seat of the same kind
        except TimeoutError:
            raise busy() from None
        self._seats[self._upload_id] = self
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Leave the seat to whoever waits."""
        del self._seats[self._upload_id]
        self._left.set()

    def end(self, reason: Exception) -> None:
        """Let the reader stop with this reason, at once when it waits for the network, else before it reads again."""
        self._reason = self._reason or reason
        if self._reading and self._task is not None:
            self._reading = False
            self._task.cancel()

    async def next(self, body: AsyncIterator[bytes]) -> bytes | None:
        """Return the next chunk, None at the end. Raises the reason for which the seat was ended."""
        if self._reason is not None:
            raise self._reason
        self._reading = True
        try:
            return await anext(body)
        except StopAsyncIteration:
            return None
        except asyncio.CancelledError:
            if self._reason is None or self._task is None or self._task.uncancel() > 0:
                raise
            raise self._reason from None
        finally:
            self._reading = False


def busy() -> Busy:
    """Return the refusal for a request that comes while somebody else writes and does not give way."""
    return Busy(
        "该上传正由另一个连接传送，请稍后再继续。", "Another request is writing to this upload.", headers={"Retry-After": "2"}
    )
