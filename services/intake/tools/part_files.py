"""The file of one unfinished upload: locked by its one writer, hashed as it grows, cut back to what was acknowledged."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from services.kernel import faults
from services.kernel.errors import LaurelError, StorageFull

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

READ_BYTES = 1024 * 1024
CLOSED = -1


class LockedElsewhere(LaurelError):
    """Another process writes to this file."""


class ShorterThanAcknowledged(LaurelError):
    """The file holds less than was acknowledged, as after a restore from an older copy; `size_bytes` is what is there."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(f"{size_bytes} bytes are there")
        self.size_bytes = size_bytes


class PartFile:
    """An open part file. Every method blocks; one thread at a time.

    `written_bytes` counts from the start of the upload and may be ahead of what is durable; `digest` is the SHA-256 so far.
    """

    def __init__(self, path: Path) -> None:
        """Open and lock the file, making it when it is not there. Raises LockedElsewhere or StorageFull."""
        self.path = path
        self.written_bytes = 0
        self.digest = hashlib.sha256()
        with _translated():
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(self._descriptor)
        except BaseException:
            self.close()
            raise

    def begin(self, offset_bytes: int, digest: Digest | None) -> None:
        """Cut the file to an offset; without a digest, hash what is there. Raises ShorterThanAcknowledged."""
        size = os.fstat(self._descriptor).st_size
        if size < offset_bytes:
            raise ShorterThanAcknowledged(size)
        if size > offset_bytes:
            os.ftruncate(self._descriptor, offset_bytes)
        if offset_bytes == 0:
            sync_folder(self.path.parent)
        self.digest = digest or _hash_of(self._descriptor, offset_bytes)
        self.written_bytes = offset_bytes

    def append(self, buffers: Sequence[bytes], also: Digest | None = None) -> None:
        """Write and hash the buffers behind what is there. Raises StorageFull; then only `rewind` may follow."""
        for buffer in buffers:
            self.digest.update(buffer)
            if also is not None:
                also.update(buffer)
        with _translated():
            self._write(buffers)
        faults.hit("upload.after-write")

    def sync(self) -> None:
        """Make what was written durable. Raises StorageFull; then only `rewind` may follow."""
        with _translated():
            os.fdatasync(self._descriptor)
        faults.hit("upload.after-sync")

    def rewind(self, offset_bytes: int, digest: Digest) -> None:
        """Forget what was written beyond an offset whose digest this is."""
        os.ftruncate(self._descriptor, offset_bytes)
        self.written_bytes, self.digest = offset_bytes, digest.copy()

    def close(self) -> None:
        """Close and unlock; whatever comes later finds no file."""
        descriptor, self._descriptor = self._descriptor, CLOSED
        os.close(descriptor)

    def remove_empty(self) -> None:
        """Take the name away if there are no bytes under it."""
        if os.fstat(self._descriptor).st_size == 0:
            self.remove()

    def remove(self) -> None:
        """Take the name away; the bytes go with the closing."""
        self.path.unlink(missing_ok=True)

    def _write(self, buffers: Sequence[bytes]) -> None:
        waiting = list(buffers)
        while waiting:
            count = os.pwritev(self._descriptor, waiting[: os.sysconf("SC_IOV_MAX")], self.written_bytes)
            self.written_bytes += count
            while waiting and count >= len(waiting[0]):
                count -= len(waiting.pop(0))
            if count:
                waiting[0] = waiting[0][count:]


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LockedElsewhere("another process writes to this upload") from None


def _hash_of(descriptor: int, size_bytes: int) -> Digest:
    digest, at = hashlib.sha256(), 0
    while at < size_bytes:
        block = os.pread(descriptor, min(READ_BYTES, size_bytes - at), at)
        if not block:
            raise ShorterThanAcknowledged(at)
        digest.update(block)
        at += len(block)
    return digest


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from failure
        raise
