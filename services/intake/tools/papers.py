"""The printed papers as files: the recommendation list as PDF and xlsx, the invitation letters as PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from io import BytesIO
from typing import Any

from services.intake.domain.papers import REHEARSAL_MARK, Cell, Letter, ListPaper
from services.intake.tools.typesetting import render

CELL_LIMIT = 32_767
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
COLUMN_WIDTHS_TOTAL = 86  # characters of the default font across an A4 page
MARGIN_X_IN = 20 / 25.4
MARGIN_Y_IN = 22 / 25.4
A4 = 9


def list_pdf(paper: ListPaper, *, stamp: datetime) -> bytes:
    """Return the list as PDF; `stamp` (the instant it was locked) is its date of creation."""
    return render("list", {**asdict(paper), "rehearsal_mark": REHEARSAL_MARK}, stamp=stamp)


def letters_pdf(letters: Sequence[Letter], *, stamp: datetime) -> bytes:
    """Return the letters as one PDF, a page each. Raises ValueError without any."""
    if not letters:
        raise ValueError("no letters to print")
    data = {
        "letters": [asdict(letter) for letter in letters],
        "rehearsal": any(letter.rehearsal for letter in letters),
        "rehearsal_mark": REHEARSAL_MARK,
    }
    return render("letters", data, stamp=stamp)


def list_xlsx(paper: ListPaper, *, stamp: datetime) -> bytes:
    """Return the list as a workbook of one sheet, the same bytes for the same arguments.

    No cell is a formula, and one that looks like one stays text when it is edited. Raises ValueError for a cell beyond what a
    workbook can hold (32,767 characters), naming its row and column.
    """
    import xlsxwriter  # noqa: PLC0415 - only documents need it

    target = BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": paper.title, "created": stamp.replace(tzinfo=None)})
    sheet = book.add_worksheet(paper.title[:31].translate(dict.fromkeys(map(ord, r"[]:*?/\\'"), "_")) or None)
    _set_up_page(sheet, paper)
    _write_list(_Writer(book, sheet), paper)
    book.close()
    return target.getvalue()


def _set_up_page(sheet: Any, paper: ListPaper) -> None:
    sheet.set_paper(A4)
    sheet.set_margins(left=MARGIN_X_IN, right=MARGIN_X_IN, top=MARGIN_Y_IN, bottom=MARGIN_Y_IN)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    mark = REHEARSAL_MARK + "　" if paper.rehearsal else ""
    sheet.set_footer(f"&L名单校验码 {paper.check_code}&R{mark}第 &P 页，共 &N 页")
    total = sum(column.weight for column in paper.columns)
    for index, column in enumerate(paper.columns):
        sheet.set_column(index, index, column.weight / total * COLUMN_WIDTHS_TOTAL)


def _write_list(write: _Writer, paper: ListPaper) -> None:
    last = len(paper.columns) - 1
    write.line(0, last, paper.annex, bold=True)
    write.line(1, last, paper.heading, bold=True, align="center", font_size=16)
    write.line(2, last, paper.title, bold=True, align="center", font_size=18)
    write.line(3, last, f"{paper.unit_label}：{paper.unit_name}", font_size=13)
    for index, column in enumerate(paper.columns):
        write.cell(4, index, column.title, bold=True, align="center", border=1)
    write.sheet.repeat_rows(4)
    for number, row in enumerate(paper.rows, 5):
        for index, value in enumerate(row):
            align = "center" if paper.columns[index].align == "center" else "left"
            write.cell(number, index, value, align=align, border=1)
    after = 5 + len(paper.rows)
    write.line(after, last, paper.summary)
    write.line(after + 1, last, f"名单校验码 {paper.check_code}")
    write.line(after + 4, last, paper.seal_label, align="right")
    write.line(after + 5, last, "　　年　　月　　日", align="right")
    if paper.rehearsal:
        write.line(after + 6, last, REHEARSAL_MARK, bold=True)


class _Writer:
    """Writes cells as what they are, with one format object for each look."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self.book = book
        self.sheet = sheet
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def look(self, value: Cell, properties: dict[str, Any]) -> Any:
        base = {"font_name": "宋体", "font_size": 12, "valign": "vcenter", "text_wrap": True, **properties}
        if isinstance(value, str) and value.startswith(FORMULA_STARTS):
            base["quote_prefix"] = True
        key = tuple(sorted(base.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(base)
        return self.formats[key]

    def cell(self, row: int, column: int, value: Cell, **properties: Any) -> None:
        look = self.look(value, properties)
        if isinstance(value, int):
            self.sheet.write_number(row, column, value, look)
            return
        if len(value.encode("utf-16-le")) // 2 > CELL_LIMIT:
            raise ValueError(f"row {row + 1}, column {column + 1} holds more than {CELL_LIMIT} characters")
        if not value:
            self.sheet.write_blank(row, column, None, look)
            return
        self.sheet.write_string(row, column, value, look)

    def line(self, row: int, last: int, value: str, **properties: Any) -> None:
        if last > 0:
            self.sheet.merge_range(row, 0, row, last, "", self.look(value, properties))
        self.cell(row, 0, value, **properties)
