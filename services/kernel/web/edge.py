"""The edge of a service: what happens to every request before and after its route, in one plain ASGI middleware."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kernel import metrics
from services.kernel.errors import Forbidden, NotFound, Problem
from services.kernel.logs import next_traceparent, tracing
from services.kernel.service import Context
from services.kernel.text import hidden_at
from services.kernel.web.access import COOKIE
from services.kernel.web.exchange import SCOPE_KEY, Exchange
from services.kernel.web.paths import route_template
from services.kernel.web.problems import problem_response, unexpected

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
UPLOAD_CHUNK = "application/offset+octet-stream"
CLIENT_GONE = 499
KNOWN_METHODS = metrics.METHOD.values or frozenset()

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
DEFAULT_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
)
WANTED = frozenset({b"traceparent", b"origin", b"host", b"cookie", b"authorization", b"content-type", b"sec-fetch-site"})


class Edge:
    """Stamps writes, times bodies, traces, counts, logs, guards cookies, and answers what nobody else answered."""

    def __init__(self, app: ASGIApp, *, context: Context) -> None:
        self._app = app
        self._context = context
        self._service = context.name
        self._meters = _Meters(self._service)
        self._log = structlog.get_logger()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = _wanted(scope["headers"])
        exchange = self._begin(scope, headers)
        scope[SCOPE_KEY] = exchange
        began = time.perf_counter()
        reply = _Reply(send)
        try:
            with tracing(exchange.traceparent):
                await self._serve(scope, headers, exchange.timed(receive), reply)
                self._account(scope, reply.status, time.perf_counter() - began)
        finally:
            exchange.release()

    def _begin(self, scope: Scope, headers: dict[bytes, str]) -> Exchange:
        exchange = Exchange(next_traceparent(headers.get(b"traceparent")), self._context.stamps)
        if _is_stamped(scope["method"], headers):
            exchange.stamp = self._context.stamps.begin()
            exchange.body_deadline = asyncio.get_running_loop().time() + self._context.settings.body_timeout_s
        return exchange

    async def _serve(self, scope: Scope, headers: dict[bytes, str], receive: Receive, reply: _Reply) -> None:
        try:
            self._guard(scope, headers)
            await self._app(scope, receive, reply.send)
        except Problem as problem:
            await problem_response(problem)(scope, receive, reply.send)
        except ClientDisconnect:
            reply.status = CLIENT_GONE
        except Exception as exception:
            told = unexpected(exception)
            if reply.status:
                raise
            await problem_response(told)(scope, receive, reply.send)

    def _guard(self, scope: Scope, headers: dict[bytes, str]) -> None:
        if hidden_at(scope["path"]) is not None:
            raise NotFound
        if scope["method"] not in SAFE_METHODS and not self._is_own(headers):
            raise Forbidden(
                "请在本平台的页面上进行这一步。", "A write by cookie must come from this origin.", kind="cross-origin"
            )

    def _is_own(self, headers: dict[bytes, str]) -> bool:
        """Whether a write may have come from one of our own pages, or needs no such proof."""
        if b"authorization" in headers:
            return True
        origin = headers.get(b"origin")
        if origin is None:
            by_cookie = f"{COOKIE}=" in headers.get(b"cookie", "")
            return not by_cookie or headers.get(b"sec-fetch-site") == "same-origin"
        if own := self._context.settings.public_origin:
            return origin == own
        return origin.partition("://")[2] == headers.get(b"host")

    def _account(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = route_template(scope), scope["method"]
        self._meters.count(method, route, status, seconds)
        self._log.info("request", service=self._service, method=method, route=route, status=status, ms=round(seconds * 1000, 2))


class _Reply:
    """Watches an answer on its way out and adds the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), *self._added(message.get("headers", ()))]
        await self._send(message)

    @staticmethod
    def _added(given: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
        names = {name for name, _ in given}
        return (*SECURITY_HEADERS, *(header for header in DEFAULT_HEADERS if header[0] not in names))


class _Meters:
    """A service's request metrics, with the children that were used before at hand."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._counters: dict[tuple[str, str, int], Counter] = {}
        self._seconds: dict[tuple[str, str], Histogram] = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        known = method if method in KNOWN_METHODS else metrics.ELSEWHERE
        counter = self._counters.get((known, route, status // 100))
        if counter is None:
            counter = metrics.REQUESTS.labels(self._service, known, route, f"{status // 100}xx")
            self._counters[known, route, status // 100] = counter
        counter.inc()
        histogram = self._seconds.get((known, route))
        if histogram is None:
            histogram = self._seconds[known, route] = metrics.REQUEST_SECONDS.labels(self._service, known, route)
        histogram.observe(seconds)


def _wanted(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in headers if name in WANTED}


def _is_stamped(method: str, headers: dict[bytes, str]) -> bool:
    """Every write, except the chunk of an upload: its creation was stamped."""
    return method not in SAFE_METHODS and not (method == "PATCH" and headers.get(b"content-type") == UPLOAD_CHUNK)
