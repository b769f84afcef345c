"""Sheets of an xlsx workbook as lines of text, merged cells filled in; hostile files are refused before they unfold."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree import ElementTree as ET

from openpyxl import load_workbook
from openpyxl.utils import range_boundaries

from services.search.domain.tables import Line
from services.search.tools.faults import FaultyFile

MAX_UNFOLDED_BYTES = 160 * 1024 * 1024
MAX_PARTS = 2_000
MAX_CELLS = 6_000_000
MAX_MERGES = 50_000
MAX_FILLED_COLUMNS = 256
_WIDEST_EXACT_INTEGER = 10**15

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_TO_PART = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT = b"purl.oclc.org/ooxml"


def workbook_sheets(data: bytes) -> Iterator[tuple[str | None, Iterator[Line]]]:
    """Yield each sheet's name and lines. Formulas are their own text, never computed."""
    with _readable():
        merges = _merges(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # the size that a sheet states may lie
            yield sheet.title, _lines(sheet.iter_rows(values_only=True), _Merges(merges.get(sheet.title, [])))


_BROKEN = (zipfile.BadZipFile, zlib.error, ET.ParseError, LookupError, ValueError, TypeError, AttributeError, EOFError, OSError)


@contextmanager
def _readable() -> Iterator[None]:
    """Say FaultyFile where the workbook's structure is not what it should be."""
    try:
        yield
    except FaultyFile:
        raise
    except _BROKEN as fault:
        raise FaultyFile("文件不是完整的.xlsx工作簿，请用Excel或WPS重新另存为.xlsx。") from fault


@dataclass(frozen=True)
class _Merge:
    first_column: int
    first_row: int
    last_column: int
    last_row: int


class _Merges:
    """Fills merged cells with the value of their first, row by row from the top."""

    def __init__(self, ranges: Iterable[_Merge]) -> None:
        self._waiting = sorted(ranges, key=lambda merge: merge.first_row, reverse=True)
        self._open: list[tuple[_Merge, str]] = []

    def fill(self, row: int, cells: list[str]) -> list[str]:
        self._open = [(merge, value) for merge, value in self._open if row <= merge.last_row]
        while self._waiting and self._waiting[-1].first_row <= row:
            merge = self._waiting.pop()
            if merge.first_column <= len(cells) and merge.first_row == row:
                self._open.append((merge, cells[merge.first_column - 1]))
        for merge, value in self._open:
            last_column = min(merge.last_column, MAX_FILLED_COLUMNS)
            cells.extend([""] * (last_column - len(cells)))
            for at in range(merge.first_column - 1, last_column):
                cells[at] = cells[at] or value
        return cells


def _lines(rows: Iterable[tuple[object, ...]], merges: _Merges) -> Iterator[Line]:
    scanned = 0
    with _readable():
        for number, row in enumerate(rows, start=1):
            scanned += len(row) + 1
            if scanned > MAX_CELLS:
                raise FaultyFile(f"单元格超过{MAX_CELLS:,}个。请删去空白的行和列，或分成几个文件。")
            cells = [_text(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if cells:  # a line with nothing of its own is blank, whatever is merged across it
                yield Line(number, merges.fill(number, cells))


def _text(value: object) -> str:
    """Return a cell as it is read; a number of more than 15 digits has lost its last ones and is written with ≈."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= _WIDEST_EXACT_INTEGER:
        return f"≈{value}"
    return str(value).strip()


def _merges(data: bytes) -> dict[str, list[_Merge]]:
    """Read the merged ranges of each sheet, which a read-only workbook does not tell, within the limits."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_size(archive)
        return {name: _ranges(archive, part) for name, part in _parts(archive)}


def _check_size(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len(parts) > MAX_PARTS:
        raise FaultyFile(f"文件内含{len(parts):,}个部件，至多{MAX_PARTS:,}个。请另存为只含名单的.xlsx。")
    unfolded_bytes = sum(part.file_size for part in parts)
    if unfolded_bytes > MAX_UNFOLDED_BYTES:
        raise FaultyFile(f"文件解压后{unfolded_bytes:,}字节，至多{MAX_UNFOLDED_BYTES:,}字节。请分成几个文件。")
    if any(part.flag_bits & 1 for part in parts):
        raise FaultyFile("文件已加密，请另存为不加密的.xlsx。")
    if "xl/workbook.xml" not in archive.namelist():
        raise FaultyFile("这不是.xlsx工作簿（可能是.docx、.zip或.ods），请另存为.xlsx。")


def _parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Yield each sheet's name and the part that holds it."""
    targets = {
        relation.get("Id", ""): relation.get("Target", "")
        for relation in _parsed(archive, "xl/_rels/workbook.xml.rels").iter(f"{_RELATIONS}Relationship")
    }
    for sheet in _parsed(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets.get(sheet.get(_TO_PART, ""), "")
        yield sheet.get("name", ""), target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _parsed(archive: zipfile.ZipFile, part: str) -> ET.Element:
    xml = archive.read(part)
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise FaultyFile("文件含有XML实体声明，请用Excel或WPS重新另存为.xlsx。")
    return ET.fromstring(xml)  # noqa: S314  # no entity can stand in it


_MERGE_CELL = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*\bref=\"([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})\"")


def _ranges(archive: zipfile.ZipFile, part: str) -> list[_Merge]:
    if part not in archive.namelist():
        return []
    xml = archive.read(part)
    if b"<!DOCTYPE" in xml[:4096] or b"<!ENTITY" in xml[:4096]:
        raise FaultyFile("文件含有XML实体声明，请用Excel或WPS重新另存为.xlsx。")
    found = _MERGE_CELL.findall(xml, max(xml.rfind(b"</sheetData>"), 0))
    if len(found) > MAX_MERGES:
        raise FaultyFile(f"合并单元格{len(found):,}处，至多{MAX_MERGES:,}处。请取消数据区的合并。")
    return [_Merge(*(int(edge or 0) for edge in range_boundaries(ref.decode()))) for ref in found]
