"""What the tests of uploads share: a real server in a process of its own, and the requests of a client."""

from __future__ import annotations

import base64
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.keys import Keys

ROOT = Path(__file__).resolve().parents[2]
SERVER = Path(__file__).with_name("upload_server.py")
TYPE = "application/offset+octet-stream"
MIB = 1024 * 1024


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def metadata(**pairs: str) -> str:
    values = {"work": "w-1", "slot": "video", "filename": "成片.mp4", **pairs}
    return ",".join(f"{key} {b64(value)}" for key, value in values.items())


@dataclass
class Server:
    """One server process on a home; it may be killed and started again."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    wrapper: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    address: str = ""

    def start(self, **environment: str) -> Server:
        values = {**os.environ, "PYTHONPATH": str(ROOT), **self.environment, **environment}
        command = [*self.wrapper, sys.executable, str(SERVER), str(self.home)]
        log = self.home.with_suffix(".log")
        with log.open("w") as output:
            self.process = subprocess.Popen(command, env=values, stdout=output, cwd=ROOT)
        self.address = eventually(lambda: self._announced(log), 30)
        return self

    def _announced(self, log: Path) -> str:
        assert self.process is not None
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}"
        return next((line.strip() for line in log.read_text().splitlines() if line.startswith("http://")), "")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(20)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def token(self, *, role: Role = Role.LIAISON, unit_id: str | None = "u-1") -> str:
        now = datetime.now(UTC)
        return mint(
            Keys.open(self.home / "keys"), Principal("a-1", "s-1", role, unit_id), begun_at=now, now=now, limits=Limits()
        )

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}", "Tus-Resumable": "1.0.0", **more}

    def create(
        self, length: int, *, content: bytes | None = None, headers: dict[str, str] | None = None, **pairs: str
    ) -> httpx.Response:
        stated = {"Upload-Length": str(length), "Upload-Metadata": metadata(**pairs), **(headers or {})}
        if content is not None:
            stated.setdefault("Content-Type", TYPE)
        return httpx.post(f"{self.address}/uploads", headers=self.headers(**stated), content=content, timeout=60)

    def begin(self, length: int, **pairs: str) -> str:
        answer = self.create(length, **pairs)
        assert answer.status_code == 201, answer.text
        return self.address + answer.headers["Location"]

    def here(self, url: str) -> str:
        """Return the address of an upload on the server as it runs now."""
        parts = urlsplit(url)
        return f"{self.address}{parts.path}?{parts.query}"

    def patch(self, url: str, offset: int, content: Any, **headers: str) -> httpx.Response:
        stated = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), "Content-Type": TYPE, **headers}
        return httpx.patch(self.here(url), headers=stated, content=content, timeout=120)

    def head(self, url: str) -> httpx.Response:
        return httpx.head(self.here(url), headers={"Tus-Resumable": "1.0.0"}, timeout=60)

    def offset(self, url: str) -> int:
        answer = self.head(url)
        assert answer.status_code == 200, answer.status_code
        return int(answer.headers["Upload-Offset"])

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        with sqlite3.connect(f"file:{self.home / 'intake.db'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, arguments)]

    def upload(self, url: str) -> dict[str, Any]:
        return self.rows("SELECT * FROM upload WHERE id = ?", upload_id(url))[0]

    def events(self, url: str) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM outbox WHERE subject = ?", f"upload/{upload_id(url)}")

    def object_path(self, url: str) -> Path:
        return self.home / "objects" / str(self.upload(url)["object_key"])

    def part_path(self, url: str) -> Path:
        return self.home / "intake" / "uploads" / f"{upload_id(url)}.part"


def upload_id(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1]


@contextmanager
def raw_patch(url: str, offset: int, announced: int, *, chunked: bool = False) -> Iterator[socket.socket]:
    """Open a connection on which a PATCH has been announced and no byte of its body sent."""
    parts = urlsplit(url)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {announced}"
    head = (
        f"PATCH {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: {offset}\r\nContent-Type: {TYPE}\r\n{length}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30) as connection:
        connection.sendall(head.encode())
        yield connection


def eventually(condition: Any, timeout_s: float = 60.0) -> Any:
    """Return the first true value of a condition; fail when there is none in time."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError("it did not come about in time")
