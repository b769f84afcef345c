from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, cast

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.kernel import logs, schema
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.auth import Limits, Passwords, Principal, Revocations, Role, mint
from services.kernel.errors import Changed, Conflict, Transient
from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.keys import Keys
from services.kernel.ports import Transaction
from services.kernel.service import Context, Definition
from services.kernel.settings import Settings
from services.kernel.stamps import Stamps
from services.kernel.web import (
    Answer,
    CurrentPrincipal,
    MustMatch,
    Received,
    Router,
    build_app,
    perform,
    public,
    read_body,
    require,
)

NO_MIGRATIONS = Path(__file__).parents[1] / "no_migrations"
START = datetime(2024, 9, 30, 15, 0, tzinfo=UTC)


@dataclass
class HandClock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def pass_by(self, **length: float) -> None:
        self.at += timedelta(**length)


class Note(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=20)]
    pages: Annotated[int, Field(ge=1)] = 1
    more: Any = None


def note_router() -> Router:  # noqa: C901 - a table of small routes
    router = Router(prefix="/notes")

    @router.post("")
    async def write(request: Request, note: Note, who: CurrentPrincipal, received: Received) -> Response:
        def piece(transaction: Transaction) -> Answer:
            transaction.execute("INSERT INTO note (title, owner) VALUES (?, ?)", (note.title, who.account_id))
            (number,) = transaction.execute("SELECT count(*) FROM note").fetchone()
            told = {"number": number, "title": note.title, "received": received, "by": who.role}
            return Answer(told, revision=1, location=f"/notes/{number}")

        return await perform(request, piece, status=201)

    @router.put("/{number}")
    async def change(
        request: Request, number: int, note: Note, revision: MustMatch, who: Annotated[Principal, require(Role.HEAD)]
    ) -> Response:
        def piece(transaction: Transaction) -> dict[str, Any]:
            if revision != 7:
                raise Changed("内容已由他人修改。", "Changed.", current={"title": "旧", "revision": 7})
            transaction.execute("INSERT INTO note (title, owner) VALUES (?, ?)", (note.title, who.account_id))
            return {"number": number, "revision": 8}

        return await perform(request, piece)

    @router.post("/refused", dependencies=[public()])
    async def refused(request: Request, note: Note) -> Response:
        def piece(transaction: Transaction) -> None:
            transaction.execute("INSERT INTO note (title, owner) VALUES (?, ?)", (note.title, ""))
            raise Conflict("名额已满。", "Full.", cap=6)

        return await perform(request, piece)

    @router.post("/broken", dependencies=[public()])
    async def broken(_request: Request) -> Response:
        raise ZeroDivisionError("沈禾 11010519491231002X 13812345678")

    @router.post("/away", dependencies=[public()])
    async def away(_request: Request) -> Response:
        raise Transient("the disk sleeps")

    @router.post("/raw", dependencies=[public()])
    async def raw(request: Request) -> Response:
        return Response(str(len(await read_body(request, 64))))

    @router.get("/search")
    async def search(who: Annotated[Principal | None, public()], q: str, limit: int = 10) -> dict[str, Any]:
        return {"q": q, "limit": limit, "who": who.account_id if who else None}

    return router


@dataclass
class Service:
    """A scratch service on the real database, and a client for it."""

    context: Context
    clock: HandClock
    app: FastAPI
    limits: Limits = field(default_factory=Limits)

    def token(self, role: Role = Role.LIAISON, account: str = "a-1", session: str = "s-1") -> str:
        who = Principal(account, session, role, "unit-1")
        return mint(self.context.keys, who, begun_at=self.clock.at, now=self.clock.at, limits=self.limits)

    def bearer(self, role: Role = Role.LIAISON, account: str = "a-1") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(role, account)}"}

    def run(self, story: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        async def played() -> Any:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://laurel.test") as client:
                return await story(client)

        return asyncio.run(played())

    def ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        return cast("httpx.Response", self.run(lambda client: client.request(method, path, **how)))

    def titles(self) -> list[str]:
        return self.context.database.look(lambda c: list(c.exec_driver_sql("SELECT title FROM note ORDER BY id").scalars()))


@pytest.fixture(autouse=True)
def _json_logs() -> None:
    logs.configure("error")


@pytest.fixture
def make_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    opened: list[SqliteDatabase] = []

    def make(name: str = "intake", *routers: Router, **changed: Any) -> Service:
        clock = HandClock()
        home = tmp_path / name
        settings = Settings(home=home, **changed)
        keys = Keys.open(settings.keys_folder, make=True)
        database = SqliteDatabase(home / f"{name}.db", service=name, clock=clock)
        schema.upgrade(database.engine(), NO_MIGRATIONS)
        with database.engine().connect() as connection:
            connection.exec_driver_sql("CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT, owner TEXT)")
        database.start()
        opened.append(database)
        definition = Definition(name, (), Handlers(name), Jobs(), routers or (note_router(),), NO_MIGRATIONS)
        engines = {"store": None, "index": None, "mailer": None, "passwords": Passwords(settings), "folder": home}
        context = Context(
            definition=definition,
            settings=settings,
            database=database,
            clock=clock,
            keys=keys,
            stamps=Stamps(clock),
            revocations=Revocations(),
            **cast("Any", engines),
        )
        return Service(context, clock, build_app(context))

    yield make
    for database in opened:
        database.close()


@pytest.fixture
def service(make_service: Callable[..., Service]) -> Service:
    return make_service()
