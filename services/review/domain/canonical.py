"""Bytes that everybody computes alike: canonical JSON (RFC 8785), digests and commitments over it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

import rfc8785

Algorithm: TypeAlias = Literal["sha256", "sm3"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
NONCE_BYTES = 16
HEX_LENGTH = 64
ZERO = "0" * HEX_LENGTH

Json: TypeAlias = Mapping[str, Any]


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 bytes of a JSON value; numbers are integers only, points are strings."""
    return rfc8785.dumps(value)


def digest(alg: Algorithm, data: bytes) -> str:
    """Return the lower-case hexadecimal digest of `data`."""
    return hashlib.new(alg, data).hexdigest()


def commit(alg: Algorithm, nonce: bytes, value: Json) -> str:
    """Return the commitment to `value`: the digest of a fresh 128-bit nonce followed by the canonical JSON."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError(f"a nonce has {NONCE_BYTES} bytes, not {len(nonce)}")
    return digest(alg, nonce + canonical(value))
