"""Imports: one row a list, also after it was undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from services.search.store.tables import imports


@dataclass(frozen=True)
class Import:
    """A list that was imported. `report` is JSON; `undone_at` is None while its records count."""

    id: str
    file_name: str
    sha256: str
    size_bytes: int
    defaults: str
    rows_read: int
    rows_taken: int
    report: str
    imported_by: str
    imported_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None


def add(connection: Connection, made: Import) -> None:
    """Keep an import."""
    connection.execute(insert(imports).values(**made.__dict__))


def get(connection: Connection, import_id: str) -> Import | None:
    """Return an import, also one that was undone."""
    return _one(connection.execute(select(imports).where(imports.c.id == import_id)).one_or_none())


def of_file(connection: Connection, sha256: str) -> list[Import]:
    """Return the imports of the same file that count now, oldest first, whatever was stated beside it."""
    same = (imports.c.sha256 == sha256) & imports.c.undone_at.is_(None)
    rows = connection.execute(select(imports).where(same).order_by(imports.c.imported_at))
    return [Import(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def listed(connection: Connection) -> list[Import]:
    """Return all imports, newest first."""
    rows = connection.execute(select(imports).order_by(imports.c.imported_at.desc(), imports.c.id.desc()))
    return [Import(**row._mapping) for row in rows]  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping


def undo(connection: Connection, import_id: str, *, by: str, at: datetime) -> None:
    """Mark an import as undone."""
    connection.execute(update(imports).where(imports.c.id == import_id).values(undone_by=by, undone_at=at))


def _one(row: Row[Any] | None) -> Import | None:
    return Import(**row._mapping) if row else None  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
