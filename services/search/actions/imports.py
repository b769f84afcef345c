"""Importing a list of earlier years into the register, and undoing it as a whole."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from services.kernel.errors import Conflict, NotFound, Unprocessable
from services.kernel.ids import new_id
from services.kernel.instants import BEIJING
from services.kernel.ports import Transaction
from services.search.domain.decisions import record_hash
from services.search.domain.entries import EarlierRecord
from services.search.store import imports, register
from services.search.store.imports import Import
from services.search.tools.lists import ListRead, report_json
from services.search.tools.register_rows import Defaults

AGAIN = "没有重复收录。确需再次收录，请加 --again（接口为 again=true）；否则请先撤销原来的导入。"
_LOOKED_UP_AT_ONCE = 1_000


def latest_year(now: datetime) -> int:
    """Return the latest year in which a title can have been given."""
    return now.astimezone(BEIJING).year


@dataclass(frozen=True)
class Already:
    """An import in force of the same file, or that brought `records` of those in the list at hand."""

    made: Import
    records: int
    same_file: bool

    @property
    def sentence(self) -> str:
        """Say what is there already, since when, and by which import."""
        made = self.made
        if self.same_file:
            return f"该文件已于{_day(made.imported_at)}导入（编号{made.id}，收录{made.rows_taken:,}行）。"
        return f"名单中有{self.records:,}条记录已于{_day(made.imported_at)}随“{made.file_name}”导入（编号{made.id}）。"

    def document(self) -> dict[str, object]:
        """Return it as it is answered."""
        return {
            "import": self.made.id,
            "file": self.made.file_name,
            "imported_at": self.made.imported_at.isoformat(),
            "records": self.records,
            "same_file": self.same_file,
        }


def already(connection: Connection, read: ListRead) -> list[Already]:
    """Return the imports in force that brought this file, or records that the list states again word for word or nearly so."""
    if same := _of_file(connection, read):
        return same
    counted = _held(connection, read)
    known = filter(None, (imports.get(connection, import_id) for import_id in counted))
    return [Already(made, counted[made.id], same_file=False) for made in sorted(known, key=lambda made: made.imported_at)]


def _of_file(connection: Connection, read: ListRead) -> list[Already]:
    return [Already(made, made.rows_taken, same_file=True) for made in imports.of_file(connection, read.sha256)]


def _held(connection: Connection, read: ListRead) -> Counter[str]:
    """Count, by import, the records of the list that the register holds already."""
    held: set[tuple[str, str]] = set()
    for at in range(0, len(read.records), _LOOKED_UP_AT_ONCE):
        mine = [record for _, record in read.records[at : at + _LOOKED_UP_AT_ONCE]]
        found = register.imported_like(connection, (record.entry for record in mine))
        if found:
            told = set(map(_said, mine))
            held.update({(import_id, said) for import_id, record in found if (said := _said(record)) in told})
    return Counter(import_id for import_id, _ in held)


def _said(record: EarlierRecord) -> str:
    """Return the hash of what a record says; its level stands once, at the title."""
    return record_hash(replace(record, entry=replace(record.entry, level=None)))


def remark(found: Sequence[Already]) -> str | None:
    """Return what is said of a list that is in the register already, None for a new one."""
    return "".join(each.sentence for each in found) + AGAIN if found else None


def refuse_again(found: Sequence[Already]) -> None:
    """Raise `Conflict` for a list whose file or records are in the register already."""
    if found:
        raise Conflict(
            remark(found) or "",
            "The register holds this file, or some of its records, already; ask for them again, or undo that import.",
            kind="already-imported",
            import_id=found[0].made.id,
            already=[each.document() for each in found],
        )


def keep(transaction: Transaction, read: ListRead, defaults: Defaults, *, by: str, again: bool = False) -> Import:
    """Put a list that was read into the register.

    Raises `Conflict` for a file that is in the register already unless it is asked for `again`, `Unprocessable` for one
    of which no row can be taken.
    """
    connection, stated = transaction.connection, json.dumps(asdict(defaults), ensure_ascii=False)
    if not again:
        refuse_again(_of_file(connection, read))
    if not read.records:
        raise Unprocessable(
            f"没有可收录的行：{read.report.sentence}", "No row of the list can be taken.", report=report_json(read.report)
        )
    made = Import(
        id=new_id(),
        file_name=read.file_name,
        sha256=read.sha256,
        size_bytes=read.size_bytes,
        defaults=stated,
        rows_read=read.report.rows_read,
        rows_taken=read.report.rows_taken,
        report=json.dumps(report_json(read.report), ensure_ascii=False),
        imported_by=by,
        imported_at=transaction.now,
    )
    imports.add(connection, made)
    register.add(connection, read.named(made.id), import_id=made.id)
    return made


def undo(transaction: Transaction, import_id: str, *, by: str) -> int:
    """Take everything an import brought out of the register again; return how many records.

    Raises `NotFound`, or `Conflict` when it was undone before.
    """
    made = imports.get(transaction.connection, import_id)
    if made is None:
        raise NotFound("没有这次导入。", "No such import.")
    if made.undone_at is not None:
        raise Conflict(f"这次导入已于{_day(made.undone_at)}撤销。", "This import was undone already.")
    imports.undo(transaction.connection, import_id, by=by, at=transaction.now)
    return register.remove(transaction.connection, import_id=import_id)


def _day(instant: datetime) -> str:
    day = instant.astimezone(BEIJING)
    return f"{day.year}年{day.month}月{day.day}日"
