"""What the edge asks of the service it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.requests import Request

from services.kernel.auth import Revocations
from services.kernel.keys import Keys
from services.kernel.ports import Clock, Database
from services.kernel.settings import Settings
from services.kernel.stamps import Stamps


class ServiceDefinition(Protocol):
    """A service as the edge sees it: its name, the first path segments it owns, its routers, and how its gauges are set.

    `observers` run read-only queries when metrics are asked for, and set gauges.
    """

    name: str
    prefixes: Sequence[str]
    routers: Sequence[APIRouter]
    observers: Sequence[Callable[[Connection], None]]


class ServiceContext(Protocol):
    """A running service as the edge sees it. `degraded` names the engines that are in trouble."""

    definition: Any
    settings: Settings
    database: Database
    clock: Clock
    keys: Keys
    stamps: Stamps
    revocations: Revocations
    store: Any
    index: Any
    mailer: Any

    def degraded(self) -> Iterable[str]:
        """Name each engine in trouble; none of them makes the service unready."""
        ...


async def _context(request: Request) -> Any:
    return request.app.state.context


Ctx = Annotated[Any, Depends(_context)]
"""The running service, as an endpoint's parameter."""
