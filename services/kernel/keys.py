"""Keys with a `kid`: what each is for, where it lies, and what it signs.

| purpose | algorithm | why |
|---|---|---|
| token | Ed25519 | every service checks access tokens and none but intake needs to make them |
| receipt | Ed25519 | a receipt is checked offline by whoever holds it, with the public half |
| record | Ed25519 | a head of the record is checked by outsiders; with an HMAC, whoever can check could also forge |
| bytes, upload | HMAC-SHA256 | made and checked by the platform alone, on every range of a film |
| code | HMAC-SHA256 | a printed code is made again from its letter's id, so that it need not be kept |
| id_hash | HMAC-SHA256 | keeps ID numbers comparable without keeping them |

A purpose is one JSON file. It may hold several keys: the one named `signing` signs, all of them verify, so that a key is
replaced by adding one, and removed when nothing signed by it is in use any more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import stat
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.kernel.errors import LaurelError

ED25519: Final = "Ed25519"
HMAC = "HMAC-SHA256"
SECRET_BYTES = 32
KID_CHARACTERS = 12
OTHERS_MAY = stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP


class Purpose(StrEnum):
    """What a key is for; no key serves two purposes."""

    TOKEN = "token"  # noqa: S105 - the name of a purpose
    RECEIPT = "receipt"
    RECORD = "record"
    BYTES = "bytes"
    UPLOAD = "upload"
    CODE = "code"
    ID_HASH = "id_hash"

    @property
    def algorithm(self) -> str:
        """The algorithm of this purpose's keys."""
        return ED25519 if self in {Purpose.TOKEN, Purpose.RECEIPT, Purpose.RECORD} else HMAC


class KeysRefused(LaurelError):
    """A key file is missing, damaged or open to others; the message says which and what to do."""


class BadSignature(LaurelError):
    """The signature is not one of ours, or its key is unknown here."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """One purpose's keys: secrets by kid, and the kid that signs."""

    purpose: Purpose
    signing: str
    secrets: Mapping[str, bytes]
    okp: Mapping[str, OKPKey]


class Keys:
    """All keys of a deployment."""

    def __init__(self, sets: Mapping[Purpose, KeySet]) -> None:
        self._sets = dict(sets)

    @classmethod
    def open(cls, folder: Path, *, make: bool = False) -> Keys:
        """Load every purpose's file from the folder. Raises `KeysRefused`.

        With `make`, files that are missing are made first. Say so at a deployment's first start only: a lost key that is
        quietly replaced would void every receipt and every ID hash made with it.
        """
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for purpose in Purpose:
                _make(folder, purpose)
        return cls({purpose: _load(_file(folder, purpose), purpose) for purpose in Purpose})

    def kid(self, purpose: Purpose) -> str:
        """The kid that signs."""
        return self._sets[purpose].signing

    def sign(self, purpose: Purpose, message: bytes) -> tuple[str, bytes]:
        """Return (kid, HMAC) by the signing key of an HMAC purpose."""
        keys = self._sets[purpose]
        return keys.signing, hmac.digest(keys.secrets[keys.signing], message, "sha256")

    def mac(self, purpose: Purpose, kid: str, message: bytes) -> bytes:
        """Return the HMAC by one named key. Raises `BadSignature` when there is no such key."""
        try:
            return hmac.digest(self._sets[purpose].secrets[kid], message, "sha256")
        except KeyError:
            raise BadSignature(f"no {purpose} key {kid!r}") from None

    def check(self, purpose: Purpose, kid: str, message: bytes, signature: bytes) -> None:
        """Raise `BadSignature` unless the signature is that key's over the message."""
        if not hmac.compare_digest(self.mac(purpose, kid, message), signature):
            raise BadSignature(f"{purpose} signature does not fit")

    def sign_jws(self, purpose: Purpose, payload: bytes, typ: str) -> str:
        """Return a compact JWS over the payload; its header names algorithm, kid and typ."""
        keys = self._sets[purpose]
        header = {"alg": ED25519, "kid": keys.signing, "typ": typ}
        return jws.serialize_compact(header, payload, keys.okp[keys.signing], algorithms=[ED25519])

    def verify_jws(self, purpose: Purpose, token: str, typ: str) -> bytes:
        """Return the payload of a compact JWS made by `sign_jws`. Raises `BadSignature`."""
        return verify_jws(self._sets[purpose].okp, token, typ)

    def public_jwks(self, purpose: Purpose) -> dict[str, Any]:
        """Return the public halves as a JWK set, for those who check offline."""
        return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self._sets[purpose].okp.items()]}


