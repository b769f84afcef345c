"""A small client of the public HTTP API: sessions, JSON, tus uploads. It knows nothing of the platform's code."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

CHUNK = 8 * 1024 * 1024


class Refused(Exception):
    """The platform answered with a problem document; `message` is its Chinese sentence."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status} {document.get('message') or document}")
        self.status = status
        self.document = document
        self.message = str(document.get("message", ""))


@dataclass
class Person:
    """Somebody with a session, or without one."""

    http: httpx.Client
    token: str = ""
    account: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def at(cls, address: str) -> Person:
        """Return somebody who has not signed in."""
        return cls(httpx.Client(base_url=address, timeout=60, trust_env=False))

    def other(self) -> Person:
        """Return somebody else at the same address."""
        return Person(self.http)

    def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any) -> Any:
        """Ask, and return the JSON of the answer. Raises `Refused`."""
        response = self.raw(method, path, body, headers=headers, **query)
        if response.headers.get("content-type", "").partition(";")[0] == "application/json":
            return response.json()
        return response.content

    def raw(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """Ask, and return the answer. Raises `Refused`."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent.update(headers or {})
        how: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
        response = self.http.request(method, path, headers=sent, params=query or None, **how)
        self.http.cookies.clear()  # several people share the connection; each is known by a token
        if response.is_error:
            try:
                document = response.json()
            except ValueError:
                document = {"message": response.text}
            raise Refused(response.status_code, document)
        return response

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        return self.call("GET", path, **query)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        """Act."""
        return self.call("POST", path, body if body is not None else {}, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        """Set."""
        return self.call("PUT", path, body if body is not None else {}, **options)

    def register(self, code: str, name: str, mobile: str, email: str, password: str = "桂花-2024-开在渡口") -> Person:  # noqa: S107 - an invented person's
        """Redeem a code and be signed in."""
        told = {"code": code, "name": name, "mobile": mobile, "email": email, "password": password}
        answer = self.post("/accounts", told)
        return Person(self.http, answer["token"], {**answer["account"], "message": answer.get("message", "")})

    def upload(
        self, path: Path, work_id: str, slot: str = "video", *, progress: Callable[[int, int], None] = lambda _d, _t: None
    ) -> str:
        """Upload a file by tus 1.0 and return the upload's id."""
        address = self.begin_upload(path, work_id, slot)
        self.send(address, path, progress=progress)
        return address.split("?")[0].rsplit("/", 1)[1]

    def begin_upload(self, path: Path, work_id: str, slot: str = "video") -> str:
        """Create an upload and return its address."""
        pairs = {"filename": path.name, "work": work_id, "slot": slot}
        metadata = ",".join(f"{name} {b64encode(value.encode()).decode()}" for name, value in pairs.items())
        headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(path.stat().st_size), "Upload-Metadata": metadata}
        return str(self.raw("POST", "/uploads", b"", headers=headers).headers["Location"])

    def send(
        self,
        address: str,
        path: Path,
        *,
        stop_at: int | None = None,
        progress: Callable[[int, int], None] = lambda _d, _t: None,
    ) -> int:
        """Send from where the platform says it is, at most to `stop_at`; return the offset."""
        tus = {"Tus-Resumable": "1.0.0"}
        offset = int(self.raw("HEAD", address, headers=tus).headers["Upload-Offset"])
        size = path.stat().st_size
        with path.open("rb") as file:
            while offset < min(size, stop_at or size):
                file.seek(offset)
                chunk = file.read(min(CHUNK, (stop_at or size) - offset))
                kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
                offset = int(self.raw("PATCH", address, chunk, headers={**tus, **kind}).headers["Upload-Offset"])
                progress(offset, size)
        return offset

    def until(self, path: str, ready: Callable[[Any], bool], *, seconds: float = 120, **query: Any) -> Any:
        """Read again and again until it is as wished. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not ready(told := self.get(path, **query)):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} did not become what was wished: {str(told)[:500]}")
            time.sleep(0.1)
        return told
