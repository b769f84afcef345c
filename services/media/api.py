"""HTTP: how far a file's judging is, and signed bytes in ranges."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from services.kernel.auth import BYTES_QUERY, BytesGrant, Principal, Role, bytes_url, check_bytes_url
from services.kernel.errors import NotFound
from services.kernel.web import Ctx, Router, answer, perform, require, signed_address
from services.media import actions, store
from services.media.domain.ranges import Part, UnsatisfiableError, part_of

router = Router()

_PEOPLE = (Role.LIAISON, Role.UNIT_HEAD, Role.CLERK, Role.HEAD, Role.OPERATOR)
_OWN_UNIT_ONLY = frozenset({Role.LIAISON, Role.UNIT_HEAD})
_LOOK_AT_PERSONAL = frozenset({Role.LIAISON, Role.UNIT_HEAD, Role.CLERK, Role.HEAD})
_STATES = {"queued": "waiting", "running": "working", "failed": "failed"}
_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}
_RENDITIONS = "renditions/"
_SEALED = "default-src 'none'; sandbox"

Person = Annotated[Principal, require(*_PEOPLE)]


@router.get("/assets/{asset_id}")
async def asset(request: Request, context: Ctx, who: Person, asset_id: str) -> Response:
    """Tell a file's state, progress, verdict and what there is to look at; to its own unit and the organiser."""
    told = await context.database.read(lambda rows: _told(rows, asset_id, who))
    sign = partial(_signed, context, who)
    told["looks"] = {name: sign(key) for name, key in told["looks"].items() if key}
    told["frames"] = [{"at_s": at_s, "url": sign(key)} for at_s, key in told["frames"]]
    return answer(request, told)


@router.post("/assets/{asset_id}/retry")
async def try_again(request: Request, context: Ctx, who: Person, asset_id: str) -> Response:
    """Let a file whose processing failed be tried again."""
    await context.database.read(lambda rows: _asset(rows, asset_id, who))
    return await perform(request, partial(_retried, asset_id=asset_id), status=202)


@router.api_route("/bytes/{object_key:path}", methods=["GET", "HEAD"], dependencies=[signed_address("bytes", BYTES_QUERY)])
async def read_bytes(request: Request, context: Ctx, object_key: str) -> Response:
    """Serve an object, or a range of it, to whoever holds its signed address, while the account it was signed for lives."""
    grant = check_bytes_url(context.keys, object_key, request.query_params, now=context.clock.now())
    if f"account/{grant.account_id}" in context.revocations:
        raise NotFound
    size_bytes = context.store.size(object_key)
    if size_bytes is None:
        raise NotFound
    headers = _headers(grant, object_key, size_bytes)
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(None, 304, headers)
    stated = request.headers.get("if-range")
    wanted = request.headers.get("range") if stated in {None, headers["ETag"]} else None
    try:
        part = part_of(wanted, size_bytes)
    except UnsatisfiableError:
        return Response(None, 416, {**headers, "Content-Range": f"bytes */{size_bytes}"})
    return _sent(request, context.store.read(object_key, part.start, part.length), part, headers, size_bytes)


def _told(rows: Any, asset_id: str, who: Principal) -> dict[str, Any]:
    found = _asset(rows, asset_id, who)
    standing = actions.standing_under(rows, found)
    job = store.job_of(rows, actions.JUDGE, actions.job_key(asset_id, standing)) or {}
    judged = store.judgement_of(rows, asset_id, standing) or {}
    shown = who.role in _LOOK_AT_PERSONAL or not actions.is_personal(rows, found)
    looks = (store.rendition_of(rows, asset_id) or {}) if shown else {}
    encoding = store.job_of(rows, actions.RENDER, asset_id) or {}
    state = "retired" if found.retired else "judged" if judged else _STATES.get(job.get("state", ""), "waiting")
    return {
        "asset_id": asset_id,
        "work_id": found.work_id,
        "campaign_id": found.campaign_id,
        "campaign_hash": standing,
        "slot": found.slot,
        "sha256": found.sha256,
        "size_bytes": found.size_bytes,
        "state": state,
        "percent": 100 if judged else job.get("percent", 0),
        "stage": "核验完成" if judged else job.get("label") or "等待核验",
        "reason": None if judged else job.get("reason"),
        **{name: judged.get(name) for name in ("verdict", "summary", "findings", "remedies", "duration_s")},
        "looks": {name: looks.get(f"{name}_key") for name in ("preview", "poster", "sheet", "waveform")},
        "frames": looks.get("frames", []),
        "preview_withdrawn": looks.get("withdrawn"),
        "encoding": {name: encoding.get(name) for name in ("state", "percent", "label", "reason")} if encoding else None,
    }


def _asset(rows: Any, asset_id: str, who: Principal) -> store.Asset:
    """Return the file, if this person may know that it exists. Raises NotFound."""
    found = store.asset_of(rows, asset_id)
    if found is None or (who.role in _OWN_UNIT_ONLY and who.unit_id != found.unit_id):
        raise NotFound
    if who.campaign_id not in {None, found.campaign_id}:
        raise NotFound
    return found


def _retried(transaction: Any, asset_id: str) -> dict[str, str]:
    actions.try_again(transaction, asset_id)
    return {"asset_id": asset_id, "state": "waiting"}


def _signed(context: Any, who: Principal, object_key: str) -> str:
    expires_at = context.clock.now() + timedelta(seconds=context.settings.bytes_url_lifetime_s)
    return bytes_url(context.keys, "/bytes/", BytesGrant(object_key, who.account_id, "look", expires_at))


def _headers(grant: BytesGrant, object_key: str, size_bytes: int) -> dict[str, str]:
    """Return the headers of an object. An original is never shown in the browser, whatever it says it is."""
    suffix = object_key[object_key.rfind(".") :] if object_key.startswith(_RENDITIONS) else ""
    shown = suffix in _TYPES
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": f'"{_digest(object_key, size_bytes)}"',
        "Content-Type": _TYPES.get(suffix, "application/octet-stream"),
        "Content-Disposition": "inline" if shown else "attachment",
        "Content-Security-Policy": _SEALED,
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
    }
    if grant.filename:
        headers["Content-Disposition"] += f"; filename*=UTF-8''{quote(grant.filename, safe='')}"
    return headers


def _digest(object_key: str, size_bytes: int) -> str:
    """Tell objects apart: a key names one original and what was made of it, and neither changes."""
    return hashlib.sha256(f"{object_key} {size_bytes}".encode()).hexdigest()[:32]


def _sent(request: Request, chunks: Iterator[bytes], part: Part, headers: dict[str, str], size_bytes: int) -> Response:
    headers["Content-Length"] = str(part.length)
    if part.partial:
        headers["Content-Range"] = f"bytes {part.start}-{part.start + part.length - 1}/{size_bytes}"
    status = 206 if part.partial else 200
    if request.method == "HEAD" or not part.length:
        return Response(None, status, headers)
    return StreamingResponse(chunks, status, headers)
