"""Importing a list of earlier years into the register, and undoing it as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from services.kernel.errors import Conflict, NotFound, Unprocessable
from services.kernel.ids import new_id
from services.kernel.instants import BEIJING
from services.kernel.ports import Transaction
from services.search.store import imports, register
from services.search.store.imports import Import
from services.search.tools.lists import ListRead, report_json
from services.search.tools.register_rows import Defaults


def latest_year(now: datetime) -> int:
    """Return the latest year in which a title can have been given."""
    return now.astimezone(BEIJING).year


def keep(transaction: Transaction, read: ListRead, defaults: Defaults, *, by: str) -> Import:
    """Put a list that was read into the register.

    Raises `Conflict` for a file that is in the register already, `Unprocessable` for one of which no row can be taken.
    """
    connection, stated = transaction.connection, json.dumps(asdict(defaults), ensure_ascii=False)
    if known := imports.in_force(connection, read.sha256, stated):
        raise Conflict(
            f"该文件已于{_day(known.imported_at)}导入（{known.id}），没有重复收录。如需重新导入，请先撤销。",
            f"This file is in the register already, as import {known.id}.",
            import_id=known.id,
        )
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
