"""A list of earlier years, read whole: what would enter the register, and every row that would not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256

from services.kernel.keys import Keys
from services.search.domain import values
from services.search.domain.columns import visible
from services.search.domain.decisions import record_hash
from services.search.domain.entries import EarlierRecord
from services.search.domain.tables import NotTaken, Row, Sheet
from services.search.tools.files import read_sheets
from services.search.tools.register_rows import Defaults, NoEntry, read_entry, read_title


@dataclass(frozen=True)
class SheetRead:
    """How a sheet was understood: what each of its columns was taken for, and which were not read."""

    sheet: str | None
    head_line: int | None
    columns: dict[str, str]
    unread: tuple[str, ...]
    year: int | None


@dataclass(frozen=True)
class Report:
    """What was read of a list. `set_aside` names values that were not used of rows that were taken."""

    rows_read: int
    rows_taken: int
    sheets: tuple[SheetRead, ...]
    not_taken: tuple[NotTaken, ...]
    set_aside: tuple[NotTaken, ...]

    @property
    def sentence(self) -> str:
        """The report in a sentence: rows read, taken, and not taken by reason."""
        kinds = Counter(row.reason.partition("：")[0] for row in self.not_taken)
        why = "、".join(f"{kind}{count:,}" for kind, count in kinds.most_common())
        missed = f"，{len(self.not_taken):,}行未收录（{why}）" if self.not_taken else ""
        return f"读取{self.rows_read:,}行，收录{self.rows_taken:,}行{missed}。"


@dataclass
class ListRead:
    """A list and its records; their `record` and `source` are completed by `named`."""

    file_name: str
    sha256: str
    size_bytes: int
    report: Report
    records: list[tuple[Row, EarlierRecord]] = field(default_factory=list)

    def named(self, import_id: str) -> Iterator[EarlierRecord]:
        """Yield the records under the import's id and each row's number."""
        for row, record in self.records:
            yield replace(record, record=f"{import_id}.{row.row}")


def read_list(data: bytes, file_name: str, defaults: Defaults, keys: Keys, latest_year: int) -> ListRead:
    """Read a list. Raises `FaultyFile` when the file as a whole cannot be read."""
    sheets = read_sheets(data)
    file_name = visible(file_name)
    reading = _Reading(file_name, defaults, keys, latest_year)
    for sheet in sheets:
        reading.take(sheet)
    read = sum(len(sheet.rows) + len(sheet.not_taken) for sheet in sheets)
    not_taken = sorted(reading.not_taken, key=lambda row: row.row)
    report = Report(read, len(reading.records), tuple(reading.sheets), tuple(not_taken), tuple(reading.set_aside))
    return ListRead(file_name, sha256(data).hexdigest(), len(data), report, reading.records)


class _Reading:
    """The state of reading one list."""

    def __init__(self, file_name: str, defaults: Defaults, keys: Keys, latest_year: int) -> None:
        self.sheets: list[SheetRead] = []
        self.records: list[tuple[Row, EarlierRecord]] = []
        self.not_taken: list[NotTaken] = []
        self.set_aside: list[NotTaken] = []
        self._file_name, self._defaults, self._keys, self._latest_year = file_name, defaults, keys, latest_year
        self._seen: dict[str, int] = {}

    def take(self, sheet: Sheet) -> None:
        """Take a sheet's rows one by one."""
        self.not_taken.extend(sheet.not_taken)
        year = self._year(sheet)
        head = sheet.head
        columns = {label: column.value for label, column in head.labels.items()} if head else {}
        line, unread = (head.last_line, head.unread) if head else (None, ())
        self.sheets.append(SheetRead(sheet.name, line, columns, unread, year))
        for row in sheet.rows:
            self._take(row, replace(self._defaults, year=year))

    def _year(self, sheet: Sheet) -> int | None:
        """Return the year of rows that have none: the one given, else the one above the head or in the sheet's name."""
        if self._defaults.year is not None or sheet.head is None:
            return self._defaults.year
        found = (values.year_in_title(text, self._latest_year) for text in (sheet.head.title, sheet.name or ""))
        return next(filter(None, found), None)

    def _take(self, row: Row, defaults: Defaults) -> None:
        try:
            read = read_entry(row, self._keys, defaults.subject)
            title = read_title(row, defaults, self._latest_year)
        except NoEntry as reason:
            self._miss(row, str(reason))
            return
        source = "，".join(filter(None, (self._file_name, row.sheet and f"工作表“{row.sheet}”", f"第{row.line}行")))
        record = EarlierRecord("", read.entry, title.honour, title.year, title.level, title.outcome, source, read.external_id)
        first = self._seen.setdefault(record_hash(record), row.row)
        if first != row.row:
            self._miss(row, f"与前面的行相同：第{first}行")
            return
        self.records.append((row, record))
        self.set_aside.extend(NotTaken(row.row, row.sheet, row.line, reason) for reason in read.set_aside)

    def _miss(self, row: Row, reason: str) -> None:
        self.not_taken.append(NotTaken(row.row, row.sheet, row.line, reason))


def report_json(report: Report) -> dict[str, object]:
    """Return a report as it is answered and kept."""
    return {**asdict(report), "sentence": report.sentence}
