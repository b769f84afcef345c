"""How text becomes terms, the same for every search engine.

Text is folded (NFKC, case, traditional → simplified, each character alone so that a fragment folds as it does inside
a sentence) and cut into runs. A run of Chinese becomes its overlapping two-character grams in order, closed by its last
character alone; a run of other letters or digits is one word. So a phrase of grams matches exactly where the characters
stand side by side, a gram prefix finds a single character, and no phrase reaches across two runs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opencc import OpenCC

_IDEOGRAPHS = "\u3005\u3007\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(f"(?P<ideographs>[{_IDEOGRAPHS}]+)|(?P<word>[^\\W_{_IDEOGRAPHS}]+)")
_HANGUL_TAIL = range(0x1160, 0x1200)
_KANA_VOICE_MARKS = "ﾞﾟ"
TELLING_CONTENT_CHARS = 200
_FIRST_IDEOGRAPH = 0x2E80
_SURROGATES = range(0xD800, 0xE000)


class _Simplified(dict[int, str]):
    """A translation table that asks OpenCC once for each character it meets."""

    def __missing__(self, code: int) -> str:
        foreign = code < _FIRST_IDEOGRAPH or code in _SURROGATES
        self[code] = simplified = chr(code) if foreign else _simplified(chr(code))
        return simplified


def _simplified(char: str) -> str:
    while (simpler := _opencc().convert(char)) != char:
        char = simpler
    return char


@cache
def _opencc() -> OpenCC:
    from opencc import OpenCC  # noqa: PLC0415  # its dictionaries load with the first text

    return OpenCC("t2s")


_SIMPLIFIED = _Simplified()


def fold(text: str) -> str:
    """Return the form in which two texts are compared: NFKC, caseless, simplified. Folding twice changes nothing."""
    return unicodedata.normalize("NFKC", _caseless(text).translate(_SIMPLIFIED))


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True)
class Run:
    """A stretch of folded text that is searched as one: `[start, end)` are offsets in the folded text."""

    text: str
    start: int
    end: int
    ideographs: bool


def runs(folded: str) -> Iterator[Run]:
    """Cut folded text into runs of Chinese and words; what is neither separates them."""
    for match in _RUN.finditer(folded):
        yield Run(match[0], match.start(), match.end(), match.lastgroup == "ideographs")


def grams(run: str) -> list[str]:
    """Return the overlapping two-character grams of a run of Chinese, closed by its last character alone."""
    return [run[at : at + 2] for at in range(len(run))]


def index_text(text: str) -> str:
    """Return the terms of a text in order, separated by spaces, as an index stores them."""
    terms: list[str] = []
    for run in runs(fold(text)):
        if run.ideographs:
            terms.extend(grams(run.text))
        else:
            terms.append(run.text)
    return " ".join(terms)


@dataclass(frozen=True)
class Phrase:
    """What one run of a query asks for: consecutive terms, or with `prefix` any term that begins with it."""

    terms: tuple[str, ...]
    prefix: bool = False


def phrases(query: str) -> tuple[Phrase, ...]:
    """Return what a text must hold, every phrase of it, to answer the query; empty when nothing can be asked."""
    return tuple(dict.fromkeys(_phrase(run) for run in runs(fold(query))))


def _phrase(run: Run) -> Phrase:
    if not run.ideographs:
        return Phrase((run.text,))
    if len(run.text) == 1:
        return Phrase((run.text,), prefix=True)
    return Phrase(tuple(grams(run.text)[:-1]))


def content_hash(text: str) -> str | None:
    """Return SHA-256 in hex of a text's letters and digits alone, folded; None for one so short that two may share it."""
    content = "".join(char for char in fold(text) if unicodedata.category(char)[0] in "LN")
    if len(content) < TELLING_CONTENT_CHARS:
        return None
    return sha256(content.encode()).hexdigest()


def marks(text: str, query: str) -> list[tuple[int, int]]:
    """Return where the query's runs stand in the original text, as sorted, disjoint `[start, end)` offsets."""
    folded, original = _fold_with_offsets(text)
    wanted = list(runs(fold(query)))
    spans = {span for run in wanted for span in (_inside(folded, run) if run.ideographs else _words(folded, run))}
    return _joined(original(start, end) for start, end in sorted(spans))


def _inside(folded: str, run: Run) -> Iterator[tuple[int, int]]:
    at = folded.find(run.text)
    while at >= 0:
        yield at, at + len(run.text)
        at = folded.find(run.text, at + 1)


def _words(folded: str, wanted: Run) -> Iterator[tuple[int, int]]:
    if wanted.text in folded:
        yield from ((run.start, run.end) for run in runs(folded) if run.text == wanted.text)


def _joined(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _fold_with_offsets(text: str) -> tuple[str, Callable[[int, int], tuple[int, int]]]:
    """Fold a text, and say where in the original a `[start, end)` of it comes from."""
    folded = fold(text)
    if len(folded) == len(text) and unicodedata.is_normalized("NFKC", text):
        return folded, lambda start, end: (start, end)
    pieces = [(fold(text[start:end]), (start, end)) for start, end in _clusters(text)]
    offsets = [span for piece, span in pieces for _ in piece]
    return "".join(piece for piece, _ in pieces), lambda start, end: (offsets[start][0], offsets[end - 1][1])


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text where normalisation cannot reach across: before each character that does not join the one before."""
    start = 0
    for at in range(1, len(text)):
        if not _joins(text[at]):
            yield start, at
            start = at
    if text:
        yield start, len(text)


def _joins(char: str) -> bool:
    return unicodedata.category(char)[0] == "M" or ord(char) in _HANGUL_TAIL or char in _KANA_VOICE_MARKS
