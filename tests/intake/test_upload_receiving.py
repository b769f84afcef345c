from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import ClientDisconnect

from services.intake.domain.uploads import Progress
from services.intake.tools import receptions
from services.intake.tools.part_files import PartFile
from services.intake.tools.receiving import Receiver
from services.kernel.errors import StorageFull, Timeout

MIB = 1024 * 1024
DATA = os.urandom(24 * MIB + 5)


class Row:
    """What the database would say of one upload."""

    def __init__(self, length: int = len(DATA)) -> None:
        self.length, self.offset, self.sha256 = length, 0, ""
        self.saved: list[int] = []
        self.refuse_from: int | None = None

    async def look(self) -> Progress:
        return Progress(self.length, self.offset, datetime.now(UTC) + timedelta(days=1))

    async def save(self, offset_bytes: int, sha256: str | None) -> None:
        if self.refuse_from is not None and offset_bytes >= self.refuse_from:
            raise StorageFull
        self.offset, self.sha256 = offset_bytes, sha256 or ""
        self.saved.append(offset_bytes)


async def body(content: bytes, *, piece: int = 200_000, end: Callable[[], Exception] | None = None) -> AsyncIterator[bytes]:
    for at in range(0, len(content), piece):
        yield content[at : at + piece]
        await asyncio.sleep(0)
    if end is not None:
        raise end()


def receive(receiver: Receiver, row: Row, chunks: AsyncIterator[bytes]) -> int:
    async def run() -> int:
        return await receiver.receive("u-1", chunks, look=row.look, save=row.save, sync_bytes=2 * MIB)

    return asyncio.run(run())


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(tmp_path / "uploads")


def test_no_offset_is_saved_before_the_sync_that_covers_it_has_returned(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable, ahead = [0], [0]
    real = PartFile.sync

    def slowly(part: PartFile) -> None:
        covered = part.written_bytes
        time.sleep(0.05)
        real(part)
        ahead[0] = max(ahead[0], part.written_bytes - covered)
        durable[0] = max(durable[0], covered)

    row = Row()
    save = row.save

    async def checked(offset_bytes: int, sha256: str | None) -> None:
        assert offset_bytes <= durable[0]
        await save(offset_bytes, sha256)

    monkeypatch.setattr(PartFile, "sync", slowly)
    monkeypatch.setattr(row, "save", checked)
    assert receive(receiver, row, body(DATA)) == len(DATA)
    assert ahead[0] > 0, "nothing was written while a sync was under way: the test shows nothing"
    assert len(row.saved) >= 2
    assert row.sha256 == hashlib.sha256(DATA).hexdigest()
    assert receiver.path("u-1").read_bytes() == DATA


def test_what_is_unsynced_stays_bounded_when_the_disk_is_slow(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receptions, "UNSYNCED_BYTES", 4 * MIB)
    monkeypatch.setattr(PartFile, "sync", lambda _part: time.sleep(0.3))
    written, synced = [0], [0]
    append = PartFile.append

    def watched(part: PartFile, *arguments: object) -> None:
        append(part, *arguments)  # type: ignore[arg-type]
        written[0] = part.written_bytes
        assert written[0] - synced[0] <= 4 * MIB + 3 * receptions.COALESCED_BYTES

    row = Row()
    save = row.save

    async def noted(offset_bytes: int, sha256: str | None) -> None:
        synced[0] = offset_bytes
        await save(offset_bytes, sha256)

    monkeypatch.setattr(PartFile, "append", watched)
    monkeypatch.setattr(row, "save", noted)
    assert receive(receiver, row, body(DATA)) == len(DATA)


@pytest.mark.parametrize("refused_from", [1, 3 * MIB, len(DATA)])
def test_when_an_offset_cannot_be_saved_the_file_goes_back_to_the_last_one(receiver: Receiver, refused_from: int) -> None:
    row = Row()
    row.refuse_from = refused_from
    with pytest.raises(StorageFull):
        receive(receiver, row, body(DATA))
    assert row.offset < refused_from
    assert receiver.path("u-1").stat().st_size == row.offset
    row.refuse_from = None
    assert receive(receiver, row, body(DATA[row.offset :])) == len(DATA)
    assert row.sha256 == hashlib.sha256(DATA).hexdigest()


def test_when_a_write_fails_in_the_middle_the_hash_goes_back_with_the_file(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = PartFile._write, [0]

    def failing(part: PartFile, buffers: object) -> None:
        calls[0] += 1
        if calls[0] == 9:
            os.pwrite(part._descriptor, b"half", part.written_bytes)
            raise OSError(28, "No space left on device")
        real(part, buffers)  # type: ignore[arg-type]

    monkeypatch.setattr(PartFile, "_write", failing)
    row = Row()
    with pytest.raises(StorageFull):
        receive(receiver, row, body(DATA))
    assert receiver.path("u-1").stat().st_size == row.offset > 0
    assert receive(receiver, row, body(DATA[row.offset :])) == len(DATA)
    assert row.sha256 == hashlib.sha256(DATA).hexdigest()
    assert receiver.path("u-1").read_bytes() == DATA


def test_a_line_that_breaks_keeps_what_arrived_and_says_that_it_broke(receiver: Receiver) -> None:
    row = Row()
    with pytest.raises(ClientDisconnect):
        receive(receiver, row, body(DATA[: 5 * MIB + 3], end=ClientDisconnect))
    assert row.offset == receiver.path("u-1").stat().st_size == 5 * MIB + 3
    assert receive(receiver, row, body(DATA[row.offset :])) == len(DATA)
    assert row.sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_line_that_stays_quiet_is_ended_and_what_arrived_is_kept(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receptions, "QUIET_FLUSH_S", 0.05)
    monkeypatch.setattr(receptions, "QUIET_END_S", 0.3)

    async def silent() -> AsyncIterator[bytes]:
        yield DATA[:100]
        await asyncio.sleep(30)

    row = Row()
    with pytest.raises(Timeout):
        receive(receiver, row, silent())
    assert row.offset == 100


def test_the_hash_is_remembered_between_the_requests_of_one_process(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row()
    receive(receiver, row, body(DATA[:MIB]))

    def never(*_arguments: object) -> None:
        raise AssertionError("hashed again")

    monkeypatch.setattr("services.intake.tools.part_files._hash_of", never)
    assert receive(receiver, row, body(DATA[MIB:])) == len(DATA)
    assert row.sha256 == hashlib.sha256(DATA).hexdigest()
