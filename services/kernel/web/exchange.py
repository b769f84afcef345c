"""One request and its answer: what the edge knows of it before any route does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Message, Receive, Scope

from services.kernel.auth import Principal
from services.kernel.errors import Invalid, Timeout
from services.kernel.stamps import Stamp, Stamps

SCOPE_KEY = "laurel"


@dataclass(slots=True)
class Exchange:
    """The state of one request. `body_deadline` is on the event loop's clock, None when the body may take its time."""

    traceparent: str
    stamps: Stamps
    stamp: Stamp | None = None
    body_deadline: float | None = None
    principal: Principal | None = None

    def release(self) -> None:
        """The write has been answered, or what its stamp decides is durable: the rest of the body may take its time."""
        self.body_deadline = None
        if self.stamp is not None:
            self.stamps.end(self.stamp)

    def timed(self, receive: Receive) -> Receive:
        """Wrap `receive` so that a body that is late raises `Timeout`."""

        async def receive_in_time() -> Message:
            if self.body_deadline is None:
                return await receive()
            try:
                async with asyncio.timeout_at(self.body_deadline):
                    message = await receive()
            except TimeoutError:
                raise Timeout("内容没有在时限内传完，请检查网络后重新提交。", "The body was not complete in time.") from None
            if not message.get("more_body", False):
                self.body_deadline = None
            return message

        return receive_in_time


def exchange_of(scope: Scope) -> Exchange:
    """Return the exchange of a request that came through the edge."""
    exchange: Exchange = scope[SCOPE_KEY]
    return exchange


def stamp_of(scope: Scope) -> datetime:
    """Return the instant at which this write's headers had been read. Raises `Invalid` for a request without a stamp."""
    stamp = exchange_of(scope).stamp
    if stamp is None:
        raise Invalid("这一步须以普通请求提交。", "This route takes no upload chunk.")
    return stamp.at
