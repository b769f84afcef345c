"""Normal forms: how a name, a title, an organisation and a place are written when only identity counts.

Each form is idempotent, and the strict ones never guess: what two different people, projects or units may share stays
apart. The loose ones find what a person should look at, and prove nothing.
"""

from __future__ import annotations

import re
import unicodedata

from services.kernel.grams import fold

_OPENING, _CLOSING = "([{【〔〈《「『﹝", ")]}】〕〉》」』﹞"
_BRACKETED = re.compile(f"[{re.escape(_OPENING)}]([^{re.escape(_OPENING + _CLOSING)}]*)[{re.escape(_CLOSING)}]")
_SEPARATORS = re.compile(r"[\s·•・‧∙⋅●:|/、,。“”\"'‘’—–\-~]+")
_MEANINGFUL_MARKS = frozenset("+#%&@*=")
_HONORIFIC = re.compile("(?<=..)(?:同志|先生|女士|老师)$")

_NUMBER = "[0-9〇零一二三四五六七八九十百两]+"
_YEAR = "(?:(?:19|20)[0-9]{2}|[一二][九〇零0][〇零一二三四五六七八九0-9]{2})"
_YEARS = f"{_YEAR}(?:[-—~至]{_YEAR})?"
_DATED = f"{_YEARS}年(?:度|版)?"
_NUMBERED = f"第{_NUMBER}(?:季|届|期|辑|版)"
_EDITION = re.compile(f"(?:{_DATED}|{_NUMBERED}|{_YEARS}版?)+")
_EDITION_SET_APART = re.compile(f"(?:{_DATED}|{_NUMBERED})+")
_NUMBERED_LAST = re.compile(f"{_NUMBERED}$")
_EDITION_AT_AN_END = re.compile(f"^(?:{_DATED}|{_NUMBERED})|(?:{_DATED}|{_NUMBERED})$")
_KIND_LAST = re.compile("(?<=..)(?:品牌项目|项目|品牌|活动|系列|工程|计划)$")


def said(text: str) -> str:
    """Return a folded text without spaces, punctuation and ornaments; `C++` keeps what tells it from `C`."""
    return fold("".join(char for char in fold(text) if _is_said(char)))


def _is_said(char: str) -> bool:
    category = unicodedata.category(char)
    if category[0] in "LN":
        return True
    return char in _MEANINGFUL_MARKS or category == "Sc" or (category[0] == "M" and not _is_variation(char))


def _is_variation(char: str) -> bool:
    return 0xFE00 <= ord(char) <= 0xFE0F or 0xE0100 <= ord(char) <= 0xE01EF  # noqa: PLR2004  # Unicode's two blocks


def person_name(text: str) -> str:
    """Return a person's name without separators (•·・‧), spaces, quotation marks, remarks in brackets, and address.

    A form of address is taken off where a name of two characters or more remains.
    """
    name = said(_without_brackets(fold(text))) or said(text)
    while (bare := _HONORIFIC.sub("", name)) != name:
        name = bare
    return name


def _without_brackets(folded: str) -> str:
    while (rest := _BRACKETED.sub("", folded)) != folded:
        folded = rest
    return folded


def title_core(text: str) -> str:
    """Return the title of a project or a work without decoration and without the marks of its edition.

    An edition is `(2024年)`, `第四季`: in brackets, set apart by a separator, or numbered at the very end. A year grown
    into the title stays, for 迈向2035年 and 迈向2049年 are two. A title that is only an edition is its own core.
    """
    rest = _BRACKETED.sub(_unless_edition, fold(text))
    parts = [part for part in _SEPARATORS.split(rest) if not _EDITION_SET_APART.fullmatch(said(part))]
    core = said("".join(parts)) or said(text)
    while (shorter := _NUMBERED_LAST.sub("", core)) != core and shorter:
        core = shorter
    return core


def _unless_edition(bracketed: re.Match[str]) -> str:
    return " " if _EDITION.fullmatch(said(bracketed[1])) else bracketed[0]


def title_loosely(text: str) -> str:
    """Return what is left of a title's core without editions at either end and without the word for its kind."""
    core = "".join(char for char in title_core(text) if char.isalnum()) or title_core(text)
    while (shorter := _KIND_LAST.sub("", _EDITION_AT_AN_END.sub("", core))) != core and shorter:
        core = shorter
    return core


_LEVEL_FIRST = re.compile(f"^(?:{_DATED}|{_NUMBERED}|全国|国家级|省级|市级|区级|新时代)(?=..)")


def honour(text: str) -> str:
    """Return the name of a title (称号) without its year, its level and 新时代 before it."""
    name = title_core(text)
    while (shorter := _LEVEL_FIRST.sub("", name)) != name:
        name = shorter
    return name


def organisation(text: str) -> str:
    """Return an organisation's full name as it is said: its place is part of it."""
    return said(_without_seal(fold(text)))


def _without_seal(folded: str) -> str:
    return re.sub(f"[{re.escape(_OPENING)}](?:公章|盖章)[{re.escape(_CLOSING)}]", "", folded)


_SUCCESSORS = (("广播电视大学", "开放大学"), ("电视大学", "开放大学"))
_PLACES_FIRST = re.compile(
    "^(?P<province>[^省市区县]{2,7}?(?:省|自治区))?"
    "(?P<city>[^省市区县]{2,7}?(?:(?<![城都超夜集门])市|自治州))?"
    "(?P<district>[^省市区县社园校学]{1,6}?(?:区|县|旗))?"
)
_TELLING_CHARS = 4


def places_in(text: str) -> tuple[str, str, str]:
    """Return province, city and district with which an organisation's full name begins, empty where it names none."""
    found = _PLACES_FIRST.match(organisation(text))
    province, city, district = found.groups(default="") if found else ("", "", "")
    return province, city, district


def organisation_loosely(text: str) -> str:
    """Return an organisation's name without its place, under the name of its successor."""
    name = organisation(text)
    for former, present in _SUCCESSORS:
        name = name.replace(former, present)
    rest = _PLACES_FIRST.sub("", name)
    return rest if len(rest) >= _TELLING_CHARS else name


_KIND_OF_PLACE = re.compile(
    "(?<=..)(?:维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区|自治州|自治县|自治旗|地区|新区|省|市|盟|区|县|旗)$"
)


def place_name(text: str) -> str:
    """Return the name of one place as it is said."""
    return said(text)


def place_stem(text: str) -> str:
    """Return a place's name without the word for its kind, where two characters remain: 云栈区 and 云栈 share it."""
    return _KIND_OF_PLACE.sub("", place_name(text))
