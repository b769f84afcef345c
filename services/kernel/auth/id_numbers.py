"""Resident identity numbers (公民身份号码, GB 11643): checked, then kept only as a keyed hash."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from services.kernel.errors import Unprocessable
from services.kernel.keys import Keys, Purpose

LENGTH = 18
LAST_SHOWN = 4


class IdNumberRefused(Unprocessable):
    """422: no such number can exist; the message never repeats the number."""

    kind = "id-number"


@dataclass(frozen=True, slots=True)
class IdNumberHash:
    """What is kept of an ID number: the key's name, the HMAC-SHA256 in hex, and the last four characters."""

    kid: str
    hash: str
    last4: str

    def compare(self, other: IdNumberHash) -> Literal["same", "different", "ask"]:
        """Compare two numbers; under two keys only a person can tell."""
        if self.kid != other.kid:
            return "ask"
        return "same" if self.hash == other.hash else "different"


def hash_id_number(keys: Keys, number: str, kid: str | None = None) -> IdNumberHash:
    """Check the number, then hash it with the named key, or with the one that signs. Raises `IdNumberRefused`."""
    checked = checked_id_number(number)
    name = kid or keys.kid(Purpose.ID_HASH)
    return IdNumberHash(name, keys.mac(Purpose.ID_HASH, name, checked.encode("ascii")).hex(), checked[-LAST_SHOWN:])


def checked_id_number(number: str) -> str:
    """Return the number in its one spelling. Raises `IdNumberRefused`.

    Length, digits, date of birth and check character are looked at; of the region code only that it begins with no 0,
    because codes come and go.
    """
    from stdnum.cn import ric  # noqa: PLC0415 - few processes ever see a number
    from stdnum.exceptions import ValidationError  # noqa: PLC0415 - as above

    compact = ric.compact("".join(unicodedata.normalize("NFKC", number).replace("-", "").split()))
    if len(compact) != LENGTH:
        raise IdNumberRefused(f"身份证号应为{LENGTH}位，现为{len(compact)}位，请核对。", "The ID number has a wrong length.")
    if not (compact.isascii() and compact[:-1].isdigit() and (compact[-1].isdigit() or compact[-1] == "X")):
        raise IdNumberRefused("身份证号应为17位数字加1位数字或X，请核对。", "The ID number holds other characters.")
    if compact.startswith("0"):
        raise IdNumberRefused("身份证号前6位是行政区划代码，不以0开头，请核对。", "No region code begins with 0.")
    try:
        ric.get_birth_date(compact)
    except ValidationError:
        raise IdNumberRefused("身份证号中的出生日期不存在，请核对。", "The ID number holds no date of birth.") from None
    if compact[-1] != ric.calc_check_digit(compact):
        raise IdNumberRefused("身份证号的校验位不符，请核对。", "The ID number does not fit its check character.")
    return compact
