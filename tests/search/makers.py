"""Invented people, units, projects and rules for the tests of search."""

from __future__ import annotations

from dataclasses import replace

from services.campaigns.models.winners import PriorWinnerRule, TitleLevel
from services.search.domain.answers import Rules
from services.search.domain.entries import Birth, EarlierRecord, Entry, IdDigest, Outcome, Place, Subject

STAR = "全国百姓学习之星"
PROVINCE = Place("江岚省")


def person(name: str = "宋禾生", **other: object) -> Entry:
    return replace(Entry(Subject.PERSON, name), **other)


def project(name: str = "银龄课堂", **other: object) -> Entry:
    known = {"organisation": "云栈区社区学院", "place": Place("江岚省", "江州市", "云栈区")}
    return replace(Entry(Subject.PROJECT, name), **{**known, **other})


def work(name: str = "灯下三代人", **other: object) -> Entry:
    return replace(Entry(Subject.WORK, name, organisation="云栈区罗桂枝家庭"), **other)


def number(digits: str, kid: str = "k1", last4: str = "0012") -> IdDigest:
    return IdDigest(kid, digits, last4)


def record(
    entry: Entry, *, year: int = 2019, honour: str = STAR, level: str | None = "national", **other: object
) -> EarlierRecord:
    base = EarlierRecord("r1", entry, honour, year, level, Outcome.WINNER, "名录.xlsx，第1204行", "A-17")  # type: ignore[arg-type]
    return replace(base, **other)


def rule(subject: str = "person", effect: str = "exclude", **other: object) -> PriorWinnerRule:
    known = {"id": "earlier", "level": TitleLevel(match="at_least", level="national"), "cite": "一（一）"}
    return PriorWinnerRule.model_validate({**known, "subject": subject, "effect": effect, **other})


def rules(*each: PriorWinnerRule, recommend: str = "推介") -> Rules:
    return Rules(each, recommend)


BORN = Birth(1962, 3)
