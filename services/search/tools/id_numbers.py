"""Resident ID numbers: read, checked, hashed with a key, never kept."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from services.search.domain.entries import Birth, IdDigest

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARS = "10X98765432"
_SHAPE = re.compile(r"[0-9]{17}[0-9X]")
_OLD_SHAPE = re.compile(r"[0-9]{15}")


@dataclass(frozen=True)
class IdKey:
    """The key of the hash and its name. Numbers hashed under two keys cannot be compared."""

    kid: str
    secret: bytes

    def digest(self, number: str) -> IdDigest:
        """Return the keyed hash of a number that `read_id_number` returned."""
        return IdDigest(self.kid, hmac.digest(self.secret, number.encode(), sha256).hex(), number[-4:])


def read_id_number(text: str) -> str | None:
    """Return an ID number in its 18-character form, None when it is not one: shape, birth date, check character.

    Width, spaces, a leading apostrophe and a small x do not matter; the old form of 15 digits is completed.
    """
    number = re.sub(r"[\s'’‘-]", "", unicodedata.normalize("NFKC", text)).upper()
    if _OLD_SHAPE.fullmatch(number):
        number = _completed(f"{number[:6]}19{number[6:]}")
    if not _SHAPE.fullmatch(number) or number != _completed(number[:17]) or birth_of(number) is None:
        return None
    return number


def birth_of(number: str) -> Birth | None:
    """Return year and month of birth that an 18-character number holds, None for a day that never was."""
    try:
        day = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return Birth(day.year, day.month)


def _completed(first17: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(first17, _WEIGHTS, strict=True))
    return first17 + _CHECK_CHARS[total % 11]
