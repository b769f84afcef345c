"""A table as an office keeps it: where its head is, which rows hold entries, and what the others are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from services.search.domain.columns import NAMING, Column, recognise, visible

REPEATED_HEAD, REMARK = "重复的表头", "说明行"
_LINES_BEFORE_A_HEAD = 40
_REMARKS = ("备注", "注:", "注：", "说明", "合计", "总计", "共计", "填表", "制表", "审核", "单位盖章", "以上", "联系")


def place(sheet: str | None, line: int) -> str:
    """Return where a row stands, as a spreadsheet shows it: "第3行", "工作表“2019”第3行"."""
    return f"{f'工作表“{sheet}”' if sheet else ''}第{line}行"


@dataclass(frozen=True)
class Line:
    """One line of a sheet: its number there, from 1, and its cells as text. Merged cells are filled in."""

    number: int
    cells: Sequence[str]


@dataclass(frozen=True)
class Row:
    """One row of data: its number among the file's rows of data, where it stands, what its columns hold.

    `columns` are those of its sheet, also where the row leaves them empty.
    """

    row: int
    sheet: str | None
    line: int
    values: Mapping[Column, str]
    columns: frozenset[Column]


@dataclass(frozen=True)
class NotTaken:
    """A row that was not taken, or only in part, and why."""

    row: int
    sheet: str | None
    line: int
    reason: str

    @property
    def is_decoration(self) -> bool:
        """Whether the row never was an entry."""
        return self.reason in {REPEATED_HEAD, REMARK}


@dataclass(frozen=True)
class Head:
    """The head of a table: the lines above it, the line it ends with, its columns by position, and its labels."""

    title: str
    last_line: int
    columns: Mapping[int, Column]
    labels: Mapping[str, Column]
    unread: tuple[str, ...]


@dataclass
class Sheet:
    """A sheet read through: its head, its rows, and what was not taken."""

    name: str | None
    head: Head | None
    rows: list[Row] = field(default_factory=list)
    not_taken: list[NotTaken] = field(default_factory=list)


class TwoColumnsAlike(ValueError):  # named for what it found
    """Two columns of one head hold the same thing: which one counts must be said in the file."""


def read(name: str | None, lines: Iterable[Line], rows_before: int = 0) -> Sheet:
    """Find a sheet's head and read what stands below it. `rows_before` rows of data stand on earlier sheets."""
    rest = iter(lines)
    first = list(islice(rest, _LINES_BEFORE_A_HEAD))
    head = find_head(first)
    sheet = Sheet(name, head)
    if head is None:
        return sheet
    _read_rows(sheet, head, _chain([line for line in first if line.number > head.last_line], rest), rows_before)
    return sheet


def _chain(first: Iterable[Line], rest: Iterator[Line]) -> Iterator[Line]:
    yield from first
    yield from rest


def _read_rows(sheet: Sheet, head: Head, lines: Iterable[Line], rows_before: int) -> None:
    row, columns = rows_before, frozenset(head.columns.values())
    for line in lines:
        if not any(cell.strip() for cell in line.cells):
            continue
        row += 1
        values = _values(head, line)
        if reason := _no_entry(line, values):
            sheet.not_taken.append(NotTaken(row, sheet.name, line.number, reason))
        else:
            sheet.rows.append(Row(row, sheet.name, line.number, values, columns))


def _values(head: Head, line: Line) -> dict[Column, str]:
    cells = ((column, visible(line.cells[at])) for at, column in head.columns.items() if at < len(line.cells))
    return {column: cell for column, cell in cells if cell}


def _no_entry(line: Line, values: Mapping[Column, str]) -> str | None:
    labels = [recognise(cell) for cell in line.cells if cell.strip()]
    if len(labels) > 1 and all(labels):
        return REPEATED_HEAD
    distinct = {cell.strip() for cell in line.cells if cell.strip()}
    if len(distinct) == 1 and next(iter(distinct)).startswith(_REMARKS):
        return REMARK
    if not values:
        return "各列均为空"
    return None


def find_head(lines: Sequence[Line]) -> Head | None:
    """Return the first head that names what the table lists; a second line below it may name its columns further."""
    for at, line in enumerate(lines):
        below = lines[at + 1] if at + 1 < len(lines) else None
        labels, last = line.cells, line
        if below and _continues(line, below):
            labels, last = _joined(line.cells, below.cells), below
        columns = [(place, column) for place, label in enumerate(labels) if (column := recognise(label))]
        if _is_head({column for _, column in columns}, line):
            read = {labels[place].strip(): column for place, column in columns}
            unread = dict.fromkeys(label.strip() for label in labels if label.strip() and recognise(label) is None)
            return Head(_title(lines[:at]), last.number, _one_each(columns, labels), read, tuple(unread))
    return None


def _is_head(found: set[Column], line: Line) -> bool:
    names_something = bool(found & NAMING) or Column.ORGANISATION in found
    return names_something and (len(found) > 1 or len([cell for cell in line.cells if cell.strip()]) == 1)


def _continues(above: Line, below: Line) -> bool:
    """Say whether a line is the second of a head: it holds labels alone, and one that the line above does not."""
    labels = [(at, cell) for at, cell in enumerate(below.cells) if cell.strip()]
    known = any(map(recognise, above.cells)) and all(recognise(cell) for _, cell in labels)
    return bool(labels) and known and any(at >= len(above.cells) or above.cells[at] != cell for at, cell in labels)


def _joined(above: Sequence[str], below: Sequence[str]) -> list[str]:
    width = max(len(above), len(below))
    upper, lower = ([*cells, *[""] * (width - len(cells))] for cells in (above, below))
    return [under if under.strip() else over for over, under in zip(upper, lower, strict=True)]


def _one_each(columns: Sequence[tuple[int, Column]], labels: Sequence[str]) -> dict[int, Column]:
    """Return the columns by position. A label that a merge repeats beside itself counts once."""
    places: dict[Column, int] = {}
    for at, column in columns:
        first = places.setdefault(column, at)
        merged = all(labels[between] == labels[first] for between in range(first, at))
        if column is not Column.IGNORED and at != first and not (merged and labels[at] == labels[first]):
            one, other = labels[first].strip(), labels[at].strip()
            raise TwoColumnsAlike(f"第{first + 1}列“{one}”与第{at + 1}列“{other}”含义相同，请只保留一列")
    return {at: column for column, at in places.items() if column is not Column.IGNORED}


def _title(lines: Sequence[Line]) -> str:
    return " ".join(dict.fromkeys(cell.strip() for line in lines for cell in line.cells if cell.strip()))
