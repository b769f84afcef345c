"""A row of a list as what it says of a person, project, work or organisation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from services.campaigns.models.winners import Level
from services.kernel.grams import content_hash
from services.kernel.keys import Keys
from services.search.domain import forms, values
from services.search.domain.columns import Column
from services.search.domain.entries import Birth, Entry, IdDigest, Outcome, Place, Subject
from services.search.domain.tables import Row
from services.search.tools.id_numbers import IdNumberRefused, read_id_number


class NoEntry(ValueError):  # named for what is missing
    """The row cannot be taken; its message says why."""


@dataclass(frozen=True)
class Defaults:
    """What a file does not say of all its rows: the title, its level and year, and what it is given to."""

    honour: str | None = None
    level: Level | None = None
    year: int | None = None
    subject: Subject | None = None


@dataclass(frozen=True)
class Title:
    """Which title a row holds."""

    honour: str
    level: Level | None
    year: int
    outcome: Outcome


@dataclass(frozen=True)
class Read:
    """An entry, its own number in the file, and what of its row could not be used for it."""

    entry: Entry
    external_id: str | None
    set_aside: tuple[str, ...]


_NAMED = {Column.PERSON: Subject.PERSON, Column.PROJECT: Subject.PROJECT, Column.WORK: Subject.WORK}


def read_entry(row: Row, keys: Keys, subject: Subject | None) -> Read:
    """Read what identifies the row's entry; raise NoEntry when nothing names it.

    `subject` is what the file or the campaign says it lists; a column of the row's own goes first.
    """
    cells, set_aside = row.values, list[str]()
    kind = _subject(row, subject)
    name = _name(cells, kind)
    if broken := next((cell for cell in cells.values() if cell.startswith("#") and cell.endswith(("!", "?", "/A"))), None):
        raise NoEntry(f"单元格为“{broken}”，请在表格中改正")
    digest, born = _id(cells, keys, set_aside) if kind is Subject.PERSON else (None, None)
    return Read(
        Entry(
            subject=kind,
            name=name,
            organisation=name if kind is Subject.ORGANISATION else cells.get(Column.ORGANISATION, ""),
            place=Place(*(cells.get(tier, "") for tier in (Column.PROVINCE, Column.CITY, Column.DISTRICT))),
            birth=(_birth(cells, born, set_aside) if kind is Subject.PERSON else None),
            id_digest=digest,
            level=values.level(cells.get(Column.LEVEL, "")),
            contents=_contents(cells, set_aside) if kind is Subject.WORK else frozenset(),
        ),
        cells.get(Column.EXTERNAL_ID),
        tuple(set_aside),
    )


def _subject(row: Row, told: Subject | None) -> Subject:
    """Return what a row lists: as it says itself, as its naming column says, as its sheet's does, as is told of all."""
    if said := row.values.get(Column.SUBJECT):
        kind = values.subject(said)
        if kind is None:
            raise NoEntry(f"对象类型“{said}”不明，应为个人、项目、作品或单位")
        return kind
    named = {kind for column, kind in _NAMED.items() if column in row.values}
    named = named or {kind for column, kind in _NAMED.items() if column in row.columns}
    if told and (told in named or not named or Column.NAME in row.values):
        return told
    if len(named) > 1:
        raise NoEntry("同时填有姓名、项目名称或作品名称，请加“对象类型”一列")
    if named:
        return named.pop()
    return Subject.PERSON if Column.NAME in row.columns else Subject.ORGANISATION


def _name(cells: Mapping[Column, str], kind: Subject) -> str:
    own = {Subject.PERSON: Column.PERSON, Subject.PROJECT: Column.PROJECT, Subject.WORK: Column.WORK}
    columns = (own.get(kind, Column.ORGANISATION), Column.NAME)
    name = next((cells[column] for column in columns if column in cells), "")
    if not name:
        words = {
            Subject.PERSON: "姓名",
            Subject.PROJECT: "项目名称",
            Subject.WORK: "作品名称",
            Subject.ORGANISATION: "单位名称",
        }
        raise NoEntry(f"没有{words[kind]}")
    if not forms.said(name):
        raise NoEntry(f"没有可比对的文字：{name}")
    return name


def _id(cells: Mapping[Column, str], keys: Keys, set_aside: list[str]) -> tuple[IdDigest | None, Birth | None]:
    written = cells.get(Column.ID_NUMBER)
    if written is None:
        return None, None
    if written.startswith("≈"):
        set_aside.append("证件号以数字格式保存，末几位已丢失，未用于比对；请把该列设为文本后重新填写")
        return None, None
    try:
        return read_id_number(keys, written)
    except IdNumberRefused:
        set_aside.append("证件号不是有效的身份证号（位数、出生日期或校验位不符），未用于比对")
        return None, None


def _birth(cells: Mapping[Column, str], born: Birth | None, set_aside: list[str]) -> Birth | None:
    """Return the birth that the ID number holds, else the one written."""
    written = cells.get(Column.BIRTH)
    found = values.birth(written) if written else None
    if written and found is None:
        set_aside.append(f"出生年月“{written}”不明，未用于比对")
    return born or found


_SHA256 = re.compile("[0-9a-f]{64}")
_OF_NOTHING = sha256().hexdigest()


def _contents(cells: Mapping[Column, str], set_aside: list[str]) -> frozenset[str]:
    found = {content_hash(cells[Column.TEXT])} if Column.TEXT in cells else set()
    if written := cells.get(Column.CONTENT_SHA256):
        if _SHA256.fullmatch(written.lower()) and written.lower() != _OF_NOTHING:
            found.add(written.lower())
        else:
            set_aside.append("内容校验值不是文件或正文的SHA-256，未用于比对")
    return frozenset(each for each in found if each)


def read_title(row: Row, defaults: Defaults, latest_year: int) -> Title:
    """Read which title the row holds; raise NoEntry when year, title or outcome is not clear."""
    cells = row.values
    honour = cells.get(Column.HONOUR) or defaults.honour
    if not honour:
        raise NoEntry("称号不明")
    return Title(honour, _level(cells, honour, defaults), _year(cells, defaults, latest_year), _outcome(cells))


def _level(cells: Mapping[Column, str], honour: str, defaults: Defaults) -> Level:
    written = cells.get(Column.LEVEL)
    found = values.level(written) if written else defaults.level or values.level_of_honour(honour)
    if found is None:
        raise NoEntry(f"级别不明：{written}" if written else "级别不明")
    return found


def _year(cells: Mapping[Column, str], defaults: Defaults, latest_year: int) -> int:
    written = cells.get(Column.YEAR)
    found = values.year(written, latest_year) if written else defaults.year
    if found is None:
        raise NoEntry(f"年份不明：{written}" if written else "年份不明")
    return found


def _outcome(cells: Mapping[Column, str]) -> Outcome:
    written = cells.get(Column.OUTCOME)
    if not written:
        return Outcome.WINNER
    found = values.outcome(written)
    if found is None:
        raise NoEntry(f"结果“{written}”不明，应为入选、提名或取消资格")
    return found
