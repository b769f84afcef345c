"""What happens to an upload: begun, moved on, closed, stored, terminated; each a function inside its transaction.

Two steps end an upload. `close` says that the last byte is durable: that instant is the upload's end. `complete` follows when
the object lies in the store, with the event. A crash between them is made good by `recover`, or by the upload's next request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from services.intake.domain.uploads import ChecksumMismatch, Creation
from services.intake.store import uploads
from services.intake.store.uploads import Upload
from services.intake.tools.receiving import Receiver, receiver_for
from services.kernel import faults, metrics
from services.kernel.contracts.events import UploadCompleted
from services.kernel.errors import Conflict, Gone, NotFound
from services.kernel.ids import new_id
from services.kernel.ports import ObjectStore, Transaction
from services.kernel.service import Context

END_EXPIRED = "upload.end-expired"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs: the work's unit and its campaign as it is now."""

    unit_id: str
    region_code: str
    campaign_id: str
    campaign_version: int
    campaign_hash: str


class Works(Protocol):
    """What uploads ask of works."""

    def place_for(self, transaction: Transaction, work_id: str, slot: str, unit_id: str, received: datetime) -> Place:
        """Return where a new file of a unit's work would belong, asked for by a write stamped `received`.

        Raises `NotFound` for a work that is not the unit's, `Unprocessable` for a slot the campaign does not have, `Conflict`
        when the work's state takes no files or the write came late.
        """
        ...

    def file_arrived(self, transaction: Transaction, upload: Upload) -> Place:
        """Attach a file that is whole to its work, retiring what it replaces; return where it belongs now."""
        ...


class Different(ChecksumMismatch):
    """460: the whole file is not what the client had hashed; the upload is over."""


def begin(
    transaction: Transaction,
    works: Works,
    creation: Creation,
    *,
    account_id: str,
    unit_id: str,
    received: datetime,
    lifetime: timedelta,
) -> Upload:
    """Create an upload for a work of the unit. Raises what `Works.place_for` raises."""
    place = works.place_for(transaction, creation.work_id, creation.slot, unit_id, received)
    row = Upload(
        id=new_id(),
        work_id=creation.work_id,
        slot=creation.slot,
        unit_id=place.unit_id,
        account_id=account_id,
        campaign_id=place.campaign_id,
        name=creation.name,
        media_type=creation.media_type,
        client_metadata=creation.metadata,
        length_bytes=creation.length_bytes,
        offset_bytes=0,
        client_sha256=creation.sha256,
        sha256=None,
        state="receiving",
        begun_at=transaction.campaign_time(received),
        ended_at=None,
        moved_at=transaction.now,
        expires_at=transaction.now + lifetime,
        object_key=None,
        revision=1,
    )
    uploads.add(transaction.connection, row)
    have_ended(transaction, row.expires_at)
    return row


def move_on(transaction: Transaction, upload_id: str, offset_bytes: int) -> None:
    """Acknowledge what is durable. Raises `Gone` when the upload has ended meanwhile."""
    if not uploads.advance(transaction.connection, upload_id, offset_bytes, at=transaction.now):
        raise _gone()


def close(transaction: Transaction, upload_id: str, sha256: str, *, durable_at: datetime) -> None:
    """Acknowledge the last byte, durable at an instant of system time. Raises `Different`, or `Gone`."""
    row = present(transaction, upload_id)
    if row.client_sha256 not in (None, sha256):
        raise Different(
            "收到的文件与上传前计算的SHA-256不一致，未保存。请核对文件后重新上传。",
            "The file does not fit the sha256 in Upload-Metadata.",
            measured=sha256,
            required=row.client_sha256,
        )
    ended_at = row.ended_at or transaction.campaign_time(durable_at)
    if not uploads.close(transaction.connection, upload_id, sha256, ended_at=ended_at, at=transaction.now):
        raise _gone()


