"""Who asks, and what a signed address, token, code or password proves."""

from services.kernel.auth.capabilities import (
    BYTES_QUERY,
    UPLOAD_QUERY,
    BytesGrant,
    bytes_url,
    check_bytes_url,
    check_upload_token,
    upload_token,
)
from services.kernel.auth.id_numbers import IdNumberHash, IdNumberRefused, hash_id_number
from services.kernel.auth.passwords import Passwords
from services.kernel.auth.revocations import Revocations
from services.kernel.auth.sessions import Limits, Principal, Role, Session, Verifier, mint, renew, verify

__all__ = [
    "BYTES_QUERY",
    "UPLOAD_QUERY",
    "BytesGrant",
    "IdNumberHash",
    "IdNumberRefused",
    "Limits",
    "Passwords",
    "Principal",
    "Revocations",
    "Role",
    "Session",
    "Verifier",
    "bytes_url",
    "check_bytes_url",
    "check_upload_token",
    "hash_id_number",
    "mint",
    "renew",
    "upload_token",
    "verify",
]
