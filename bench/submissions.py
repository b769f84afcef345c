"""Creating a submission at 1 and 50 clients, beside bare Starlette with sqlite3 in threads doing as much.

Each server is a process of its own on loopback, its CPU read from /proc; rounds are interleaved, and the median of them counts.
`--grown N` first fills the product with so many works.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).parents[1]
CAMPAIGN = "s0-shanghai-2024-stories"
ENTERED = datetime(2024, 8, 1, 1, tzinfo=UTC)
STORY = "夜班下来，社区的灯还亮着，老邻居们围着一张旧桌子读书。" * 23  # 1.9 kB in UTF-8
FIELDS = {
    "title": "灯下三代人", "entrant": "桂花里社区", "organisation_type": "family", "performers": ["林见川"],
    "producer": "江州融媒工作室", "story": STORY,
}  # fmt: skip
BODY = json.dumps({"campaign_id": CAMPAIGN, "fields": FIELDS}, ensure_ascii=False).encode()
TICKS = os.sysconf("SC_CLK_TCK")
VARIANTS = ("bare", "intake", "platform")
NAMES = {
    "bare": "bare Starlette + sqlite3",
    "intake": "intake alone",
    "platform": "all five services",
}


# --- the servers ----------------------------------------------------------------------------------------------------


def serve_bare(home: Path) -> None:
    """Serve what any program would have to do: look the campaign up, write the work, its number and its event, commit."""
    import uvicorn  # noqa: PLC0415 - the parent serves nothing
    from starlette.applications import Starlette  # noqa: PLC0415 - the parent serves nothing
    from starlette.concurrency import run_in_threadpool  # noqa: PLC0415 - the parent serves nothing
    from starlette.requests import Request  # noqa: PLC0415 - the parent serves nothing
    from starlette.responses import JSONResponse, Response  # noqa: PLC0415 - the parent serves nothing
    from starlette.routing import Route  # noqa: PLC0415 - the parent serves nothing

    path, lock, ids, own = home / "bare.db", threading.Lock(), count(1), threading.local()

    def connected() -> sqlite3.Connection:
        if not hasattr(own, "connection"):
            own.connection = sqlite3.connect(path, isolation_level=None)
            own.connection.execute("PRAGMA synchronous=FULL")
        return own.connection

    connected().executescript(
        "PRAGMA journal_mode=WAL; CREATE TABLE campaign (id TEXT PRIMARY KEY, version INT); CREATE TABLE clock (offset INT);"
        "CREATE TABLE work (id TEXT PRIMARY KEY, campaign TEXT, unit TEXT, content TEXT, revision INT);"
        "CREATE INDEX work_unit ON work (campaign, unit, id); CREATE TABLE sequence (subject TEXT PRIMARY KEY, last INT);"
        "CREATE TABLE log (id INTEGER PRIMARY KEY, event TEXT UNIQUE, subject TEXT, data BLOB);"
        "CREATE INDEX log_subject ON log (subject);"
    )
    connected().execute("INSERT INTO campaign VALUES (?, 1)", (CAMPAIGN,))
    connected().execute("INSERT INTO clock VALUES (0)")

    def write(body: dict[str, Any]) -> str:
        work_id, content, connection = f"w-{next(ids)}", json.dumps(body["fields"], ensure_ascii=False), connected()
        with lock:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("SELECT version FROM campaign WHERE id = ?", (body["campaign_id"],)).fetchone()
            connection.execute("SELECT offset FROM clock").fetchone()
            connection.execute("INSERT INTO work VALUES (?, ?, 'u', ?, 1)", (work_id, body["campaign_id"], content))
            count_up = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last"
            connection.execute(count_up, (work_id,)).fetchone()
            row = (f"e-{work_id}", work_id, content.encode())
            connection.execute("INSERT INTO log (event, subject, data) VALUES (?, ?, ?)", row)
            connection.execute("COMMIT")
        return work_id

    async def create(request: Request) -> Response:
        body = json.loads(await request.body())
        work_id = await run_in_threadpool(write, body)
        return JSONResponse({"work_id": work_id, "revision": 1, **body}, 201)

    app = Starlette(routes=[Route("/works", create, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


def serve_product(home: Path, *, alone: bool) -> None:
    """Serve the product as `laurel up` does, all five services or intake alone, logging into nothing."""
    import uvloop  # noqa: PLC0415 - the parent serves nothing

    from services import runtime  # noqa: PLC0415 - the parent serves nothing
    from services.intake.main import INTAKE  # noqa: PLC0415 - the parent serves nothing
    from services.kernel import logs  # noqa: PLC0415 - the parent serves nothing

    definitions = (INTAKE,) if alone else runtime.DEFINITIONS
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        logs.configure("info", nowhere)
        platform = runtime.Platform(_settings(home), definitions=definitions)
        platform.start()
        try:
            uvloop.run(runtime._serve(platform, lambda _platform, address: print(address.rsplit(":")[-1], flush=True)))  # noqa: SLF001 - `serve` takes no definitions
        finally:
            platform.stop()


def _settings(home: Path) -> Any:
    from services.kernel.settings import Settings  # noqa: PLC0415 - the bare server needs none

    return Settings(home=home, port=0, rehearsal=True)


# --- a home with a published campaign -------------------------------------------------------------------------------


def prepare(home: Path, grown: int) -> str:
    """Make a home where the campaign is published, on a day when works are entered; return a liaison's token."""
    from services.intake.main import INTAKE  # noqa: PLC0415 - the servers import less
    from services.kernel.auth import Limits, Principal, Role, mint  # noqa: PLC0415 - as above
    from services.kernel.ids import new_id  # noqa: PLC0415 - as above
    from services.runtime import Platform  # noqa: PLC0415 - as above

    platform = Platform(_settings(home), definitions=(INTAKE,))
    platform.start()
    try:
        context = platform.services["intake"].context
        context.database.call(lambda transaction: _publish(transaction, context.keys))
        who = Principal(new_id(), new_id(), Role.LIAISON, "yunzhan")
        for _ in range(grown):
            context.database.call(lambda transaction: _enter(transaction, context.keys, who))
        now = context.clock.now()
        return mint(context.keys, who, begun_at=now, now=now, limits=Limits())
    finally:
        platform.stop()


