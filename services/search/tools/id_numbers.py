"""Resident ID numbers as lists hold them: read, checked, hashed with the deployment's key, never kept."""

from __future__ import annotations

import re
import unicodedata

from services.kernel.auth import IdNumberRefused, hash_id_number
from services.kernel.keys import Keys
from services.search.domain.entries import Birth, IdDigest

_OLD_SHAPE = re.compile(r"[0-9]{15}")


def read_id_number(keys: Keys, text: str) -> tuple[IdDigest, Birth]:
    """Return the keyed hash of an ID number and the birth that it holds. Raises `IdNumberRefused`.

    Width, spaces, a leading apostrophe and a small x do not matter; the old form of 15 digits is completed.
    """
    number = re.sub(r"[\s'’‘-]", "", unicodedata.normalize("NFKC", text)).upper()
    if _OLD_SHAPE.fullmatch(number):
        number = _completed(number)
    hashed = hash_id_number(keys, number)
    return IdDigest(hashed.kid, hashed.hash, hashed.last4), Birth(int(number[6:10]), int(number[10:12]))


def _completed(number: str) -> str:
    from stdnum.cn import ric  # noqa: PLC0415  # only for the rare old number

    first17 = f"{number[:6]}19{number[6:]}"
    return first17 + str(ric.calc_check_digit(f"{first17}0"))


__all__ = ["IdNumberRefused", "read_id_number"]
