"""One index in one SQLite file."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pysqlite3 import dbapi2 as sqlite

from services.kernel import grams
from services.kernel.adapters.embedded_index.query import Query, by_facet, placeholders
from services.kernel.search_index import Document, Hit, IndexSpec, IndexUnavailable, Page, Removal, SearchRequest

_P = ParamSpec("_P")
_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BUSY_TIMEOUT_S = 10.0
_READ_CACHE_KIB = 8192


def translated(call: Callable[_P, _T]) -> Callable[_P, _T]:
    """Say `IndexUnavailable` where SQLite says that the file or the disk is in trouble."""

    @wraps(call)
    def translated(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return call(*args, **kwargs)
        except sqlite.DatabaseError as trouble:
            if type(trouble) not in {sqlite.OperationalError, sqlite.DatabaseError}:
                raise
            raise IndexUnavailable(str(trouble)) from trouble

    return translated


class IndexFile:
    """One SQLite file.

    `meta` is narrow, for order; `kinds` holds combinations of facets; `body` is wide, read for the hits shown; `grams` is FTS5.
    FTS5 gets terms that are cut already, so its `ascii` tokenizer has only to split at spaces: `unicode61` would drop
    characters younger than its tables and strip accents.
    """

    @translated
    def __init__(self, path: Path, spec: IndexSpec, *, create: bool) -> None:
        self._location, self._spec = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}", spec
        self._fields = tuple(spec.text)
        self._columns = ", ".join(f'"{name}"' for name in spec.text)
        self._threads = threading.local()
        self._connections: list[Any] = []
        self._create(self._connection())

    @translated
    def apply(self, changes: Iterable[Document | Removal]) -> int:
        """Apply what is newer, in one transaction."""
        connection = self._connection()
        with _transaction(connection):
            return sum(self._change(connection, change) for change in changes)

    @translated
    def search(self, request: SearchRequest) -> Page:
        """Rank first, then read the bodies of the hits shown, all in one view of the file."""
        self._check(request)
        query = Query.of(self._spec, request)
        if query is None:
            return Page(0, (), {facet: {} for facet in request.facets})
        connection = self._connection()
        with _transaction(connection, "BEGIN"):
            counted = connection.execute(query.counted(request.facets), query.values).fetchall()
            ranked = connection.execute(query.ranked(request), query.values).fetchall()
            hits = tuple(self._hit(connection, row) for (row,) in ranked)
            return Page(sum(count for *_, count in counted), hits, by_facet(request.facets, counted))

    def close(self) -> None:
        """Close every thread's connection."""
        for connection in self._connections:
            connection.close()

    def _check(self, request: SearchRequest) -> None:
        if unknown := {*request.filters, *request.facets} - {*self._spec.facets}:
            raise ValueError(f"{self._spec.name} has no facet {', '.join(sorted(unknown))}")
        if request.limit < 0 or request.offset < 0:
            raise ValueError("limit and offset count from 0")

    def _change(self, connection: Any, change: Document | Removal) -> bool:  # pysqlite3 ships no types
        known = connection.execute("SELECT row, version FROM seen WHERE id = ?", (change.id,)).fetchone()
        if known and known[1] >= change.version:
            return False
        if known:
            self._delete(connection, known[0])
        row = connection.execute(
            "INSERT INTO seen (row, id, version) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET version = excluded.version RETURNING row",
            (known and known[0], change.id, change.version),
        ).fetchone()[0]
        if isinstance(change, Document):
            self._insert(connection, row, change)
        return True

    def _delete(self, connection: Any, row: int) -> None:  # pysqlite3 ships no types
        """Take a row out with the terms it was put in with: FTS5's own contentless delete leaves its totals behind."""
        old = connection.execute("SELECT text FROM body WHERE row = ?", (row,)).fetchone()
        if old is None:
            return
        terms = map(grams.index_text, json.loads(old[0]))
        _insert(connection, f"grams (grams, rowid, {self._columns})", ("delete", row, *terms))
        for table in ("meta", "body"):
            connection.execute(f"DELETE FROM {table} WHERE row = ?", (row,))  # noqa: S608  # our own table names

    def _insert(self, connection: Any, row: int, document: Document) -> None:  # pysqlite3 ships no types
        kind = self._kind(connection, [document.facets[facet] for facet in self._spec.facets])
        _insert(connection, "meta", (row, document.id, (document.date - _EPOCH) // _MILLISECOND, kind))
        text = [document.text[name] for name in self._fields]
        _insert(connection, "body", (row, _json(text), _json(dict(document.stored))))
        _insert(connection, f"grams (rowid, {self._columns})", (row, *map(grams.index_text, text)))

    def _kind(self, connection: Any, facets: Sequence[str]) -> int:  # pysqlite3 ships no types
        """Return the number of a combination of facets, so that counting all facets of all hits is one pass."""
        told = json.dumps(facets)
        found = connection.execute("SELECT kind FROM kinds WHERE facets = ?", (told,)).fetchone()
        if found is None:
            columns = (None, told, *facets)
            insert = f"INSERT INTO kinds VALUES ({placeholders(columns)}) RETURNING kind"  # noqa: S608 - our own table name
            found = connection.execute(insert, columns).fetchone()
        return int(found[0])

    def _hit(self, connection: Any, row: int) -> Hit:  # pysqlite3 ships no types
        sql = "SELECT id, version, date, text, stored FROM body JOIN meta USING (row) JOIN seen USING (row, id) WHERE row = ?"
        identity, version, date, text, stored = connection.execute(sql, (row,)).fetchone()
        fields = dict(zip(self._fields, json.loads(text), strict=True))
        return Hit(identity, version, _EPOCH + date * _MILLISECOND, fields, json.loads(stored))

    def _connection(self) -> Any:  # pysqlite3 ships no types
        """Return this thread's connection; FTS5 cursors are not shared between threads."""
        if not hasattr(self._threads, "connection"):
            connection = sqlite.connect(
                self._location, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = -{_READ_CACHE_KIB}"):
                connection.execute(f"PRAGMA {pragma}")
            self._threads.connection = connection
            self._connections.append(connection)
        return self._threads.connection

    def _create(self, connection: Any) -> None:  # pysqlite3 ships no types
        facets = "".join(f', "{facet}" TEXT NOT NULL' for facet in self._spec.facets)
        with _transaction(connection):
            for statement in (
                "seen (row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL)",
                "meta (row INTEGER PRIMARY KEY, id TEXT NOT NULL, date INTEGER NOT NULL, kind INTEGER NOT NULL)",
                f"kinds (kind INTEGER PRIMARY KEY, facets TEXT NOT NULL UNIQUE{facets})",
                "body (row INTEGER PRIMARY KEY, text TEXT NOT NULL, stored TEXT NOT NULL)",
            ):
                connection.execute(f"CREATE TABLE IF NOT EXISTS {statement}")
            connection.execute("CREATE INDEX IF NOT EXISTS meta_newest ON meta (date DESC, id DESC)")
            connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5({self._columns}, "
                "content='', tokenize='ascii', prefix='1')"
            )


def _insert(connection: Any, table: str, values: Sequence[object]) -> None:  # pysqlite3 ships no types
    connection.execute(f"INSERT INTO {table} VALUES ({placeholders(values)})", values)  # noqa: S608  # our own table names


def _json(value: object) -> str:
    """Write JSON in its shortest form, with escapes only where UTF-8 has no way to say it (lone surrogates)."""
    short = json.dumps(value, ensure_ascii=False)
    with suppress(UnicodeEncodeError):
        short.encode()
        return short
    return json.dumps(value)


@contextmanager
def _transaction(connection: Any, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:  # no types
    connection.execute(begin)
    try:
        yield
    except BaseException:
        with suppress(sqlite.OperationalError):  # a full disk has rolled back already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