def _publish(transaction: Any, keys: Any) -> None:
    from services.intake.actions import campaigns, clock  # noqa: PLC0415 - the servers import less
    from services.intake.store import campaigns as store  # noqa: PLC0415 - as above
    from services.kernel.auth import Principal, Role  # noqa: PLC0415 - as above

    folder = ROOT / "campaigns"
    source, units = (folder / f"{CAMPAIGN}.yaml").read_bytes(), (folder / "units" / "jiangzhou.yaml").read_bytes()
    clerk, head = Principal("clerk", "s", Role.CLERK), Principal("head", "s", Role.HEAD)
    read = campaigns.read_files(campaigns.Files(campaign=source, units=units), lambda _name: None)
    campaigns.draft(transaction, clerk, read, rehearsal=True)
    for reading in read.campaign.readings:
        values = {"option": reading.chosen, "account_id": "clerk", "confirmed_at": transaction.now}
        store.confirm_reading(transaction.connection, CAMPAIGN, reading.id, **values)
    campaigns.request_publication(transaction, who=clerk, campaign_id=CAMPAIGN, rehearsal=True)
    campaigns.confirm_publication(transaction, head, keys, CAMPAIGN, transaction.now, rehearsal=True)
    clock.change(transaction, clerk, clock.Change(runs_from=ENTERED), transaction.now, rehearsal=True)


def _enter(transaction: Any, keys: Any, who: Any) -> None:
    from services.intake.actions import works  # noqa: PLC0415 - the servers import less

    named = {"campaign_id": CAMPAIGN, "track_id": None, "fields": FIELDS, "received": transaction.now}
    works.enter(transaction, keys, who, **named)