def public_keys(jwks: Mapping[str, Any]) -> dict[str, OKPKey]:
    """Read a JWK set as `Keys.public_jwks` writes it. Raises `BadSignature`."""
    try:
        return {jwk["kid"]: OKPKey.import_key(jwk) for jwk in jwks["keys"]}
    except (KeyError, TypeError, ValueError, JoseError) as broken:
        raise BadSignature("not a set of Ed25519 keys") from broken


def verify_jws(keys: Mapping[str, OKPKey], token: str, typ: str) -> bytes:
    """Return the payload of a compact JWS if one of the keys signed it for this `typ`. Raises `BadSignature`."""
    try:
        signed = jws.extract_compact(token.encode("ascii"))
        header = signed.headers()
        if header.get("typ") == typ and jws.validate_compact(signed, keys[header["kid"]], algorithms=[ED25519]):
            return signed.payload
    except (JoseError, KeyError, TypeError, ValueError) as broken:
        raise BadSignature("not signed by a key that is known here") from broken
    raise BadSignature("not signed for this purpose by a key that is known here")


def base64url(data: bytes) -> str:
    """Encode without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_base64url(text: str) -> bytes:
    """Decode without padding. Raises ValueError."""
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def _file(folder: Path, purpose: Purpose) -> Path:
    return folder / f"{purpose}.json"


def _kid_of(secret: bytes) -> str:
    """A key's name is taken from the key, so that a damaged one does not fit its name."""
    return hashlib.sha256(b"laurel kid\0" + secret).hexdigest()[:KID_CHARACTERS]


def _make(folder: Path, purpose: Purpose) -> None:
    """Write a new key file whole, unless one is there; of two processes that make it at once, one wins."""
    target = _file(folder, purpose)
    if target.exists():
        return
    secret = secrets.token_bytes(SECRET_BYTES)
    kid = _kid_of(secret)
    document = {
        "purpose": purpose.value,
        "algorithm": purpose.algorithm,
        "signing": kid,
        "keys": {kid: base64url(secret)},
    }
    temporary = folder / f".{purpose}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, target)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _load(path: Path, purpose: Purpose) -> KeySet:
    try:
        if stat.S_IMODE(path.stat().st_mode) & OTHERS_MAY:
            raise KeysRefused(f"{path}：他人可以读取或修改这个密钥文件。请运行 chmod 600 {path}")
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise KeysRefused(f"{path}：没有这个密钥文件。请从密钥的备份中恢复。") from None
    except (OSError, ValueError) as broken:
        raise KeysRefused(f"{path}：密钥文件无法读取。请从密钥的备份中恢复。") from broken
    return _read(path, purpose, document)


def _read(path: Path, purpose: Purpose, document: Any) -> KeySet:
    damaged = KeysRefused(f"{path}：密钥文件已损坏。请从密钥的备份中恢复。")
    try:
        if document["purpose"] != purpose or document["algorithm"] != purpose.algorithm:
            raise damaged
        raw = {str(kid): from_base64url(secret) for kid, secret in document["keys"].items()}
        signing = document["signing"]
        if signing not in raw or any(kid != _kid_of(secret) for kid, secret in raw.items()):
            raise damaged
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise damaged from broken
    okp = {kid: _okp(secret) for kid, secret in raw.items()} if purpose.algorithm == ED25519 else {}
    return KeySet(purpose, signing, raw, okp)


def _okp(secret: bytes) -> OKPKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - only here

    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": ED25519, "x": base64url(public), "d": base64url(secret)})
