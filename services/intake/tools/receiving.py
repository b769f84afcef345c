"""All the uploads that a process is receiving: one writer an upload, and what is known of those that pause."""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from services.intake.domain.uploads import Checksum, Progress
from services.intake.tools.part_files import LockedElsewhere, PartFile
from services.intake.tools.receptions import MIB, Mark, Pools, Reception, Save
from services.intake.tools.seats import Seat, busy
from services.kernel.errors import StorageFull

if TYPE_CHECKING:
    from hashlib import _Hash as Digest

T = TypeVar("T")
REMEMBERED_DIGESTS = 512
RESERVE_BYTES = 256 * MIB
RESERVE_SHARE = 20

Look = Callable[[], Awaitable[Progress]]
"""Reads where an upload stands, and raises when the request may not go on from there. Called once nobody else can write."""


class Receiver:
    """All uploads that this process is receiving into one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pools = Pools()
        self._seats: dict[str, Seat] = {}
        self._marks: OrderedDict[str, Mark] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, upload_id: str) -> Path:
        """Where an unfinished upload lies."""
        return self.folder / f"{upload_id}.part"

    async def receive(
        self,
        upload_id: str,
        body: AsyncIterator[bytes],
        *,
        look: Look,
        save: Save,
        checksum: Checksum | None = None,
        announced_bytes: int | None = None,
        sync_bytes: int = 16 * MIB,
    ) -> int:
        """Append the body and return the new offset, all of it durable and saved.

        An offset is saved at least every `sync_bytes`. A body that breaks off leaves what arrived, unless a checksum was
        announced for it. Raises what `look` and `save` raise, ClientDisconnect, Timeout after a minute of silence,
        ChecksumMismatch, TooLarge beyond the end, Busy while another process writes, Displaced when a newer request takes over,
        ShorterThanAcknowledged, StorageFull; the offset is then the one last saved.
        """
        async with Seat(self._seats, upload_id) as seat, self._opened(upload_id, look) as (part, progress):
            expected = progress.length_bytes - progress.offset_bytes if announced_bytes is None else announced_bytes
            reception = Reception(
                self._pools, part, progress, save, checksum=checksum, expected_bytes=expected, save_bytes=sync_bytes
            )
            try:
                return await reception.run(seat, body)
            finally:
                self._remember(upload_id, reception.saved)

    async def discard(self, upload_id: str, record: Callable[[], Awaitable[None]]) -> None:
        """End what is being received, record it, remove the file. Raises what `record` raises, Busy as `receive` does."""
        async with Seat(self._seats, upload_id):
            self._marks.pop(upload_id, None)
            if not self.path(upload_id).exists():
                await record()
                return
            part = await self._pools.write(self._open, upload_id)
            try:
                await record()
                await self._pools.write(part.remove)
            finally:
                await self._pools.write(part.close)

    async def alone(self, upload_id: str, work: Callable[[], T]) -> T:
        """Do blocking work on an upload's file while nobody writes to it in this process."""
        async with Seat(self._seats, upload_id):
            self._marks.pop(upload_id, None)
            return await self._pools.write(work)

    def remove(self, upload_id: str, record: Callable[[], bool]) -> bool:
        """Remove an upload's file if `record`, called once nobody else can write, says that the upload has ended. Blocks.

        Returns False while somebody writes to it, in this process or another; then nothing was recorded.
        """
        try:
            part = PartFile(self.path(upload_id))
        except LockedElsewhere:
            return False
        try:
            if record():
                part.remove()
            else:
                part.remove_empty()
        finally:
            part.close()
        return True

    def keep_only(self, upload_ids: Collection[str]) -> None:
        """Remove the files of all other uploads, but for those another process is writing. Blocks."""
        for path in self.folder.glob("*.part"):
            if path.stem not in upload_ids:
                with suppress(LockedElsewhere):
                    part = PartFile(path)
                    part.remove()
                    part.close()

    @asynccontextmanager
    async def _opened(self, upload_id: str, look: Look) -> AsyncIterator[tuple[PartFile, Progress]]:
        """Open the part file where the upload stands; looked at once it is locked, since until then another may write to it."""
        part = await self._pools.write(self._open, upload_id)
        try:
            progress = await self._standing(part, look)
            await self._pools.write(part.begin, progress.offset_bytes, self._known(upload_id, progress.offset_bytes))
            yield part, progress
        finally:
            part.close()

    async def _standing(self, part: PartFile, look: Look) -> Progress:
        try:
            return await look()
        except BaseException:
            part.remove_empty()
            raise

    def _open(self, upload_id: str) -> PartFile:
        try:
            return PartFile(self.path(upload_id))
        except LockedElsewhere:
            raise busy() from None

    def _known(self, upload_id: str, offset_bytes: int) -> Digest | None:
        mark = self._marks.pop(upload_id, None)
        return mark.digest if mark is not None and mark.offset_bytes == offset_bytes else None

    def _remember(self, upload_id: str, mark: Mark) -> None:
        self._marks[upload_id] = mark
        while len(self._marks) > REMEMBERED_DIGESTS:
            self._marks.popitem(last=False)


@cache
def receiver_for(folder: Path) -> Receiver:
    """Return this process's receiver for a folder; there is one, since it knows who is writing."""
    return Receiver(folder)


def ensure_room(folder: Path, length_bytes: int) -> None:
    """Refuse a file for which the disk has no room beside a small reserve. Raises StorageFull."""
    disk = shutil.disk_usage(folder)
    if disk.free < length_bytes + min(RESERVE_BYTES, disk.total // RESERVE_SHARE):
        raise StorageFull(
            "存储空间不足，暂不能接收这个文件。请稍后再试，或告知平台管理人员。", "There is no room for this file."
        )
