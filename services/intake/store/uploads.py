"""The table of uploads: one row each, from its creation to its object in the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text, bindparam, func, select

from services.intake.domain.uploads import Ended, Progress
from services.intake.store.base import metadata
from services.kernel.columns import Instant

State = Literal["receiving", "completed", "terminated", "expired"]

upload = Table(
    "upload",
    metadata,
    Column("id", String, primary_key=True),
    Column("work_id", String, nullable=False),
    Column("slot", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    Column("name", String, nullable=False, comment="The file's name, fit to be shown."),
    Column("media_type", String, nullable=False, comment="What the client calls it; nobody believes it."),
    Column("client_metadata", Text, nullable=False, comment="Upload-Metadata as it came; HEAD gives it back."),
    Column("length_bytes", BigInteger, nullable=False),
    Column("offset_bytes", BigInteger, nullable=False, comment="How much is durable; never more than that."),
    Column("client_sha256", String, comment="The client's own hash of the whole file."),
    Column("sha256", String, comment="Written with the last offset."),
    Column("state", String, nullable=False),
    Column("begun_at", Instant, nullable=False, comment="Campaign time of the creation's stamp."),
    Column("ended_at", Instant, comment="Campaign time at which the last byte was durable."),
    Column("moved_at", Instant, nullable=False, comment="System time of the last offset."),
    Column("expires_at", Instant, nullable=False, comment="System time."),
    Column("object_key", String),
    Column("revision", Integer, nullable=False),
    Index("upload_work", "work_id", "slot"),
    Index("upload_state", "state", "expires_at"),
    comment="Uploads.",
)


_FIND = select(upload).where(upload.c.id == bindparam("upload_id"))
_ADVANCE = (
    upload.update()
    .where(upload.c.id == bindparam("upload_id"), upload.c.state == "receiving", upload.c.sha256.is_(None))
    .values(offset_bytes=bindparam("durable_bytes"), moved_at=bindparam("at"), revision=upload.c.revision + 1)
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload as its row says."""

    id: str
    work_id: str
    slot: str
    unit_id: str
    account_id: str
    campaign_id: str
    name: str
    media_type: str
    client_metadata: str
    length_bytes: int
    offset_bytes: int
    client_sha256: str | None
    sha256: str | None
    state: State
    begun_at: datetime
    ended_at: datetime | None
    moved_at: datetime
    expires_at: datetime
    object_key: str | None
    revision: int

    @property
    def is_whole(self) -> bool:
        """Whether every byte is durable, its object stored or not."""
        return self.sha256 is not None

    @property
    def progress(self) -> Progress:
        """Where it stands, in the protocol's words."""
        ended: Ended = "" if self.state == "receiving" else self.state
        return Progress(self.length_bytes, self.offset_bytes, self.expires_at, ended)


def add(connection: Connection, row: Upload) -> None:
    """Insert a new upload."""
    connection.execute(upload.insert().values({name: getattr(row, name) for name in Upload.__dataclass_fields__}))


def find(connection: Connection, upload_id: str) -> Upload | None:
    """Return an upload, None when there is none of this id."""
    row = connection.execute(_FIND, {"upload_id": upload_id}).one_or_none()
    return None if row is None else Upload(*row)


def of_work(connection: Connection, work_id: str) -> list[Upload]:
    """Return a work's uploads that go on or are complete, oldest first."""
    wanted = upload.c.state.in_(("receiving", "completed"))
    rows = connection.execute(select(upload).where(upload.c.work_id == work_id, wanted).order_by(upload.c.id))
    return [Upload(*row) for row in rows]


def advance(connection: Connection, upload_id: str, offset_bytes: int, *, at: datetime) -> bool:
    """Write how much is durable; return whether the upload was still going on."""
    return bool(connection.execute(_ADVANCE, {"upload_id": upload_id, "durable_bytes": offset_bytes, "at": at}).rowcount)


def close(connection: Connection, upload_id: str, sha256: str, *, ended_at: datetime, at: datetime) -> bool:
    """Write that every byte is durable; return whether the upload was still going on."""
    going_on = (upload.c.id == upload_id) & (upload.c.state == "receiving")
    values = {"offset_bytes": upload.c.length_bytes, "sha256": sha256, "ended_at": ended_at, "moved_at": at}
    return bool(connection.execute(upload.update().where(going_on).values(values)).rowcount)


def leave(connection: Connection, upload_id: str, state: State, object_key: str | None = None) -> bool:
    """Write how the upload ended; return whether it was still going on."""
    going_on = (upload.c.id == upload_id) & (upload.c.state == "receiving")
    values = {"state": state, "object_key": object_key, "revision": upload.c.revision + 1}
    return bool(connection.execute(upload.update().where(going_on).values(values)).rowcount)


def going_on(connection: Connection) -> list[Upload]:
    """Return every upload that has not ended, whole ones included, oldest first."""
    rows = connection.execute(select(upload).where(upload.c.state == "receiving").order_by(upload.c.id))
    return [Upload(*row) for row in rows]


def count(connection: Connection) -> dict[str, int]:
    """Return how many uploads are in each state."""
    rows = connection.execute(select(upload.c.state, func.count()).group_by(upload.c.state))
    return {state: number for state, number in rows}  # noqa: C416 - a row is no pair to the type checker
