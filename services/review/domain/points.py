"""Points: exact decimals, carried as text so that no machine rounds them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, StrictStr

_PLAIN = re.compile(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?", re.ASCII)


def canonical_points(text: str) -> str:
    """Return the one spelling of `text` ("24.50" is "24.5"); ValueError unless it is a plain decimal such as 24.5."""
    if not _PLAIN.fullmatch(text):
        raise ValueError("分值请写成0—9999的数，至多两位小数，如25或24.5")
    return text.rstrip("0").rstrip(".") if "." in text else text


Points = Annotated[StrictStr, AfterValidator(canonical_points)]


@lru_cache(maxsize=4096)
def exact(text: str) -> Fraction:
    """Return the number that `text` spells, exactly."""
    return Fraction(text)


def shown(value: Fraction) -> str:
    """Return `value` as people read it: at most two decimals, half rounded up, no trailing zeros."""
    with localcontext() as context:
        context.prec = 40
        quotient = Decimal(value.numerator) / Decimal(value.denominator)
        text = str(quotient.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
    return text.rstrip("0").rstrip(".")
