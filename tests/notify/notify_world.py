"""notify on its engines, and what a test asks of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
from waiting import until

from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.clocks import SystemClock
from services.kernel.consumer import Consumer
from services.kernel.contracts.envelope import Event
from services.kernel.dispatcher import Dispatcher
from services.kernel.handlers import Handlers
from services.kernel.ids import new_id
from services.kernel.jobs import Jobs
from services.kernel.ports import Transaction
from services.kernel.service import Definition
from services.notify.main import NOTIFY
from services.runtime import Platform

ROOT = Path(__file__).parents[2]
NO_MIGRATIONS = ROOT / "tests" / "kernel" / "no_migrations"


def source(name: str, *prefixes: str) -> Definition:
    """A service that does nothing but write events."""
    return Definition(name, prefixes, Handlers(name), Jobs(), (), NO_MIGRATIONS)


@dataclass
class World:
    """notify as it runs, among services whose events the test writes."""

    platform: Platform

    def emit(self, service: str, *events: Event) -> list[str]:
        def piece(transaction: Transaction) -> list[str]:
            return [transaction.emit(event) for event in events]

        return self.platform.services[service].database.call(piece)

    def settle(self) -> None:
        until(self.platform.idle)

    def told(self, service: str, *events: Event) -> list[str]:
        ids = self.emit(service, *events)
        self.settle()
        return ids

    def bearer(self, role: Role, account: str, unit: str | None = None, campaign: str | None = None) -> dict[str, str]:
        keys, now = self.platform.services["notify"].context.keys, datetime.now(UTC)
        token = mint(keys, Principal(account, new_id(), role, unit, campaign), begun_at=now, now=now, limits=Limits())
        return {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **how: Any) -> httpx.Response:
        async def played(story: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> httpx.Response:
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.platform.app()), base_url="http://laurel.test"
            ) as client:
                return await story(client)

        return asyncio.run(played(lambda client: client.request(method, path, headers=headers, **how)))

    def messages(self, headers: dict[str, str], **asked: Any) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.ask("GET", "/messages", headers, params=asked).json()["messages"])

    def spool(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_bytes()) for path in sorted((self.platform.settings.home / "spool").glob("*.json"))]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        look = self.platform.services["notify"].database.look
        return [tuple(row) for row in look(lambda rows: rows.exec_driver_sql(query).fetchall())]

    def change(self, statement: str) -> None:
        self.platform.services["notify"].database.call(lambda transaction: transaction.execute(statement))

    def deliver_again(self) -> None:
        """Deliver everything anew, as if nothing had ever been taken."""
        running = self.platform.services["notify"]
        running.consumer.stop()
        self.change("DELETE FROM inbox")
        self.change("UPDATE position SET position = 0")
        again = Consumer(Dispatcher(NOTIFY.handlers, running.database), running.consumer._bus, SystemClock())
        again.start()
        until(again.idle)
        again.stop()
        self.settle()