def complete(transaction: Transaction, *, works: Works, upload_id: str, object_key: str) -> None:
    """Record that the object is stored, attach it to its work and say so, once."""
    row = present(transaction, upload_id)
    if row.state == "completed":
        return
    if not uploads.leave(transaction.connection, upload_id, "completed", object_key):
        raise _gone()
    place = works.file_arrived(transaction, row)
    assert row.sha256 is not None and row.ended_at is not None  # noqa: S101, PT018 - `close` came first
    transaction.emit(
        UploadCompleted(
            upload_id=row.id,
            work_id=row.work_id,
            campaign_id=place.campaign_id,
            campaign_version=place.campaign_version,
            campaign_hash=place.campaign_hash,
            unit_id=place.unit_id,
            region_code=place.region_code,
            slot=row.slot,
            size_bytes=row.length_bytes,
            sha256=row.sha256,
            object_key=object_key,
            begun_at=row.begun_at,
            completed_at=row.ended_at,
        )
    )


def terminate(transaction: Transaction, upload_id: str) -> None:
    """End an upload that is not whole; ending it twice changes nothing. Raises `Conflict` for one that is whole."""
    row = present(transaction, upload_id)
    if row.is_whole:
        raise Conflict("文件已传完。如需更换，请在作品中重新上传。", "The upload is complete.", kind="upload-complete")
    uploads.leave(transaction.connection, upload_id, "terminated")


def have_ended(transaction: Transaction, expires_at: datetime) -> None:
    """Have an upload ended within the hour after its time is over; one job ends all of an hour."""
    hour = expires_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    transaction.enqueue(END_EXPIRED, hour.isoformat(), {}, due=hour)


def end_expired(context: Context) -> bool:
    """End every upload whose time is over and remove its file; return whether none was left for being written to. Blocks."""
    receiver, now = receiver_of(context), context.clock.now()
    over = [row for row in context.database.look(uploads.going_on) if not row.is_whole and row.expires_at <= now]
    removed = [receiver.remove(row.id, partial(_expired, context, row.id)) for row in over]
    return all(removed)


def _expired(context: Context, upload_id: str) -> bool:
    return context.database.call(partial(expire, upload_id=upload_id))


def expire(transaction: Transaction, *, upload_id: str) -> bool:
    """End an upload whose time is over, unless its last byte came meanwhile; return whether it has ended."""
    row = present(transaction, upload_id)
    if row.state == "receiving" and not row.is_whole and row.expires_at <= transaction.now:
        uploads.leave(transaction.connection, upload_id, "expired")
        return True
    return row.state != "receiving"


def present(transaction: Transaction, upload_id: str) -> Upload:
    """Return the upload's row. Raises `NotFound`."""
    row = uploads.find(transaction.connection, upload_id)
    if row is None:
        raise NotFound
    return row


def recover(context: Context, works: Works) -> None:
    """At start: store what was whole and not stored, end what has expired, remove files that belong to no upload. Blocks."""
    receiver = receiver_of(context)
    rows = context.database.look(uploads.going_on)
    for row in rows:
        if row.is_whole:
            key = store_object(context.store, row, receiver.path(row.id))
            context.database.call(partial(complete, works=works, upload_id=row.id, object_key=key))
        elif not _expired(context, row.id):
            context.database.call(partial(have_ended, expires_at=row.expires_at))
    receiver.keep_only({row.id for row in context.database.look(uploads.going_on)})


def receiver_of(context: Context) -> Receiver:
    """Return the receiver of this service's uploads."""
    return receiver_for(context.folder / "uploads")


def observe(connection: Connection) -> None:
    """Set the gauge of uploads by state."""
    states = {"receiving": "open", "completed": "ended", "expired": "expired"}
    counts = uploads.count(connection)
    for state, word in states.items():
        metrics.UPLOADS.labels(word).set(counts.get(state, 0))


def object_key(upload_id: str) -> str:
    """Return the key of an upload's object; it tells nothing of what is in it."""
    return f"uploads/{upload_id[-2:]}/{upload_id}"


def store_object(store: ObjectStore, upload: Upload, path: Path) -> str:
    """Give a whole upload's file its key in the store, also when that was done before; return the key. Blocks."""
    key = object_key(upload.id)
    faults.hit("upload.before-finish")
    if store.size(key) != upload.length_bytes:
        store.adopt(key, path, sha256=upload.sha256 or "")
    faults.hit("upload.after-store")
    return key


def _gone() -> Gone:
    return Gone("该上传已取消或过期，请重新上传。", "The upload has ended.")
