"""What cells say: years, births, levels, outcomes, subjects, as offices write them."""

from __future__ import annotations

import re

from services.campaigns.models.winners import Level
from services.kernel.grams import fold
from services.search.domain.entries import Birth, Outcome, Subject

EARLIEST_YEAR = 1949

_CHINESE_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_YEAR_WRITTEN = re.compile(r"(?:19|20)[0-9]{2}(?=年)")
_BIRTH = re.compile(r"((?:19|20)[0-9]{2})(?:[年./-]?([0-9]{1,2}))?(?:[月./-]?([0-9]{1,2}))?日?(?:出?生)?(?:[t ]?[0:.]+)?")
_LAST_MONTH = 12

_LEVELS: dict[str, Level] = {
    "全国": "national",
    "国家": "national",
    "国家级": "national",
    "国家级别": "national",
    "national": "national",
    "省": "province",
    "省级": "province",
    "省部级": "province",
    "自治区级": "province",
    "province": "province",
    "provincial": "province",
    "市": "city",
    "市级": "city",
    "地市级": "city",
    "city": "city",
    "municipal": "city",
    "区": "district",
    "区级": "district",
    "县级": "district",
    "区县级": "district",
    "district": "district",
    "county": "district",
}
_OUTCOMES = {
    "获得": Outcome.WINNER,
    "入选": Outcome.WINNER,
    "获奖": Outcome.WINNER,
    "winner": Outcome.WINNER,
    "提名": Outcome.NOMINEE,
    "入围": Outcome.NOMINEE,
    "未入选": Outcome.NOMINEE,
    "nominee": Outcome.NOMINEE,
    "取消资格": Outcome.CHEAT,
    "取消推荐资格": Outcome.CHEAT,
    "抄袭": Outcome.CHEAT,
    "cheat": Outcome.CHEAT,
}
_SUBJECTS = {
    "个人": Subject.PERSON,
    "人物": Subject.PERSON,
    "人员": Subject.PERSON,
    "person": Subject.PERSON,
    "项目": Subject.PROJECT,
    "品牌": Subject.PROJECT,
    "品牌项目": Subject.PROJECT,
    "project": Subject.PROJECT,
    "作品": Subject.WORK,
    "故事": Subject.WORK,
    "work": Subject.WORK,
    "story": Subject.WORK,
    "单位": Subject.ORGANISATION,
    "组织": Subject.ORGANISATION,
    "集体": Subject.ORGANISATION,
    "家庭": Subject.ORGANISATION,
    "organisation": Subject.ORGANISATION,
    "organization": Subject.ORGANISATION,
    "unit": Subject.ORGANISATION,
}


def year(text: str, latest: int) -> int | None:
    """Return the one year that a cell holds, None when it holds none, several, or one that cannot be."""
    found = {int(digits) for digits in _YEAR.findall(fold(text).translate(_CHINESE_DIGITS))}
    if len(found) != 1:
        return None
    (only,) = found
    return only if EARLIEST_YEAR <= only <= latest else None


def year_in_title(text: str, latest: int) -> int | None:
    """Return the one year written with 年 in the lines above a head or in a sheet's name, None when not just one."""
    found = {int(digits) for digits in _YEAR_WRITTEN.findall(fold(text).translate(_CHINESE_DIGITS))}
    possible = {each for each in found if EARLIEST_YEAR <= each <= latest}
    return possible.pop() if len(found) == len(possible) == 1 else None


def birth(text: str) -> Birth | None:
    """Return year and month of a birth date in any usual form. `1962.1` is January or October: the year alone."""
    plain = fold(text).translate(_CHINESE_DIGITS).replace(" ", "")
    found = _BIRTH.fullmatch(plain)
    if not found:
        return None
    month = int(found[2]) if found[2] else None
    if re.fullmatch(r"[0-9]{4}\.1", plain) or month is None:
        return Birth(int(found[1]))
    return Birth(int(found[1]), month) if 1 <= month <= _LAST_MONTH else None


def level(text: str) -> Level | None:
    """Return the level that a cell names."""
    return _LEVELS.get(fold(text).strip())


def level_of_honour(text: str) -> Level | None:
    """Return the level with which a title begins (全国…, 省级…, 市级…), None when it says none."""
    words = re.sub(r"[^\w]", "", fold(text))
    words = re.sub(r"^(?:19|20)[0-9]{2}年?度?", "", words)
    prefixes: tuple[tuple[str, Level], ...] = (
        ("全国", "national"),
        ("国家级", "national"),
        ("省级", "province"),
        ("市级", "city"),
        ("区级", "district"),
        ("县级", "district"),
    )
    return next((found for prefix, found in prefixes if words.startswith(prefix)), None)


def outcome(text: str) -> Outcome | None:
    """Return how an entry ended, None for words that are not understood."""
    return _OUTCOMES.get(fold(text).strip())


def subject(text: str) -> Subject | None:
    """Return what a title is given to, None for words that are not understood."""
    return _SUBJECTS.get(fold(text).strip())
