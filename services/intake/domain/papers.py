"""The papers a unit prints: the recommendation list with its check code, and the invitation letters.

Columns, title and the words above and below come from the campaign's layout; nothing here knows a notice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import rfc8785

from services.kernel.codes import encode, grouped

REHEARSAL_MARK = "试运行，不作为正式材料"

CHECK_CODE_CHARACTERS = 12
CHECK_CODE_BITS = 60
DIGEST_BITS = 256

Cell = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """One column as printed: its exact title, how its cells stand, and its share of the width."""

    title: str
    align: Literal["center", "start"] = "start"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ListPaper:
    """A recommendation list ready for printing.

    `heading` is the campaign's line above `title`; `unit_label` and `unit_name` form the line above the table;
    `summary` stands under it, `seal_label` where the seal goes. Each row has one cell a column; numbers are whole.
    """

    annex: str
    heading: str
    title: str
    unit_label: str
    unit_name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    summary: str
    seal_label: str
    rehearsal: bool
    check_code: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the check code; raise ValueError for a row that does not fit the columns."""
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.columns):
                raise ValueError(f"row {number} has {len(row)} cells, the layout has {len(self.columns)} columns")
        titles = [column.title for column in self.columns]
        object.__setattr__(self, "check_code", list_check_code(self.unit_name, titles, self.rows))


@dataclass(frozen=True, slots=True)
class Letter:
    """One invitation letter 开通函: one unit, one role, one code that works once.

    `code` is printed as it is given, its groups apart; `address` is where it is entered, `purpose` what the role does with it,
    `deadline` until when, in words; `issued_on` is the date in words.
    """

    organiser: str
    campaign: str
    unit_name: str
    role: str
    code: str
    address: str
    purpose: str
    deadline: str
    issued_on: str
    rehearsal: bool


def check_code(document: Mapping[str, Any]) -> str:
    """Return the 校验码 of a JSON document: 60 bits of the SHA-256 of its RFC 8785 form, such as `7F3K-92QX-M4TD`.

    The code holds the first 60 bits of the digest, most significant first, in Crockford's base 32. Raises ValueError for what
    has no canonical form: text that is not Unicode, a whole number beyond 2^53, NaN.
    """
    try:
        canonical = rfc8785.dumps(dict(document))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(f"no canonical form: {error}") from error
    bits = int.from_bytes(hashlib.sha256(canonical).digest(), "big") >> (DIGEST_BITS - CHECK_CODE_BITS)
    return grouped(encode(bits, CHECK_CODE_CHARACTERS))


def list_check_code(unit_name: str, titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return the 校验码 of what a list prints: `{"columns": titles, "rows": rows, "unit": unit_name}`."""
    return check_code({"columns": list(titles), "rows": [list(row) for row in rows], "unit": unit_name})
