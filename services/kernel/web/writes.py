"""The one way an endpoint writes: one piece of work, once for each Idempotency-Key, answered with what it returned."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from services.kernel.errors import Changed, Invalid, PreconditionRequired, Unprocessable
from services.kernel.instants import to_us
from services.kernel.ports import Database, Piece, Transaction
from services.kernel.web.exchange import exchange_of
from services.kernel.web.paths import route_template

JSON = "application/json"
KEY = re.compile(r"[\x21-\x7e]{1,200}")
ETAG = re.compile(r'"(\d{1,18})"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What a piece of work returns when its body alone does not say all. `revision` becomes the ETag."""

    body: Any = None
    revision: int | None = None
    location: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer in bytes, as it is sent and kept."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Return it as a response."""
        return Response(self.body, self.status, self.headers, JSON if self.body else None)


async def perform(request: Request, piece: Piece[Any], *, status: int = 200) -> Response:
    """Run the piece in the service's transaction and answer with what it returns, once that is durable.

    The piece returns a model, dataclass, mapping, None, or an `Answer`; a `revision` in it becomes the ETag. With an
    Idempotency-Key the answer of a success is kept in the same transaction, per account and route, and given again byte
    for byte. Raises what the piece raises, with nothing of it kept; `Unprocessable` when the key came with another body.
    """
    database: Database = request.app.state.context.database
    kept = await _Kept.of(request)

    def run(transaction: Transaction) -> Rendered:
        if kept is None:
            return render(piece(transaction), status)
        return kept.find(transaction) or kept.keep(transaction, render(piece(transaction), status))

    try:
        rendered = await database.submit(run)
    except Changed as changed:
        changed.extra.setdefault("submitted", await _submitted(request))
        raise
    return rendered.response()


def answer(request: Request, value: Any, *, revision: int | None = None) -> Response:
    """Answer a read. With a revision: an ETag, and 304 when the request names it in `If-None-Match`."""
    rendered = render(value if revision is None else Answer(value, revision), 200)
    known = request.headers.get("if-none-match")
    if known is not None and known == rendered.headers.get("ETag"):
        return Response(None, 304, rendered.headers)
    return rendered.response()


def render(value: Any, status: int) -> Rendered:
    """Turn what a piece returned into bytes and headers."""
    told = value if isinstance(value, Answer) else Answer(value, _revision_of(value))
    headers = {}
    if told.revision is not None:
        headers["ETag"] = f'"{told.revision}"'
    if told.location is not None:
        headers["Location"] = told.location
    return Rendered(told.status or status, b"" if told.body is None else to_json(told.body), headers)


async def _if_match(request: Request) -> int | None:
    stated = request.headers.get("if-match")
    if stated is None:
        return None
    match = ETAG.fullmatch(stated.strip())
    if match is None:
        raise Invalid(
            'If-Match应为读取时得到的ETag，如"3"。', "If-Match must be one ETag as it was read.", kind="invalid-if-match"
        )
    return int(match.group(1))


async def _must_match(request: Request) -> int:
    revision = await _if_match(request)
    if revision is None:
        raise PreconditionRequired("请带上读取时的版本（If-Match）再提交。", "If-Match is required.")
    return revision


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The revision that the request names in `If-Match`, or None."""
MustMatch = Annotated[int, Depends(_must_match)]
"""The same, required: 428 without it."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The place of one Idempotency-Key in the table `idempotency`."""

    account: str
    route: str
    key: str
    body_hash: str

    @classmethod
    async def of(cls, request: Request) -> _Kept | None:
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not KEY.fullmatch(key):
            raise Invalid("Idempotency-Key应为1至200个可见字符。", "Idempotency-Key must be 1 to 200 visible ASCII characters.")
        principal = exchange_of(request.scope).principal
        address = request.scope["raw_path"] + b"?" + request.scope["query_string"]
        digest = hashlib.sha256(address + b"\0" + await request.body()).hexdigest()
        route = f"{request.method} {route_template(request.scope)}"
        return cls(principal.account_id if principal else "", route, key, digest)

    def find(self, transaction: Transaction) -> Rendered | None:
        """Take the key's row; return the answer it already holds. A twin waits here for the first one's commit."""
        created_at = to_us(transaction.now)
        taken = transaction.execute(
            "INSERT INTO idempotency (account, route, key, body_hash, status, headers, body, created_at)"
            " VALUES (?, ?, ?, ?, 0, '{}', '', ?) ON CONFLICT DO NOTHING",
            (self.account, self.route, self.key, self.body_hash, created_at),
        )
        if taken.rowcount == 1:
            return None
        row = transaction.execute(
            "SELECT body_hash, status, headers, body FROM idempotency WHERE account = ? AND route = ? AND key = ?",
            (self.account, self.route, self.key),
        ).fetchone()
        if row[0] != self.body_hash:
            raise Unprocessable(
                "同一个Idempotency-Key已用于另一份内容，请换一个再提交。",
                "This Idempotency-Key came with another body.",
                kind="idempotency-key-reused",
            )
        return Rendered(row[1], bytes(row[3]), json.loads(row[2]))

    def keep(self, transaction: Transaction, rendered: Rendered) -> Rendered:
        """Write the answer into the key's row."""
        transaction.execute(
            "UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE account = ? AND route = ? AND key = ?",
            (rendered.status, json.dumps(rendered.headers), rendered.body, self.account, self.route, self.key),
        )
        return rendered


def _revision_of(value: Any) -> int | None:
    revision = value.get("revision") if isinstance(value, Mapping) else getattr(value, "revision", None)
    return revision if isinstance(revision, int) else None


async def _submitted(request: Request) -> Any:
    return await request.json() if await request.body() else None
