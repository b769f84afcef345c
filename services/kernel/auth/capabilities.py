"""Addresses that carry their own permission: an upload's token, and signed addresses of bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from services.kernel.errors import Gone, NotFound
from services.kernel.keys import BadSignature, Keys, Purpose, base64url, from_base64url

UPLOAD_QUERY = frozenset({"token"})
BYTES_QUERY = frozenset({"kid", "for", "use", "exp", "sig", "name"})
"""What the query of a signed address holds."""


def upload_token(keys: Keys, upload_id: str, expires_at: datetime) -> str:
    """Return the token for the query of an upload's address: good for this upload alone, until it expires."""
    expiry = int(expires_at.timestamp())
    kid, signature = keys.sign(Purpose.UPLOAD, _message(upload_id, expiry))
    return f"{kid}.{expiry}.{base64url(signature)}"


def check_upload_token(keys: Keys, token: str, upload_id: str, *, now: datetime) -> None:
    """Raise `NotFound` unless the token was made for this upload, `Gone` when it has expired."""
    try:
        kid, expiry, signature = token.split(".")
        keys.check(Purpose.UPLOAD, kid, _message(upload_id, int(expiry)), from_base64url(signature))
    except (BadSignature, ValueError) as broken:
        raise NotFound from broken
    if now.timestamp() >= int(expiry):
        raise Gone("上传凭证已过期，请重新建立上传。", "The upload token has expired.")


@dataclass(frozen=True, slots=True)
class BytesGrant:
    """One person may read one object, for one purpose, until an instant; `filename` is what it is saved as.

    All of it stands in the address, so a grant holds nothing above T1.
    """

    object_key: str
    account_id: str
    purpose: str
    expires_at: datetime
    filename: str = ""


def bytes_url(keys: Keys, prefix: str, grant: BytesGrant) -> str:
    """Return `prefix` + object key with the signed grant in its query."""
    expiry = int(grant.expires_at.timestamp())
    kid, signature = keys.sign(Purpose.BYTES, _grant_message(grant, expiry))
    query = {"kid": kid, "for": grant.account_id, "use": grant.purpose, "exp": expiry, "sig": base64url(signature)}
    if grant.filename:
        query["name"] = grant.filename
    return f"{prefix}{quote(grant.object_key)}?{urlencode(query)}"


def check_bytes_url(keys: Keys, object_key: str, query: Mapping[str, str], *, now: datetime) -> BytesGrant:
    """Return the grant that a signed address states. Raises `NotFound` when it is not ours, `Gone` when it has expired."""
    try:
        expiry = int(query["exp"])
        expires_at = datetime.fromtimestamp(expiry, UTC)
        grant = BytesGrant(object_key, query["for"], query["use"], expires_at, query.get("name", ""))
        keys.check(Purpose.BYTES, query["kid"], _grant_message(grant, expiry), from_base64url(query["sig"]))
    except (BadSignature, KeyError, ValueError, OverflowError, OSError) as broken:
        raise NotFound from broken
    if now >= grant.expires_at:
        raise Gone("链接已过期，请刷新页面后再试。", "The signed address has expired.")
    return grant


def _grant_message(grant: BytesGrant, expiry: int) -> bytes:
    return _message(grant.object_key, grant.account_id, grant.purpose, expiry, grant.filename)


def _message(*parts: str | int) -> bytes:
    """A list of values in bytes that no other list has."""
    return json.dumps(parts, separators=(",", ":")).encode()
