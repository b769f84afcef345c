"""Objects as files: temporary name, fsync, rename, fsync of the folder. An object is whole or absent."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from services.kernel import faults
from services.kernel.errors import EngineError, NotFound, StorageFull
from services.kernel.ids import new_id
from services.kernel.ports import StoredObject

CHUNK = 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_TEMPORARY = ".incoming"


class FileStore:
    """A `ports.ObjectStore` in a folder. Keys are our own, never a user's file name."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / _TEMPORARY
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left_over in self._incoming.iterdir():
            left_over.unlink()

    def put(self, key: str, chunks: Iterator[bytes]) -> StoredObject:
        """Store the chunks durably. Raises `StorageFull`."""
        target, temporary = self._path(key), self._incoming / new_id()
        digest, size = hashlib.sha256(), 0
        with _translated(), _removed_on_failure(temporary), temporary.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
            self._name(temporary, target)
        return StoredObject(key, size, digest.hexdigest())

    def put_file(self, key: str, path: str) -> StoredObject:
        """Store a local file durably under the key."""
        with Path(path).open("rb") as file:
            return self.put(key, iter(lambda: file.read(CHUNK), b""))

    def adopt(self, key: str, path: Path, *, sha256: str) -> StoredObject:
        """Give a durable file of this file system its key without copying it; `sha256` was computed as it arrived."""
        size = path.stat().st_size
        with _translated():
            self._name(path, self._path(key))
        return StoredObject(key, size, sha256)

    def size(self, key: str) -> int | None:
        """Return the length, or None."""
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start`. Raises `NotFound`."""
        with self._opened(key) as file:
            file.seek(start)
            left = length if length is not None else os.fstat(file.fileno()).st_size
            while left > 0 and (chunk := file.read(min(CHUNK, left))):
                left -= len(chunk)
                yield chunk

    @contextmanager
    def local(self, key: str) -> Iterator[str]:
        """Offer the object's own file; nobody may write to it. Raises `NotFound`."""
        path = self._path(key)
        if not path.is_file():
            raise NotFound
        yield str(path)

    def delete(self, key: str) -> None:
        """Remove the object if it is there."""
        self._path(key).unlink(missing_ok=True)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix, sorted."""
        folder = self.root / prefix if prefix else self.root
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.is_file() and _TEMPORARY not in path.parts:
                yield str(path.relative_to(self.root))

    def free_bytes(self) -> int:
        """Return how much the disk still holds."""
        return shutil.disk_usage(self.root).free

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise EngineError(f"{key!r} is no object key")
        return self.root / key

    @contextmanager
    def _opened(self, key: str) -> Iterator[BinaryIO]:
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NotFound from None
        with file:
            yield file

    def _name(self, temporary: Path, target: Path) -> None:
        faults.hit("store.before-rename")
        fresh = not target.parent.exists()
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.rename(target)
        faults.hit("store.after-rename")
        sync_folder(target.parent)
        if fresh:
            for folder in target.parent.parents:
                sync_folder(folder)
                if folder == self.root:
                    break


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from failure
        raise


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise
