"""Resident ID numbers: read, checked, hashed with a key, never kept."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from services.search.domain.entries import Birth, IdDigest

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
        day = ric.get_birth_date(number)
    except ValidationError:
        return None
    return Birth(day.year, day.month)


def _completed(first17: str) -> str:
    return first17 + str(ric.calc_check_digit(first17 + "0"))
