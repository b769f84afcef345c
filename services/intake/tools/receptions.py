"""One body on its way into one part file.

Three things overlap: the network fills a buffer of 1 MiB, a thread hashes and writes the one before, another syncs what lies
before that. An offset is saved only when the sync that covers it has returned. What was written and not acknowledged is cut off
again whenever something goes wrong, so that bytes, hash and offset never differ.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import ClientDisconnect

from services.intake.domain.uploads import Checksum, ChecksumMismatch, Progress, beyond_end
from services.intake.tools.part_files import PartFile
from services.intake.tools.seats import Seat
from services.kernel import faults
from services.kernel.errors import Timeout

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

T = TypeVar("T")
MIB = 1024 * 1024
COALESCED_BYTES = MIB // 2  # what a core still holds in its cache when it is hashed and written
UNSYNCED_BYTES = 64 * MIB
SYNCS_A_BODY = 4  # a small body is synced in parts while it arrives, so that little is left to wait for at its end
QUIET_FLUSH_S = 2.0
QUIET_END_S = 60.0
WRITERS = 4
SYNCERS = 4

Save = Callable[[int, str | None], Awaitable[None]]
"""Makes an offset true, and with the last one the whole file's SHA-256."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of an upload up to which all is known: its offset and the SHA-256 before it."""

    offset_bytes: int
    digest: Digest


