"""What the product asks of its engines. An adapter fulfils one of these and translates its vendor's errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from services.kernel.contracts.envelope import Envelope, Event

T = TypeVar("T")


class Clock(Protocol):
    """System time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC, with microseconds."""
        ...


class Transaction(Protocol):
    """One piece of work inside a service's open transaction: its rows and its events become true together or not at all."""

    connection: Connection
    service: str
    now: datetime
    wrote_jobs: bool
    projecting: bool
    revoked: Callable[[str, datetime], None]

    def execute(self, statement: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> Any:
        """Run one of the kernel's own statements on the driver's cursor and return that cursor."""
        ...

    def emit(self, event: Event) -> str:
        """Write the event to the outbox; return its id. Raises `Rejected` when it is too large or above its topic's tier."""
        ...

    def enqueue(
        self, kind: str, key: str, payload: Mapping[str, Any], *, priority: int = 0, due: datetime | None = None
    ) -> bool:
        """Insert a job unless one of this kind and key exists; return whether it was inserted."""
        ...

    def campaign_time(self, stamp: datetime | None = None) -> datetime:
        """Turn a system instant (default: this piece's) into campaign time by the clock row of this transaction."""
        ...

    def nested(self) -> AbstractContextManager[None]:
        """Open a savepoint; what is done inside is undone alone when the block raises."""
        ...

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back once the transaction has been committed, on the thread that committed it; never after a rollback."""
        ...


Piece = Callable[[Transaction], T]


class Database(Protocol):
    """One service's rows, behind one writer."""

    async def submit(self, piece: Piece[T]) -> T:
        """Run the piece in a transaction and return its value once that is durable.

        A piece may be run again after a rollback: it changes nothing outside the transaction but through `after_commit`.
        What the piece raises is raised here, with nothing of it kept. Raises `StorageFull`, or `Unavailable`
        when the engine is away.
        """
        ...

    def call(self, piece: Piece[T]) -> T:
        """The same for threads: waits on the calling thread."""
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query in the bounded pool of readers."""
        ...

    def look(self, query: Callable[[Connection], T]) -> T:
        """Run a read-only query on the calling thread."""
        ...

    def close(self) -> None:
        """Finish what was submitted, then close."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event as a bus hands it over. `position` counts within `partition`."""

    partition: str
    position: int
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Interest:
    """What a consumer wants of the log: the events of these topics but for the types about which it does nothing.

    A type that nobody knows is wanted: it waits for the release that knows it.
    """

    topics: tuple[str, ...]
    unheard: tuple[str, ...] = ()

    def holds(self, event: type[Event]) -> bool:
        """Tell whether an event of this type is wanted."""
        return event.TOPIC.name in self.topics and event.TYPE not in self.unheard


class Bus(Protocol):
    """The log of events, read by consumer groups."""

    def partitions(self) -> Sequence[str]:
        """Name the partitions there are now."""
        ...

    def fetch(self, partition: str, after: int, interest: Interest, limit: int) -> Sequence[Delivery]:
        """Return at most `limit` wanted deliveries whose position is beyond `after`, in order."""
        ...

    def end(self, partition: str) -> int:
        """Return the last position written, 0 when there is none."""
        ...

    def epoch(self, partition: str) -> str:
        """Return which life of its log the partition is in."""
        ...

    def lag(self, partition: str, after: int, interest: Interest) -> tuple[int, int | None]:
        """Return how many wanted events lie beyond a position, and the oldest one's microseconds since 1970."""
        ...

    def subscribe(self, tell: Callable[[str], None], interest: Interest) -> None:
        """Ask to be called with a partition whenever something wanted may be new in it."""
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is whole: its key, length and SHA-256 in hex."""

    key: str
    size_bytes: int
    sha256: str


class ObjectStore(Protocol):
    """Whole objects by key; an object is either whole or absent."""

    def put(self, key: str, chunks: Iterator[bytes]) -> StoredObject:
        """Store the chunks durably under the key. Raises `StorageFull`."""
        ...

    def put_file(self, key: str, path: str) -> StoredObject:
        """Store a local file durably under the key."""
        ...

    def adopt(self, key: str, path: Path, *, sha256: str) -> StoredObject:
        """Give a durable local file its key; the file is gone afterwards. Its SHA-256 was computed as it arrived.

        Raises `StorageFull`.
        """
        ...

    def size(self, key: str) -> int | None:
        """Return the object's length, or None when there is no such object."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start`. Raises `NotFound`."""
        ...

    def local(self, key: str) -> AbstractContextManager[str]:
        """Offer the object as a local file for as long as the block runs. Raises `NotFound`."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when it is absent."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under a prefix, sorted."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person over one channel. `message_id` is the same each time it is sent.

    `language` is what a Content-Language header says: the languages of the text, first to last.
    """

    message_id: str
    recipient: str
    subject: str
    text: str
    template: str
    language: str


class Mailer(Protocol):
    """Sends messages, at least once, with a fixed id."""

    def send(self, message: Message) -> None:
        """Hand the message over durably. Raises `Transient`."""
        ...


class ByteSource(Protocol):
    """A request's body as it arrives."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the chunks."""
        ...
