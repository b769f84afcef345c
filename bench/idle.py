"""What the idle platform carries: resident memory of `laurel up` with five services, beside a bare FastAPI of five apps.

Read from /proc once it answers, and again after 300 requests. Target: at most 140 MB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
REQUESTS = 300
BARE = """
import socket, uvicorn
from fastapi import FastAPI
from prometheus_client import Counter
from sqlalchemy import create_engine
outer = FastAPI()
for number in range(5):
    app = FastAPI()
    app.get("/healthz")(lambda: {"status": "ok"})
    outer.mount(f"/{number}", app)
outer.get("/healthz")(lambda: {"status": "ok"})
create_engine("sqlite://").connect().close()
listening = socket.create_server(("127.0.0.1", 0))
print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
uvicorn.Server(uvicorn.Config(outer, log_config=None)).run(sockets=[listening])
"""


def resident_mb(pid: int) -> float:
    """Return the resident set in MB (10^6 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024 / 1e6


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Run a server until its first line that holds an address; stop it at the end."""
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | environment
    )
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        words = (word for line in process.stdout for word in line.split())
        yield process.pid, next(word[word.index("http://") :] for word in words if "http://" in word)
    finally:
        process.terminate()
        process.wait(30)


def main() -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as home:
        ours = [sys.executable, "-m", "services", "up", "--home", home, "--rehearsal", "--port", "0"]
        for name, command in (("bare FastAPI, five apps", [sys.executable, "-c", BARE]), ("laurel up, idle", ours)):
            with running(command, {}) as (pid, address):
                time.sleep(2)
                first = resident_mb(pid)
                with httpx.Client(base_url=address) as http:
                    for _ in range(REQUESTS):
                        http.get("/healthz").raise_for_status()
                print(f"{name:26} {first:6.1f} MB, after {REQUESTS} requests {resident_mb(pid):6.1f} MB")


if __name__ == "__main__":
    main()
