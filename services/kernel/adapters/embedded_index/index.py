"""The declared indexes, each in a file that answers and, while it is rebuilt, one that will."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.kernel.adapters.embedded_index.file import IndexFile
from services.kernel.search_index import Document, IndexSpec, IndexUnavailable, Page, Removal, SearchRequest, UnknownIndex


class EmbeddedIndex:
    """Keeps each declared index in a file of `folder`; the file `NAME.live` says which one answers.

    Files are `NAME-N.db`. A rebuild writes `NAME-N+1.db`, named in `NAME.next` while it is filled, so that a writer in
    another process feeds both. One process rebuilds at a time.
    """

    def __init__(self, folder: Path, specs: Iterable[IndexSpec]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._places = {spec.name: Place(folder, spec) for spec in specs}
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
        """See `SearchIndex.search`. A file that went away with a swap before this thread had it open is asked no longer."""
        place = self._place(index)
        while True:
            live = place.live()
            try:
                return live.search(request)
            except IndexUnavailable:
                if place.live() is live:
                    raise

    @contextmanager
    def rebuild(self, index: str) -> Iterator[IndexFile]:
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

    def _place(self, index: str) -> Place:
        try:
            return self._places[index]
        except KeyError:
            raise UnknownIndex(index) from None


@dataclass
class Place:
    """The files of one index and the pointers to them."""

    folder: Path
    spec: IndexSpec
    _opened: dict[str, IndexFile] = field(default_factory=dict)
    _opening: threading.Lock = field(default_factory=threading.Lock)

    def open(self) -> None:
        """Make the first file where there is none."""
        if not self._pointer("live").exists():
            first = f"{self.spec.name}-1.db"
            self._file(first, create=True)
            self._point("live", first)

    def live(self) -> IndexFile:
        """Return the file that answers now, opening the one that another process put in its place."""
        while True:
            name = self._pointer("live").read_text()
            try:
                return self._file(name)
            except IndexUnavailable:
                if self._pointer("live").read_text() == name:
                    raise

    def successor(self) -> IndexFile | None:
        """Return the file that is being filled, if there is one."""
        with suppress(FileNotFoundError):
            return self._file(self._pointer("next").read_text())
        return None

    def begin(self) -> IndexFile:
        """Start the next file, dropping what a rebuild that was killed left behind."""
        number = int(self._pointer("live").read_text().removesuffix(".db").rpartition("-")[2]) + 1
        name = f"{self.spec.name}-{number}.db"
        self._forget(name)
        fresh = self._file(name, create=True)
        self._point("next", name)
        return fresh

    def swap(self) -> None:
        """Let the file that was filled answer from now on."""
        old = self._pointer("live").read_text()
        os.replace(self._pointer("next"), self._pointer("live"))  # noqa: PTH105  # named for what it does on every system
        _sync_folder(self.folder)
        self._forget(old)

    def abandon(self) -> None:
        """Drop the file that was being filled."""
        name = self._pointer("next").read_text()
        self._pointer("next").unlink()
        self._forget(name)

    def close(self) -> None:
        """Close what is open."""
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

    def _file(self, name: str, *, create: bool = False) -> IndexFile:
        with self._opening:
            if name not in self._opened:
                self._opened = {known: file for known, file in self._opened.items() if (self.folder / known).exists()}
                self._opened[name] = IndexFile(self.folder / name, self.spec, create=create)
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
