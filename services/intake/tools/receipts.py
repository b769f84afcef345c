"""Receipts as signed documents: a compact JWS (RFC 7515) by Ed25519, `alg` Ed25519 (RFC 9864), `typ` laurel-receipt+jws."""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterable
from typing import Any, cast

from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import ValidationError

from services.intake.domain.receipts import Receipt
from services.kernel.keys import Keys, Purpose

TYPE = "laurel-receipt+jws"
ALGORITHM = "Ed25519"
BOM = b"\xef\xbb\xbf"  # some editors put it first
MAX_BYTES = 4 * 1024 * 1024


class UnreadableError(ValueError):
    """This is no receipt, or no key; the message says what was found."""


class UnknownKeyError(ValueError):
    """None of the keys at hand is the one the receipt names; `kid` is its name."""

    def __init__(self, kid: str) -> None:
        super().__init__(f"no key {kid!r}")
        self.kid = kid


class NotGenuineError(ValueError):
    """The signature is not the key's: the receipt was changed, or another key made it."""


def sign(receipt: Receipt, keys: Keys) -> str:
    """Return the receipt as a compact JWS by the platform's receipt key."""
    return keys.sign_jws(Purpose.RECEIPT, receipt.model_dump_json(exclude_none=True).encode(), TYPE)


def read(token: bytes) -> tuple[str, Receipt]:
    """Return the `kid` and what the receipt says, its signature not looked at. Raises UnreadableError."""
    try:
        parsed = jws.extract_compact(_bare(token))
    except (JoseError, ValueError, binascii.Error) as error:
        raise UnreadableError("这不是回执：内容不是带签名的文件。请选择平台出具的回执（.jws）。") from error
    header = parsed.headers()
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM:
        raise UnreadableError("这是带签名的文件，但不是回执。请选择平台出具的回执（.jws）。")
    try:
        return str(header.get("kid", "")), Receipt.model_validate_json(parsed.payload)
    except ValidationError as error:
        raise UnreadableError("这是另一版本的回执。请用出具它的版本核对。") from error


def verify(token: bytes, keys: Iterable[OKPKey]) -> Receipt:
    """Return the receipt once its signature has been found genuine.

    The key is the one with the receipt's `kid`; a key without a `kid` stands for any. Raises UnreadableError, UnknownKeyError,
    NotGenuineError.
    """
    kid, receipt = read(token)
    fitting = [key for key in keys if key.kid in (None, kid)]
    if not fitting:
        raise UnknownKeyError(kid)
    for key in fitting:
        try:
            jws.deserialize_compact(_bare(token), key, algorithms=[ALGORITHM])
        except BadSignatureError:
            continue
        return receipt
    raise NotGenuineError("the signature does not fit")


def _bare(token: bytes) -> bytes:
    return token.removeprefix(BOM).strip()


def read_keys(text: bytes) -> list[OKPKey]:
    """Return the Ed25519 public keys in a PEM file, a JWK or a JWKS. Raises UnreadableError when there is none."""
    try:
        keys = _keys(text)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise UnreadableError("所给文件不是公钥，应为PEM、JWK或JWKS。可从平台的 /receipts/keys 取得。") from error
    fitting = [key for key in keys if isinstance(key, OKPKey) and key.curve_name == "Ed25519"]
    if not fitting:
        raise UnreadableError("所给文件中没有Ed25519公钥。可从平台的 /receipts/keys 取得。")
    return fitting


def _keys(text: bytes) -> list[Any]:
    if text.lstrip().startswith(b"-----BEGIN"):
        return [OKPKey.import_key(text)]
    value = json.loads(text)
    if "keys" in value:
        return list(KeySet.import_key_set(cast("Any", value)).keys)
    return [OKPKey.import_key(value)]
