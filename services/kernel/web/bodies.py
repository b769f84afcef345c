"""Request bodies: read once, limited, and parsed without forgiving what two programs would read differently."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import APIRouter, params
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.kernel.errors import Invalid, Problem, TooLarge
from services.kernel.text import without_hidden
from services.kernel.web.queries import check_query, query_names
from services.kernel.web.texts import check_text, too_deep

MAX_SHOWN = 40
INT64 = 2**63
INT64_DIGITS = 20  # with a sign
JSON_TYPE = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;\s*charset=(\"?)utf-?8\1\s*)?", re.IGNORECASE)


class UnsupportedMediaType(Problem):
    """415: the body is said to be something else than what this address takes."""

    status = 415
    kind = "unsupported-media-type"


class StrictRequest(Request):
    """A request whose body is limited and whose JSON is strict."""

    limit_bytes: int

    async def body(self) -> bytes:
        """Return the whole body. Raises `TooLarge`, or `Timeout` from the edge."""
        if not hasattr(self, "_body"):
            self._body = await _limited(self, self.limit_bytes)
        return self._body

    async def json(self) -> Any:
        """Return the parsed body. Raises `Invalid` or `Unprocessable`."""
        if not hasattr(self, "_json"):
            self._json = parse_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """A route that reads its JSON body strictly before FastAPI looks at it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()
        dependant, known = self.dependant, query_names(self.dependant)
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive, request._send)  # noqa: SLF001 - Starlette offers no copy
            strict.limit_bytes = request.app.state.context.settings.json_max_bytes
            check_query(strict.query_params, dependant, known)
            if takes_json and await strict.body():
                _check_type(strict)
                await strict.json()
            return await handle(strict)

        return strictly


class Router(APIRouter):
    """The router that services use: its routes read bodies strictly."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=StrictRoute, redirect_slashes=False, **options)


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the raw body of a route that takes no JSON. Raises `TooLarge` beyond `limit_bytes`."""
    assert isinstance(request, StrictRequest)  # noqa: S101 - build_app admits no other route
    request.limit_bytes = limit_bytes
    return await request.body()


def parse_json(raw: bytes) -> Any:
    """Parse one JSON document. Raises `Invalid` where programs would differ, `Unprocessable` for text nobody can type."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise _unreadable(
            f"内容不是UTF-8编码（第{broken.start + 1}字节处），请改用UTF-8。", f"Not UTF-8 at byte {broken.start + 1}."
        ) from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as broken:
        raise _unreadable(
            f"内容不是完整的JSON（第{broken.lineno}行第{broken.colno}列），请核对。",
            f"Not JSON at line {broken.lineno} column {broken.colno}: {broken.msg}.",
        ) from None
    except RecursionError:
        raise too_deep() from None
    check_text(value)
    return value


def _check_type(request: Request) -> None:
    if not JSON_TYPE.fullmatch(request.headers.get("content-type", "").strip()):
        raise UnsupportedMediaType(
            "请以UTF-8编码的application/json提交。", "Send application/json in UTF-8.", headers={"Accept": "application/json"}
        )


async def _limited(request: Request, limit_bytes: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    chunks: list[bytes] = []
    room = limit_bytes
    async for chunk in request.stream():
        room -= len(chunk)
        if room < 0:
            raise _too_large(limit_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(
        f"内容超过{limit_bytes:,}字节，不能接收。请精简后再提交。",
        f"The body exceeds {limit_bytes} bytes.",
        limit_bytes=limit_bytes,
    )


def _unreadable(message: str, detail: str) -> Invalid:
    return Invalid(message, detail, kind="invalid-json")


def _integer(digits: str) -> int:
    if len(digits) > INT64_DIGITS or not -INT64 <= int(digits) < INT64:
        raise _unreadable("内容中的整数过大，不能读取。", "An integer does not fit 64 bits.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _unreadable("内容中的数字过大，不能读取。", "A number is out of range.")
    return number


def _constant(name: str) -> NoReturn:
    raise _unreadable(f"JSON中没有{name}这个数，请核对。", f"{name} is not JSON.")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = without_hidden(next(name for name in names if names.count(name) > 1)[:MAX_SHOWN])
        raise _unreadable(f"“{twice}”出现了两次，请只保留一处。", f"Duplicate member {twice!r}.")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_int=_integer, parse_float=_number, parse_constant=_constant)
