"""Characters that no reader sees: one rule for every text that people enter, in a body, a query, a file of a campaign.

Refused is what changes a text without showing it: controls, marks of direction, zero-width and filler characters, line and
paragraph separators, halves of characters and noncharacters; and private-use characters, which show something else on
every machine. A zero-width joiner stands between two emoji and a Mongolian vowel separator behind a Mongolian letter; no
Chinese text needs either anywhere else, nor a zero-width non-joiner at all. Everything else passes: every letter and
ideograph, those that this Python does not know yet too, combining marks, variation selectors, emoji, full-width forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SEPARATORS = re.compile("[\u2028\u2029]")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_NARROW = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\uf8ff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
)
_WIDE = (
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe\U0003ffff"
    "\U000e0000-\U000e00ff\U000e01f0-\U0010ffff"
)
_HIDDEN_NARROW, _HIDDEN = re.compile(f"[{_NARROW}]"), re.compile(f"[{_NARROW}{_WIDE}]")
_JOINER, _VOWEL_SEPARATOR, _EMOJI_STYLE = "\u200d", "\u180e", "\ufe0f"
_MONGOLIAN = re.compile("[\u1820-\u18aa]")


def hidden_at(text: str) -> int | None:
    """Return where the first character stands, from 0, that no reader sees; None without one. Tab and line ends are seen."""
    return next(_hidden(text), None)


def without_hidden(text: str) -> str:
    """Return the text without what no reader sees: for names that decide nothing, such as a file's."""
    places = set(_hidden(text))
    return "".join(char for place, char in enumerate(text) if place not in places) if places else text


def escaped(text: str) -> str:
    """Return the text as it can stand on one line of a terminal: what no reader sees, and ends of lines, become escapes."""
    hidden = {*_hidden(text), *(place for place, char in enumerate(text) if char in "\t\r\n")}
    return "".join(f"\\u{ord(char):04x}" if place in hidden else char for place, char in enumerate(text))


def told(char: str) -> str:
    """Return how a person is told of a character: its number, and what it is."""
    kinds = ((_DIRECTIONS, "改变文字方向的标记"), (_SEPARATORS, "分行符"), (_PRIVATE, "自造字"), (_CONTROLS, "控制字符"))
    kind = next((words for pattern, words in kinds if pattern.match(char)), "不占位置的字符")
    return f"U+{ord(char):04X}（{kind}）"


def _hidden(text: str) -> Iterator[int]:
    """Find the places. Most texts hold nothing beyond the first plane, whose class the engine looks up at once."""
    pattern = _HIDDEN_NARROW if _is_narrow(text) else _HIDDEN
    return (found.start() for found in pattern.finditer(text) if not _belongs(text, found.start()))


def _is_narrow(text: str) -> bool:
    return len(text.encode("utf-16-le", "surrogatepass")) == 2 * len(text)


def _belongs(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if text[place] == _JOINER:
        return bool(before and after) and (before == _EMOJI_STYLE or _is_emoji(before)) and _is_emoji(after)
    return text[place] == _VOWEL_SEPARATOR and _MONGOLIAN.match(before) is not None


def _is_emoji(char: str) -> bool:
    return unicodedata.category(char) in {"So", "Sk"}
