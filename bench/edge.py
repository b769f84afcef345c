"""What the edge costs: CPU of a request in process, without a socket, beside a bare Starlette app on the same machine.

Rounds are interleaved, so that what the machine does meanwhile falls on all alike; the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Annotated, Any, cast

import pysqlite3
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.kernel import logs, schema
from services.kernel.adapters.sqlite_database import SqliteDatabase
from services.kernel.auth import Limits, Passwords, Principal, Revocations, Role, mint
from services.kernel.clocks import SystemClock
from services.kernel.handlers import Handlers
from services.kernel.ids import new_id
from services.kernel.jobs import Jobs
from services.kernel.keys import Keys
from services.kernel.service import Context, Definition
from services.kernel.settings import Settings
from services.kernel.stamps import Stamps
from services.kernel.web import CurrentPrincipal, Received, Router, answer, build_app, perform, require

App = Callable[[Any, Any, Any], Awaitable[None]]
BODY = json.dumps({"title": "灯下三代人", "story": "夜班后的一课。" * 90}, ensure_ascii=False).encode()


class Note(BaseModel):
    """A body like a work's."""

    title: str
    story: str


def bare_app(path: Path) -> App:
    """Return Starlette and pysqlite3 alone: one insert, one commit, in a thread."""
    connection = pysqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE note (id TEXT PRIMARY KEY, body BLOB)")
    lock = asyncio.Lock()

    async def read(_request: Request) -> Response:
        return JSONResponse({"title": "灯下三代人"})

    async def write(request: Request) -> Response:
        note = json.loads(await request.body())
        async with lock:
            await asyncio.to_thread(connection.execute, "INSERT INTO note VALUES (?, ?)", (new_id(), note["story"]))
        return JSONResponse({"title": note["title"]}, 201)

    return Starlette(routes=[Route("/notes", read), Route("/notes", write, methods=["POST"])])


def edge_app(home: Path, stack: ExitStack) -> tuple[App, str]:
    """Return a service behind the edge, and a token for it."""
    clock, settings = SystemClock(), Settings(home=home)
    keys = Keys.open(settings.keys_folder, make=True)
    database = SqliteDatabase(home / "intake.db", service="intake", clock=clock)
    schema.upgrade(database.engine(), Path(__file__).parents[1] / "tests/kernel/no_migrations")
    with database.engine().connect() as connection:
        connection.exec_driver_sql("CREATE TABLE note (id TEXT PRIMARY KEY, body BLOB)")
    database.start()
    stack.callback(database.close)
    definition = Definition("intake", (), Handlers("intake"), Jobs(), (_routes(),), home)
    others = {"store": None, "index": None, "mailer": None, "passwords": Passwords(settings), "folder": home}
    context = Context(
        definition=definition,
        settings=settings,
        database=database,
        clock=clock,
        keys=keys,
        stamps=Stamps(clock),
        revocations=Revocations(),
        **cast("Any", others),
    )
    now = clock.now()
    token = mint(keys, Principal(new_id(), new_id(), Role.LIAISON, new_id()), begun_at=now, now=now, limits=Limits())
    return build_app(context), token


def _routes() -> Router:
    router = Router()

    @router.get("/notes")
    async def read(request: Request, _who: Annotated[Principal, require(Role.LIAISON)]) -> Response:
        return answer(request, {"title": "灯下三代人"}, revision=1)

    @router.post("/notes")
    async def write(request: Request, note: Note, _who: CurrentPrincipal, _received: Received) -> Response:
        def piece(transaction: Any) -> dict[str, Any]:
            transaction.execute("INSERT INTO note VALUES (?, ?)", (new_id(), note.story))
            return {"title": note.title, "revision": 1}

        return await perform(request, piece, status=201)

    return router


def scope_of(method: str, headers: dict[str, str]) -> dict[str, Any]:
    """Return a request's scope as a server makes it."""
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": "/notes",
        "raw_path": b"/notes", "query_string": b"", "root_path": "", "headers": raw, "server": ("t", 80), "client": None,
    }  # fmt: skip


async def ask(app: App, method: str, headers: dict[str, str]) -> None:
    """Send one request and see that it succeeds."""
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY if method == "POST" else b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope_of(method, headers), receive, send)
    if sent[0]["status"] >= 300:  # noqa: PLR2004 - the first status that is no success
        raise SystemExit(f"{method} was answered {sent[0]['status']}: {sent[1]['body']!r}")


async def burst(app: App, method: str, headers: Callable[[], dict[str, str]], count: int, clients: int) -> float:
    """Return CPU microseconds a request, over `count` requests by so many clients at once."""
    began = time.process_time()
    for _ in range(count // clients):
        await asyncio.gather(*(ask(app, method, headers()) for _ in range(clients)))
    return (time.process_time() - began) / (count // clients * clients) * 1e6


async def measure(home: Path, stack: ExitStack, rounds: int, count: int) -> None:
    """Measure every variant in turn and print what came out."""
    bare = bare_app(home / "bare.db")
    edge, token = edge_app(home / "edge", stack)
    plain = {"host": "t", "content-type": "application/json", "content-length": str(len(BODY))}
    signed = plain | {"authorization": f"Bearer {token}"}
    cases = [(method, clients) for method in ("GET", "POST") for clients in (1, 50)]
    variants: dict[str, tuple[App, Callable[[str], dict[str, str]]]] = {
        "bare Starlette + sqlite3": (bare, lambda _method: plain),
        "edge": (edge, lambda _method: signed),
        "edge with Idempotency-Key": (edge, lambda _method: signed | {"idempotency-key": new_id()}),
    }
    found: dict[tuple[str, int, str], list[float]] = {}
    for number in range(rounds + 1):
        for method, clients in cases:
            for name, (app, headers) in variants.items():
                cost = await burst(app, method, lambda headers=headers, method=method: headers(method), count, clients)
                if number:
                    found.setdefault((method, clients, name), []).append(cost)
    for method, clients in cases:
        reference = median(found[method, clients, "bare Starlette + sqlite3"])
        for name in variants:
            cost = median(found[method, clients, name])
            print(f"{method:4} {clients:2} clients  {name:26} {cost:7.0f} µs CPU  {cost / reference:5.2f} ×")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Path("/dev/null").open("w") as nowhere, ExitStack() as stack:
        logs.configure("info", nowhere)
        (Path(folder) / "edge").mkdir()
        asyncio.run(measure(Path(folder), stack, options.rounds, options.count))


if __name__ == "__main__":
    main()