# --- measuring ------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A server at work: its process, port and what every request to it says."""

    process: subprocess.Popen[str]
    port: int
    request: bytes

    def cpu_s(self) -> float:
        """Return the CPU seconds it has used, of all its threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def running(variant: str, home: Path, token: str) -> Iterator[Server]:
    """Run one of the servers."""
    command = [sys.executable, "-m", "bench.submissions", "--serve", variant, "--home", str(home)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        port = int(process.stdout.readline())
        head = f"POST /works HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        yield Server(process, port, f"{head}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    finally:
        process.terminate()
        process.wait(30)


async def client(server: Server, requests: int, waits_s: list[float]) -> None:
    """Send requests one after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _ in range(requests):
        began = time.perf_counter()
        writer.write(server.request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 201"):
            raise SystemExit(f"it was answered {head!r}")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        waits_s.append(time.perf_counter() - began)
    writer.close()


@dataclass(frozen=True)
class Figure:
    """One round at one number of clients."""

    cpu_ms: float
    rate: float
    p50_ms: float
    p99_ms: float


async def measure(server: Server, clients: int, requests: int) -> Figure:
    """Let so many clients send so many requests together."""
    waits_s: list[float] = []
    cpu, began = server.cpu_s(), time.perf_counter()
    each = requests // clients
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client(server, each, waits_s))
    wall, sent = time.perf_counter() - began, each * clients
    await asyncio.sleep(0.3)  # what the other services do about it counts, too
    cuts = quantiles(waits_s, n=100)
    return Figure((server.cpu_s() - cpu) / sent * 1000, sent / wall, cuts[49] * 1000, cuts[98] * 1000)


def syncs(server: Server, clients: int, requests: int) -> float | None:
    """Return fsyncs a request as strace counts them, None without strace."""
    if shutil.which("strace") is None:
        return None
    with tempfile.NamedTemporaryFile("r") as report:
        command = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", report.name, "-p", str(server.process.pid)]
        tracer = subprocess.Popen(command)
        time.sleep(1)
        asyncio.run(measure(server, clients, requests))
        tracer.terminate()
        tracer.wait(10)
        return sum("sync(" in line for line in report) / requests


def show(found: dict[tuple[str, int], list[Figure]]) -> None:
    """Print the medians, each beside its reference."""
    for (variant, clients), figures in found.items():
        reference = median(figure.cpu_ms for figure in found["bare", clients])
        cpu, rate, p50, p99 = (median(values) for values in zip(*map(astuple, figures), strict=True))
        print(
            f"{clients:2} clients  {NAMES[variant]:26} {cpu:5.2f} ms CPU  {cpu / reference:5.2f} ×  "
            f"{rate:6.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms"
        )


def compare(folder: Path, variant: str, rounds: int, requests: int, grown: int) -> None:
    """Measure one way of running the product and the bare server in turn."""
    (folder / "bare").mkdir()
    token = prepare(folder / variant, grown)
    found: dict[tuple[str, int], list[Figure]] = {}
    with running("bare", folder / "bare", "") as bare, running(variant, folder / variant, token) as product:
        for number in range(rounds + 1):
            for clients in (1, 50):
                for name, server in (("bare", bare), (variant, product)):
                    figure = asyncio.run(measure(server, clients, requests))
                    if number:
                        found.setdefault((name, clients), []).append(figure)
        show(found)
        counted = syncs(product, 50, requests)
    print(f"fsyncs a request at 50 clients: {'strace is missing' if counted is None else format(counted, '.2f')}")


def main() -> None:
    """Parse the command line; serve, or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--grown", type=int, default=0)
    parser.add_argument("--only", choices=VARIANTS[1:])
    parser.add_argument("--serve", choices=VARIANTS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve == "bare":
        serve_bare(options.home)
    elif options.serve:
        serve_product(options.home, alone=options.serve == "intake")
    else:
        for variant in [options.only] if options.only else VARIANTS[1:]:
            with tempfile.TemporaryDirectory() as folder:
                compare(Path(folder), variant, options.rounds, options.requests, options.grown)


if __name__ == "__main__":
    main()
