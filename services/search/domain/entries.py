"""What is compared: an entry of today, and the record of an earlier one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from services.campaigns.models.winners import LEVEL_WORDS, Level


class Subject(StrEnum):
    """What a title is given to; only entries of one subject are compared."""

    PERSON = "person"
    PROJECT = "project"
    WORK = "work"
    ORGANISATION = "organisation"


class Outcome(StrEnum):
    """How an earlier entry ended."""

    WINNER = "winner"
    NOMINEE = "nominee"
    CHEAT = "cheat"


@dataclass(frozen=True)
class Birth:
    """The year, and the month where it is known."""

    year: int
    month: int | None = None

    def __str__(self) -> str:
        return f"{self.year}年{self.month}月" if self.month else f"{self.year}年"


@dataclass(frozen=True)
class IdDigest:
    """An ID number as its keyed hash: equal hashes under one `kid` are one number, across two they say nothing."""

    kid: str
    digest: str
    last4: str


@dataclass(frozen=True)
class Place:
    """Province, city and district as written, empty where unknown; `code` is the region's own, where units have one."""

    province: str = ""
    city: str = ""
    district: str = ""
    code: str = ""

    def __str__(self) -> str:
        return "".join(dict.fromkeys(part for part in (self.province, self.city, self.district) if part))


@dataclass(frozen=True)
class Entry:
    """What identifies a person, project, work or organisation. `name` is the person's name, or the title.

    `contents` are SHA-256 in hex of what a work consists of: its text as `grams.content_hash` says, its files.
    """

    subject: Subject
    name: str
    organisation: str = ""
    place: Place = Place()
    birth: Birth | None = None
    id_digest: IdDigest | None = None
    level: Level | None = None
    contents: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class EarlierRecord:
    """A row of the register: who held which title, when, at which level, and where that is written.

    `source` names the file, sheet and row, or the campaign; `external_id` is the row's own number there. `level` is None
    where nobody said one.
    """

    record: str
    entry: Entry
    honour: str
    year: int
    level: Level | None
    outcome: Outcome
    source: str
    external_id: str | None = None

    def is_of(self, work_id: str | None) -> bool:
        """Whether a published result made this record of that very work."""
        return work_id is not None and self.record.endswith(f".{work_id}")

    def __str__(self) -> str:
        level = LEVEL_WORDS[self.level] if self.level else ""
        return f"{self.year}年{'' if self.honour.startswith(level) else level}{self.honour}"
