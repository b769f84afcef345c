"""Residents' ID numbers (GB 11643): whether one can exist. A number is never shown back."""

from __future__ import annotations

import re
from datetime import date

_SHAPE = re.compile(r"[1-9]\d{16}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def is_id_number(text: str) -> bool:
    """Say whether shape, date of birth and check character are those of an ID number."""
    number = text.strip().upper()
    return _SHAPE.fullmatch(number) is not None and _is_date(number[6:14]) and number[-1] == _check(number)


def _check(number: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return _CHECKS[total % 11]


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
