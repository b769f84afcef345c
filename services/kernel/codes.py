"""Codes that people read, type and dictate: Crockford base 32 in groups, with a check character.

The check character makes a weighted sum over GF(32) vanish, so that every single wrong character and every exchange of two
neighbours is noticed before anything is looked up.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUP = 4
ONE_TIME_CHARACTERS = 15  # 75 random bits, and the check character makes four groups of four

_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_IGNORED = set(" -‐‑–—_.\t\r\n")


def _powers() -> list[int]:
    """Powers of x in GF(32) = GF(2)[x] / (x⁵ + x² + 1): all 31 non-zero elements."""
    powers = [1]
    for _ in range(30):
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)
    return powers


_POWER = _powers()
_LOG = {value: exponent for exponent, value in enumerate(_POWER)}


def _times(value: int, exponent: int) -> int:
    return 0 if value == 0 else _POWER[(_LOG[value] + exponent) % 31]


def _syndrome(values: list[int]) -> int:
    total = 0
    for place, value in enumerate(reversed(values)):
        total ^= _times(value, place)
    return total


def encode(number: int, characters: int) -> str:
    """Write a number in exactly so many characters, most significant first. Raises OverflowError when it does not fit."""
    if number < 0 or number >> (5 * characters):
        raise OverflowError(f"{number} does not fit {characters} characters")
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(characters)))


def grouped(code: str, group: int = GROUP) -> str:
    """Put a hyphen between groups."""
    return "-".join(code[start : start + group] for start in range(0, len(code), group))


def normalised(typed: str) -> str:
    """Undo what typing and dictation do: case, full width, separators, O for 0, I and L for 1. Raises ValueError."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    try:
        return "".join(ALPHABET[_VALUES[character]] for character in plain if character not in _IGNORED)
    except KeyError as unknown:
        raise ValueError(f"a code holds no {unknown.args[0]!r}") from None


def with_check(code: str) -> str:
    """Append the check character."""
    values = [_VALUES[character] for character in code]
    return code + ALPHABET[_syndrome([*values, 0])]


def is_intact(code: str) -> bool:
    """Whether a normalised code fits its check character."""
    return len(code) > 1 and _syndrome([_VALUES[character] for character in code]) == 0


def new_one_time_code() -> str:
    """Return a fresh code as it is printed, such as `7F3K-92QX-M4TD-81MP`."""
    return one_time_code(secrets.randbits(5 * ONE_TIME_CHARACTERS))


def one_time_code(number: int) -> str:
    """Return the code that the lowest 75 bits of a number are printed as."""
    return grouped(with_check(encode(number & ((1 << 5 * ONE_TIME_CHARACTERS) - 1), ONE_TIME_CHARACTERS)))


def one_time_code_hash(typed: str) -> str:
    """Return what is stored of a code: the SHA-256 of its normalised form, in hex. Raises ValueError when it is mistyped."""
    code = normalised(typed)
    if len(code) != ONE_TIME_CHARACTERS + 1 or not is_intact(code):
        raise ValueError("the code does not fit its check character")
    return hashlib.sha256(code.encode("ascii")).hexdigest()
