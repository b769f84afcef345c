"""The search index in SQLite FTS5: one file an index, owned by this adapter alone."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from pysqlite3 import dbapi2 as sqlite

from services.kernel import grams
from services.kernel.search_index import (
    Document,
    Hit,
    IndexSpec,
    IndexUnavailable,
    Order,
    Page,
    Removal,
    SearchRequest,
    UnknownIndex,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_P = ParamSpec("_P")
_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BUSY_TIMEOUT_S = 10.0
_READ_CACHE_KIB = 8192


def _translated(call: Callable[_P, _T]) -> Callable[_P, _T]:
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


class EmbeddedIndex:
    """Keeps each declared index in a file of `folder`; the file `NAME.live` says which one answers.

    Files are `NAME-N.db`. A rebuild writes `NAME-N+1.db`, named in `NAME.next` while it is filled, so that a writer in
    another process feeds both. One process rebuilds at a time.
    """

    def __init__(self, folder: Path, specs: Iterable[IndexSpec]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._places = {spec.name: _Place(folder, spec) for spec in specs}
        self._writing = threading.Lock()
        for place in self._places.values():
            place.open()

    def apply(self, index: str, changes: Iterable[Document | Removal]) -> int:
        """See `SearchIndex.apply`. A live file that another process swapped meanwhile is written again."""
        place, batch = self._place(index), list(changes)
        with self._writing:
            while True:
                live = place.live()
                applied = live.apply(batch)
                if successor := place.successor():
                    successor.apply(batch)
                if place.live() is live:
                    return applied

    def search(self, index: str, request: SearchRequest) -> Page:
        """See `SearchIndex.search`."""
        return self._place(index).live().search(request)

    @contextmanager
    def rebuild(self, index: str) -> Iterator[_File]:
        """See `SearchIndex.rebuild`."""
        place = self._place(index)
        with self._writing:
            fresh = place.begin()
        try:
            yield fresh
        except BaseException:
            with self._writing:
                place.abandon()
            raise
        with self._writing:
            place.swap()

    def close(self) -> None:
        """See `SearchIndex.close`."""
        for place in self._places.values():
            place.close()

    def _place(self, index: str) -> _Place:
        try:
            return self._places[index]
        except KeyError:
            raise UnknownIndex(index) from None


@dataclass
class _Place:
    """The files of one index and the pointers to them."""

    folder: Path
    spec: IndexSpec
    _opened: dict[str, _File] = field(default_factory=dict)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        if not self._pointer("live").exists():
            first = f"{self.spec.name}-1.db"
            self._file(first, create=True)
            self._point("live", first)

    def live(self) -> _File:
        """Return the file that answers now, opening the one that another process put in its place."""
        while True:
            name = self._pointer("live").read_text()
            try:
                return self._file(name)
            except IndexUnavailable:
                if self._pointer("live").read_text() == name:
                    raise

    def successor(self) -> _File | None:
        with suppress(FileNotFoundError):
            return self._file(self._pointer("next").read_text())
        return None

    def begin(self) -> _File:
        """Start the next file, dropping what a rebuild that was killed left behind."""
        number = int(self._pointer("live").read_text().removesuffix(".db").rpartition("-")[2]) + 1
        name = f"{self.spec.name}-{number}.db"
        self._forget(name)
        fresh = self._file(name, create=True)
        self._point("next", name)
        return fresh

    def swap(self) -> None:
        old = self._pointer("live").read_text()
        os.replace(self._pointer("next"), self._pointer("live"))  # noqa: PTH105  # named for what it does on every system
        _sync_folder(self.folder)
        self._forget(old)

    def abandon(self) -> None:
        name = self._pointer("next").read_text()
        self._pointer("next").unlink()
        self._forget(name)

    def close(self) -> None:
        with self._opening:
            for file in self._opened.values():
                file.close()
            self._opened.clear()

    def _pointer(self, kind: str) -> Path:
        return self.folder / f"{self.spec.name}.{kind}"

    def _point(self, kind: str, name: str) -> None:
        written = self._pointer(f"{kind}.new")
        with written.open("w") as out:
            out.write(name)
            out.flush()
            os.fsync(out.fileno())
        written.replace(self._pointer(kind))
        _sync_folder(self.folder)

    def _file(self, name: str, *, create: bool = False) -> _File:
        with self._opening:
            if name not in self._opened:
                self._opened = {known: file for known, file in self._opened.items() if (self.folder / known).exists()}
                self._opened[name] = _File(self.folder / name, self.spec, create=create)
            return self._opened[name]

    def _forget(self, name: str) -> None:
        """Delete a file that answers no longer; who still reads it in this moment goes on undisturbed."""
        with self._opening:
            self._opened.pop(name, None)
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"{name}{suffix}").unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _File:
    """One SQLite file: `meta` (narrow, for order and facets), `body` (wide, read for shown hits only), `grams` (FTS5).

    FTS5 gets terms that are cut already, so its `ascii` tokenizer has only to split at spaces: `unicode61` would drop
    characters younger than its tables and strip accents.
    """

    @_translated
    def __init__(self, path: Path, spec: IndexSpec, *, create: bool) -> None:
        self._location, self._spec = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}", spec
        self._fields = tuple(spec.text)
        self._columns = ", ".join(f'"{name}"' for name in spec.text)
        self._threads = threading.local()
        self._connections: list[Any] = []
        self._create(self._connection())

    @_translated
    def apply(self, changes: Iterable[Document | Removal]) -> int:
        """Apply what is newer, in one transaction."""
        connection = self._connection()
        with _transaction(connection):
            return sum(self._change(connection, change) for change in changes)

    @_translated
    def search(self, request: SearchRequest) -> Page:
        """Rank first, then read the bodies of the hits shown, all in one view of the file."""
        self._check(request)
        query = _Query.of(self._spec, request)
        if query is None:
            return Page(0, (), {facet: {} for facet in request.facets})
        connection = self._connection()
        with _transaction(connection, "BEGIN"):
            total = connection.execute(query.count(), query.values).fetchone()[0]
            ranked = connection.execute(query.ranked(request), query.values).fetchall()
            facets = {facet: dict(connection.execute(query.facet(facet), query.values)) for facet in request.facets}
            return Page(total, tuple(self._hit(connection, row) for (row,) in ranked), facets)

    def close(self) -> None:
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
        facets = [document.facets[facet] for facet in self._spec.facets]
        _insert(connection, "meta", (row, document.id, (document.date - _EPOCH) // _MILLISECOND, *facets))
        text = [document.text[name] for name in self._fields]
        _insert(connection, "body", (row, _json(text), _json(dict(document.stored))))
        _insert(connection, f"grams (rowid, {self._columns})", (row, *map(grams.index_text, text)))

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
                f"meta (row INTEGER PRIMARY KEY, id TEXT NOT NULL, date INTEGER NOT NULL{facets})",
                "body (row INTEGER PRIMARY KEY, text TEXT NOT NULL, stored TEXT NOT NULL)",
            ):
                connection.execute(f"CREATE TABLE IF NOT EXISTS {statement}")
            connection.execute("CREATE INDEX IF NOT EXISTS meta_newest ON meta (date DESC, id DESC)")
            connection.execute(
                f"CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5({self._columns}, "
                "content='', tokenize='ascii', prefix='1')"
            )


def _insert(connection: Any, table: str, values: Sequence[object]) -> None:  # pysqlite3 ships no types
    connection.execute(f"INSERT INTO {table} VALUES ({_placeholders(values)})", values)  # noqa: S608  # our own table names


def _json(value: object) -> str:
    """Write JSON in its shortest form, with escapes only where UTF-8 has no way to say it (lone surrogates)."""
    short = json.dumps(value, ensure_ascii=False)
    with suppress(UnicodeEncodeError):
        short.encode()
        return short
    return json.dumps(value)


def _placeholders(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


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


@dataclass(frozen=True)
class _Query:
    """The statements of one request. The meta table is joined: a subquery inside MATCH took seconds."""

    source: str
    score: str
    values: tuple[object, ...]

    @classmethod
    def of(cls, spec: IndexSpec, request: SearchRequest) -> _Query | None:
        asked = grams.phrases(request.text)
        if request.text.strip() and not asked:
            return None
        conditions, values = _filters(request.filters)
        if not asked:
            return cls(f"FROM meta{_where(conditions)}", "", values)
        weights = ", ".join(str(float(weight)) for weight in spec.text.values())
        source = f"FROM grams JOIN meta ON meta.row = grams.rowid{_where(['grams MATCH ?', *conditions])}"
        return cls(source, f"bm25(grams, {weights}), ", (_match(asked), *values))

    def count(self) -> str:
        return f"SELECT count(*) {self.source}"

    def ranked(self, request: SearchRequest) -> str:
        score = self.score if request.order is Order.RELEVANCE else ""
        order = f"ORDER BY {score}meta.date DESC, meta.id DESC"
        return f"SELECT meta.row {self.source} {order} LIMIT {request.limit:d} OFFSET {request.offset:d}"

    def facet(self, facet: str) -> str:
        return f'SELECT meta."{facet}", count(*) {self.source} GROUP BY 1 ORDER BY 2 DESC, 1'


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _filters(filters: Mapping[str, tuple[str, ...]]) -> tuple[list[str], tuple[object, ...]]:
    conditions = [f'meta."{facet}" IN ({_placeholders(values)})' for facet, values in filters.items()]
    return conditions, tuple(value for values in filters.values() for value in values)


def _match(phrases: Iterable[grams.Phrase]) -> str:
    return " AND ".join(f'"{" ".join(phrase.terms)}"{" *" if phrase.prefix else ""}' for phrase in phrases)
