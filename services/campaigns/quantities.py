"""Quantities as a notice writes them, turned into numbers, and numbers turned back into Chinese words."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator

Base = Literal["binary", "decimal"]

_SECONDS = {"秒": 1, "s": 1, "分": 60, "分钟": 60, "min": 60, "小时": 3600, "h": 3600}
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(小时|分钟|分|秒|min|h|s)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT])B?")
_PAIR = re.compile(r"(\d+)\s*[×xX*]\s*(\d+)")
_MINUTE_S = 60
_LEAST = 10


def parse_duration_s(text: str) -> float:
    """Return the seconds of "8分12秒", "5分钟" or "10秒"; `ValueError` in Chinese when it is no length of time."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.replace(" ", ""):
        raise ValueError(f"“{text}”不是时长，请写成“5分钟”“8分12秒”或以秒计的数字")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def is_size(value: object) -> bool:
    """Say whether a value is a size in words."""
    return isinstance(value, str) and _SIZE.fullmatch(value.strip()) is not None


def parse_size_bytes(text: str, base: Base) -> int:
    """Return the bytes of "1G" or "5MB" read in the stated base; `ValueError` in Chinese when it is no size."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text}”不是文件大小，请写成“1G”“5MB”或以字节计的整数")
    return round(float(found[1]) * _unit_bytes(found[2], base))


def parse_pair(text: str) -> tuple[int, int]:
    """Return the two numbers of "1280×720"; `ValueError` in Chinese when it is no such pair."""
    found = _PAIR.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"“{text}”不是“宽×高”，请写成“1280×720”")
    return int(found[1]), int(found[2])


def _unit_bytes(letter: str, base: Base) -> int:
    return int((1024 if base == "binary" else 1000) ** _POWERS[letter])


def duration_text(seconds: float) -> str:
    """Return 492.0 as "8分12秒", 300 as "5分钟", 6.4 as "6.4秒"."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, _MINUTE_S * 10)
    tail = f"{rest / 10:g}秒"
    if not minutes:
        return tail
    return f"{minutes}分钟" if rest == 0 else f"{minutes}分{tail}"


def duration_range_text(min_s: float | None, max_s: float | None) -> str:
    """Return "5—8分钟", "5—8秒", "不少于5分钟" or "不超过8分钟"."""
    if min_s is None or max_s is None:
        word, bound = ("不超过", max_s) if min_s is None else ("不少于", min_s)
        return f"{word}{duration_text(bound or 0)}"
    low, high = duration_text(min_s), duration_text(max_s)
    for unit in ("分钟", "秒"):
        if _lone(low, unit) and _lone(high, unit):
            return f"{low.removesuffix(unit)}—{high}"
    return f"{low}—{high}"


def _lone(text: str, unit: str) -> bool:
    return bool(re.fullmatch(rf"[\d.]+{unit}", text))


def size_text(size_bytes: int, written: str, base: Base) -> str:
    """Return a size in the unit in which the notice writes its own: 1,204,322,304 beside "1G" is "1.12G".

    Less than a tenth of that unit is told in a smaller one: 13,002,342 is "12.4MB", 900 is "900字节".
    """
    letters = written.lstrip("0123456789. ")
    if size_bytes * _LEAST >= _unit_bytes(letters[0], base):
        return f"{size_bytes / _unit_bytes(letters[0], base):.2f}{letters}"
    for letter in "GMK":
        if size_bytes >= _unit_bytes(letter, base):
            return f"{size_bytes / _unit_bytes(letter, base):.1f}{letter}B"
    return f"{size_bytes:,}字节"


def _seconds(value: object) -> object:
    return parse_duration_s(value) if isinstance(value, str) else value


def _pair(value: object) -> object:
    return parse_pair(value) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds)]
Pair = Annotated[tuple[int, int], BeforeValidator(_pair)]
