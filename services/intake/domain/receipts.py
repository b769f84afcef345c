"""Receipts 回执: what one says, and how files compare with it. Signing and reading stand in `tools/receipts.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.intake.domain.papers import REHEARSAL_MARK
from services.kernel.instants import BEIJING

ON_ITS_WAY = "仍在传送"
COUNTER_DIGITS = 4
SHA256_HEX = r"^[0-9a-f]{64}$"

Kind = Literal["work", "list", "files", "late"]


class Part(BaseModel):
    """A value of a receipt: immutable, and closed to members it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReceiptFile(Part):
    """One file: its name as shown, slot, size, and its SHA-256, or `state` 仍在传送 while it is still on its way."""

    name: str
    slot: str
    size_bytes: int = Field(ge=0)
    sha256: str | None = Field(default=None, pattern=SHA256_HEX)
    state: Literal["仍在传送"] | None = None


class CampaignRef(Part):
    """The campaign, and the version and hash that judged what was received."""

    id: str
    version: int
    hash: str


class Receipt(Part):
    """What was received, from whom and when.

    `kind`: a work, a list, the files that were still on their way in the receipt `follows`, or late material.
    `received_at` is campaign time in Asia/Shanghai to the millisecond; `note` carries the mark of a rehearsal.
    """

    number: str
    kind: Kind
    what: str
    unit: str
    received_at: str
    check_code: str
    files: tuple[ReceiptFile, ...]
    campaign: CampaignRef
    rehearsal: bool
    note: str | None = None
    follows: str | None = None

    @property
    def complete(self) -> bool:
        """Whether every file is named by its hash; otherwise a second receipt follows."""
        return all(file.sha256 is not None for file in self.files)


def arrived(name: str, slot: str, size_bytes: int, sha256: str) -> ReceiptFile:
    """Return the entry of a file that is whole."""
    return ReceiptFile(name=name, slot=slot, size_bytes=size_bytes, sha256=sha256)


def on_its_way(name: str, slot: str, size_bytes: int) -> ReceiptFile:
    """Return the entry of a file whose upload has begun and not ended."""
    return ReceiptFile(name=name, slot=slot, size_bytes=size_bytes, state=ON_ITS_WAY)


def receipt(
    *,
    number: str,
    kind: Kind,
    what: str,
    unit: str,
    received_at: datetime,
    check_code: str,
    files: Iterable[ReceiptFile],
    campaign: CampaignRef,
    rehearsal: bool,
    follows: str | None = None,
) -> Receipt:
    """Return the receipt for something received at an instant of campaign time."""
    return Receipt(
        number=number,
        kind=kind,
        what=what,
        unit=unit,
        received_at=beijing_ms(received_at),
        check_code=check_code,
        files=tuple(files),
        campaign=campaign,
        rehearsal=rehearsal,
        note=REHEARSAL_MARK if rehearsal else None,
        follows=follows,
    )


def beijing_ms(instant: datetime) -> str:
    """Return the instant as `2024-09-30T23:59:59.999+08:00`; cut, never rounded, so that in time stays in time."""
    return instant.astimezone(BEIJING).isoformat(timespec="milliseconds")


def receipt_number(prefix: str, year: int, counter: int) -> str:
    """Return a receipt's number, such as `JZ-2024-0091`; the counter runs within prefix and year, from 1."""
    return f"{prefix}-{year}-{counter:0{COUNTER_DIGITS}d}"


# --- files compared with a receipt ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file at hand: its path as given, size and SHA-256."""

    path: str
    size_bytes: int
    sha256: str


class Match(StrEnum):
    """How one file stands to a receipt."""

    SAME = "same"
    DIFFERENT = "different"
    MISSING = "missing"
    ON_ITS_WAY = "on-its-way"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of a comparison: the file's entry in the receipt, or the path that belongs to none."""

    name: str
    match: Match
    path: str | None = None


def compare(files: Sequence[ReceiptFile], given: Sequence[GivenFile]) -> list[Compared]:
    """Compare files at hand with those a receipt names.

    Equal hashes are the same file, whatever it is called. A given file that bears a receipt's name and not its hash is
    `different`; one that fits nothing is `unknown`; an entry that no given file fits is `missing`, or `on-its-way`.
    """
    hashes = {file.sha256: file.path for file in given}
    same = {entry.sha256 for entry in files if entry.sha256 in hashes}
    rest = {_base(file.path): file.path for file in given if file.sha256 not in same}
    lines = [_entry(entry, hashes, rest) for entry in files]
    taken = {line.path for line in lines}
    return lines + [Compared(_base(path), Match.UNKNOWN, path) for path in rest.values() if path not in taken]


def _entry(entry: ReceiptFile, hashes: dict[str, str], rest: dict[str, str]) -> Compared:
    if entry.sha256 is None:
        return Compared(entry.name, Match.ON_ITS_WAY)
    if entry.sha256 in hashes:
        return Compared(entry.name, Match.SAME, hashes[entry.sha256])
    if entry.name in rest:
        return Compared(entry.name, Match.DIFFERENT, rest[entry.name])
    return Compared(entry.name, Match.MISSING)


def _base(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]