class Pools:
    """The threads that write and hash, and those that sync."""

    def __init__(self) -> None:
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="upload-write")
        self._syncers = ThreadPoolExecutor(SYNCERS, thread_name_prefix="upload-sync")

    def write(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Begin blocking work on a file."""
        return asyncio.get_running_loop().run_in_executor(self._writers, work, *arguments)

    def sync(self, part: PartFile) -> asyncio.Future[None]:
        """Begin to make durable what was written."""
        return asyncio.get_running_loop().run_in_executor(self._syncers, part.sync)


class Reception:
    """One body on its way into one part file."""

    def __init__(
        self,
        pools: Pools,
        part: PartFile,
        progress: Progress,
        save: Save,
        *,
        checksum: Checksum | None,
        expected_bytes: int,
        save_bytes: int,
    ) -> None:
        self._pools = pools
        self._part = part
        self._progress = progress
        self._save = save
        self._checksum = checksum
        self._claimed = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._save_bytes = save_bytes
        self._sync_bytes = min(save_bytes, max(MIB, expected_bytes // SYNCS_A_BODY))
        self.saved = Mark(part.written_bytes, part.digest.copy())
        self._synced_bytes = self._arrived_bytes = part.written_bytes
        self._buffers: list[bytes] = []
        self._buffered_bytes = 0
        self._quiet = False
        self._turn = asyncio.Lock()
        self._writing: asyncio.Future[None] | None = None
        self._syncing: asyncio.Task[None] | None = None

    async def run(self, seat: Seat, body: AsyncIterator[bytes]) -> int:
        """Take the whole body; see `Receiver.receive`."""
        broken: BaseException | None = None
        try:
            await self._take_all(seat, body)
        except (ClientDisconnect, Timeout, asyncio.CancelledError) as end:
            broken = end
        except BaseException:
            await asyncio.shield(self._put_away())
            raise
        return await asyncio.shield(self._end(broken))

    async def _end(self, broken: BaseException | None) -> int:
        try:
            offset = await (self._finish() if broken is None or self._checksum is None else self._put_away())
        except BaseException:
            await self._put_away()
            raise
        if broken is not None:
            raise broken
        return offset

    async def _take_all(self, seat: Seat, body: AsyncIterator[bytes]) -> None:
        watch = asyncio.create_task(self._watch(seat))
        try:
            while (chunk := await seat.next(body)) is not None:
                self._arrived_bytes += len(chunk)
                if self._arrived_bytes > self._progress.length_bytes:
                    raise beyond_end(self._progress)
                self._buffers.append(chunk)
                self._buffered_bytes += len(chunk)
                if self._buffered_bytes >= COALESCED_BYTES:
                    await self._push()
        finally:
            watch.cancel()
            await asyncio.wait([watch])

    async def _push(self) -> None:
        """Hand the buffer to a writer once the one before has ended; start a sync when enough lies unsynced."""
        async with self._turn:
            await self._written()
            if self._part.written_bytes - self._synced_bytes >= self._sync_bytes:
                self._start_sync()
            self._writing = self._pools.write(self._part.append, self._buffers, self._claimed)
            self._buffers, self._buffered_bytes = [], 0
        if self._part.written_bytes - self._synced_bytes > UNSYNCED_BYTES:
            await self._sync_ended()

    async def _written(self) -> None:
        if self._writing is not None:
            await asyncio.shield(self._writing)

    def _start_sync(self) -> None:
        """Sync up to here beside what follows. No write is under way, so that offset and digest belong together."""
        if self._syncing is not None:
            if not self._syncing.done():
                return
            self._syncing.result()
        mark = Mark(self._part.written_bytes, self._part.digest.copy())
        self._syncing = asyncio.create_task(self._sync(mark))

    async def _sync(self, mark: Mark) -> None:
        await self._pools.sync(self._part)
        self._synced_bytes = mark.offset_bytes
        due = mark.offset_bytes - self.saved.offset_bytes >= self._save_bytes or self._quiet
        if due and self._checksum is None and mark.offset_bytes < self._progress.length_bytes:
            await self._acknowledge(mark, None)

    async def _acknowledge(self, mark: Mark, sha256: str | None) -> None:
        await self._save(mark.offset_bytes, sha256)
        self.saved = mark
        faults.hit("upload.after-offset")

    async def _sync_ended(self) -> None:
        if self._syncing is not None:
            await asyncio.shield(self._syncing)

    async def _finish(self) -> int:
        """Make all that arrived durable, compare it with its checksum, save the offset."""
        if self._buffers:
            await self._push()
        async with self._turn:
            await self._written()
            await self._sync_ended()
            mark = Mark(self._part.written_bytes, self._part.digest.copy())
            if mark.offset_bytes > self._synced_bytes:
                await self._pools.sync(self._part)
            self._compare()
            if mark.offset_bytes > self.saved.offset_bytes or mark.offset_bytes == self._progress.length_bytes:
                whole = mark.offset_bytes == self._progress.length_bytes
                await self._acknowledge(mark, mark.digest.hexdigest() if whole else None)
        return mark.offset_bytes

    def _compare(self) -> None:
        if self._checksum is not None and self._claimed is not None and self._claimed.digest() != self._checksum.digest:
            raise ChecksumMismatch(
                "本次内容在传送中有变化，未保存。请重新传送这一段。",
                "The body does not fit its Upload-Checksum.",
                headers={"Upload-Offset": str(self.saved.offset_bytes)},
            )

    async def _put_away(self) -> int:
        """Wait for what is under way, then cut off what was not acknowledged."""
        underway = [task for task in (self._writing, self._syncing) if task is not None]
        await asyncio.gather(*underway, return_exceptions=True)
        await self._pools.write(self._part.rewind, self.saved.offset_bytes, self.saved.digest)
        return self.saved.offset_bytes

    async def _watch(self, seat: Seat) -> None:
        """When the network is quiet make durable what there is; when it stays quiet end the request."""
        seen, quiet_s = self._arrived_bytes, 0.0
        while True:
            await asyncio.sleep(QUIET_FLUSH_S)
            quiet_s = quiet_s + QUIET_FLUSH_S if seen == self._arrived_bytes else 0.0
            seen, self._quiet = self._arrived_bytes, quiet_s > 0
            if quiet_s >= QUIET_END_S:
                seat.end(
                    Timeout("一分钟没有收到内容，本次连接已结束。已收到的内容都在，请继续上传。", "Nothing came for a minute.")
                )
            elif self._quiet and self.saved.offset_bytes < self._arrived_bytes and self._checksum is None:
                await self._flush(seat)

    async def _flush(self, seat: Seat) -> None:
        try:
            if self._buffers:
                await self._push()
            async with self._turn:
                await self._written()
                self._start_sync()
        except Exception as failure:  # noqa: BLE001 - the request that reads is told, whatever it was
            seat.end(failure)
