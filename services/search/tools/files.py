"""Lists as files: xlsx, csv and jsonl, told apart by what they contain, read within limits."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace

from services.search.domain.columns import Column, recognise, visible
from services.search.domain.tables import Head, Line, NotTaken, Row, Sheet, TwoColumnsAlike, read
from services.search.tools.faults import FaultyFile

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_COLUMNS = 256
MAX_ROWS = 300_000
MAX_CELL_CHARS = 131_072
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",\t;"


def read_sheets(data: bytes) -> list[Sheet]:
    """Return the sheets of a list with their heads, rows and what was not taken; raise FaultyFile when there is none.

    A csv or jsonl file is one sheet without a name.
    """
    check_size(len(data))
    sheets = _by_content(data)
    if not any(sheet.head for sheet in sheets):
        raise FaultyFile("没有找到表头：须有“姓名”“项目名称”“作品名称”或“名称”一列，各列写法见《往年名录》说明。")
    return sheets


def check_size(size_bytes: int) -> None:
    """Raise FaultyFile for a file that is too large to be read."""
    if size_bytes > MAX_FILE_BYTES:
        raise FaultyFile(f"文件{size_bytes:,}字节，至多{MAX_FILE_BYTES:,}字节。请分成几个文件。")


def _by_content(data: bytes) -> list[Sheet]:
    if not data.strip():
        raise FaultyFile("文件是空的。")
    if data.startswith(b"PK"):
        from services.search.tools.workbooks import workbook_sheets  # noqa: PLC0415  # openpyxl weighs 20 MB

        return _numbered(workbook_sheets(data))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise FaultyFile("这是旧版Excel（.xls）或加密的文件，请另存为不加密的.xlsx。")
    text = _decoded(data)
    if text.lstrip().startswith("["):
        raise FaultyFile("这是JSON数组，请改为jsonl：每行一个对象。")
    if text.lstrip().startswith("{"):
        return [_json_lines(text)]
    return _numbered(iter([(None, _csv_lines(text))]))


def _numbered(sheets: Iterator[tuple[str | None, Iterator[Line]]]) -> list[Sheet]:
    """Read sheet after sheet; their rows of data are counted through the whole file."""
    found: list[Sheet] = []
    rows_before = 0
    for name, lines in sheets:
        try:
            sheet = read(name, _within_limits(name, lines), rows_before)
        except TwoColumnsAlike as doubt:
            raise FaultyFile(f"{_of(name)}{doubt}。") from doubt
        rows_before += len(sheet.rows) + len(sheet.not_taken)
        found.append(sheet)
    return found


def _of(sheet: str | None) -> str:
    return f"工作表“{sheet}”" if sheet else ""


def _within_limits(name: str | None, lines: Iterator[Line]) -> Iterator[Line]:
    for line in lines:
        if line.number > MAX_ROWS:
            raise FaultyFile(f"{_of(name)}超过{MAX_ROWS:,}行。请分成几个文件。")
        if len(line.cells) > MAX_COLUMNS:
            raise FaultyFile(f"{_of(name)}第{line.number}行有{len(line.cells):,}列，至多{MAX_COLUMNS}列。")
        yield line


def _decoded(data: bytes) -> str:
    """Decode as UTF-8 or UTF-16 by mark, else as UTF-8, else as GB18030, strictly."""
    encodings = ["utf-16"] if data.startswith(_UTF16_MARKS) else ["utf-8-sig", "gb18030"]
    faults = []
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as fault:
            line = data.count(b"\n", 0, fault.start) + 1
            faults.append(f"第{line}行不是{encoding.removesuffix('-sig').upper()}")
            continue
        if "\0" in text:
            raise FaultyFile("文件不是文本：含有空字符。请另存为.xlsx，或UTF-8、GB18030编码的.csv。")
        return text
    raise FaultyFile(f"编码无法识别：{'，'.join(faults)}。请另存为.xlsx，或UTF-8、GB18030编码的.csv。")


def _csv_lines(text: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 1
    try:
        for cells in reader:
            yield Line(number, cells)
            number = reader.line_num + 1
    except csv.Error as fault:
        if "field larger" in str(fault):
            raise FaultyFile(f"第{number}行有一格超过{MAX_CELL_CHARS:,}字。") from fault
        raise FaultyFile(f"第{number}行不是完整的csv：引号没有成对。") from fault


def _delimiter(text: str) -> str:
    """Return the delimiter under which some early line shows most known labels."""
    early = text[:20_000].splitlines()[:40]

    def labels(delimiter: str) -> int:
        return max(sum(recognise(cell.strip('"')) is not None for cell in line.split(delimiter)) for line in early)

    return max(_DELIMITERS, key=labels)


def _json_lines(text: str) -> Sheet:
    """Read one object a line; its keys are the labels of the columns."""
    sheet = Sheet(None, None)
    labels: dict[str, Column] = {}
    unread: dict[str, None] = {}
    row = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        if (row := row + 1) > MAX_ROWS:
            raise FaultyFile(f"超过{MAX_ROWS:,}行。请分成几个文件。")
        try:
            sheet.rows.append(Row(row, None, number, _json_values(line, labels, unread), frozenset()))
        except ValueError as fault:
            sheet.not_taken.append(NotTaken(row, None, number, str(fault)))
    columns = frozenset(labels.values())
    sheet.rows = [replace(row, columns=columns) for row in sheet.rows]
    sheet.head = Head("", 0, {}, labels, tuple(unread))
    return sheet


def _json_values(line: str, labels: dict[str, Column], unread: dict[str, None]) -> dict[Column, str]:
    try:
        given = json.loads(line, object_pairs_hook=_pairs, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("嵌套过深") from None
    except json.JSONDecodeError as fault:
        raise ValueError(f"不是完整的JSON：第{fault.colno}个字符处") from fault
    if not isinstance(given, _Pairs):
        raise ValueError("不是JSON对象：每行应为一个对象")  # noqa: TRY004  # the file's fault, told with all others
    values: dict[Column, str] = {}
    for label, value in given:
        column = recognise(label)
        text = _text(label, value)
        if column is None:
            unread[visible(label)] = None
            continue
        labels[label] = column
        if column in values:
            raise ValueError(f"“{visible(label)}”与另一项含义相同，请只保留一项")
        if text and column is not Column.IGNORED:
            values[column] = text
    return values


class _Pairs(list[tuple[str, object]]):
    """An object's members in order, the repeated ones too."""


def _pairs(members: list[tuple[str, object]]) -> _Pairs:
    return _Pairs(members)


def _no_number(constant: str) -> object:
    raise ValueError(f"{constant}不是数字")


def _text(label: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return visible(str(value))
    raise ValueError(f"“{visible(label)}”的值应为文字或数字")
