"""Names in a campaign that point at something the same file declares.

The loader hands the declared names to pydantic as validation context, one set a noun; without a context
(a normalised campaign read again) nothing is looked up.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

_LONGEST = 100
OUTSIDE_THE_NOTICE = ("本活动约定", "平台要求")


def near(word: str, known: Collection[str]) -> str:
    """Return "，是否想写“…”" for the nearest of the known words, full and half width alike, or nothing."""
    plain = {unicodedata.normalize("NFKC", each): each for each in known}
    found = difflib.get_close_matches(unicodedata.normalize("NFKC", word[:_LONGEST]), plain, n=1, cutoff=0.6)
    return f"，是否想写“{plain[found[0]]}”" if found else ""


def _refers_to(noun: str, title: str) -> Callable[[str, ValidationInfo], str]:
    def check(value: str, info: ValidationInfo) -> str:
        context: Mapping[str, Collection[str]] = info.context or {}
        known = context.get(noun)
        if known is not None and value not in known:
            raise ValueError(f"本文件没有{title}“{value}”{near(value, known)}")
        return value

    return check


def _in_notice(value: str, info: ValidationInfo) -> str:
    context: Mapping[str, Collection[str]] = info.context or {}
    known = context.get("clauses")
    if known is None or value in known or value in OUTSIDE_THE_NOTICE:
        return value
    raise ValueError(f"通知没有条款“{value}”{near(value, known)}；通知未规定的，请写“本活动约定”或“平台要求”")


Cite = Annotated[str, AfterValidator(_in_notice)]
UnitTypeRef = Annotated[str, AfterValidator(_refers_to("unit_types", "单位类型"))]
TrackRef = Annotated[str, AfterValidator(_refers_to("tracks", "类别"))]
StageRef = Annotated[str, AfterValidator(_refers_to("stages", "阶段"))]
FieldRef = Annotated[str, AfterValidator(_refers_to("fields", "填报项"))]
CardField = Annotated[str, AfterValidator(_refers_to("card_fields", "填报项"))]
