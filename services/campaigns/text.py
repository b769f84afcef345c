"""Words of a campaign: what may stand in them, and how a notice counts them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from services.kernel.text import hidden_at

_WHITE = "\t\n\r"
_ID_LENGTH = 64
_ID = re.compile(r"(?=.{1,64}$)[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_WORD = re.compile(r"[A-Za-z0-9À-ɏ]+(?:[.'’_-][A-Za-z0-9À-ɏ]+)*")


def hidden_character(text: str, allowed: str = "") -> str | None:
    """Return the first character that a reader cannot see, tabs and line ends that are not `allowed` among them, or None."""
    place = hidden_at(text)
    white = next((char for char in text[:place] if char in _WHITE and char not in allowed), None)
    return white or (None if place is None else text[place])


def count_chars(text: str) -> int:
    """Return 字数 as Word counts it: a Chinese character or punctuation mark is one, a Latin word or number is one."""
    words = _WORD.findall(text)
    return len(words) + len("".join(_WORD.sub("", text).split()))


def _visible(text: str) -> str:
    hidden = hidden_character(text)
    if hidden is not None:
        raise ValueError(f"含有看不见的字符 U+{ord(hidden):04X}，请删去")
    return text


Text = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_visible)]


def _identifier(text: str) -> str:
    if _ID.fullmatch(text) is None:
        raise ValueError(f"“{text[:_ID_LENGTH]}”应由小写字母、数字和连字符组成，以字母开头，不超过{_ID_LENGTH}个字符")
    return text


Id = Annotated[str, AfterValidator(_identifier)]
