"""Hashes of what a work consists of."""

from __future__ import annotations

from hashlib import sha256

from services.search.domain import forms

_TELLING_CHARS = 200


def text_content(text: str) -> str | None:
    """Return the hash of a text as it is said, None for one so short that two works may share it."""
    said = forms.said(text)
    if len(said) < _TELLING_CHARS:
        return None
    return f"text:{sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


def file_content(sha256_hex: str) -> str | None:
    """Return a file's SHA-256 as a content hash, None when it is not one or is that of an empty file."""
    digest = sha256_hex.strip().lower()
    if len(digest) != sha256().digest_size * 2 or not set(digest) <= set("0123456789abcdef"):
        return None
    return None if digest == sha256().hexdigest() else f"file:{digest}"
