"""What a service does about events: its handlers, each a projection or a reaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import func, select

from services.kernel.clocks import keep_clock
from services.kernel.contracts.envelope import Envelope, Event
from services.kernel.contracts.events import AccountEnded, ClockChanged, SessionEnded
from services.kernel.ports import Interest, Transaction
from services.kernel.tables import revocation

E = TypeVar("E", bound=Event)
Function = Callable[[Transaction, E, Envelope], None]


class Kind(Enum):
    """A projection emits nothing and starts no job, and a rebuild runs it again; a reaction acts, once an event.

    Where a consumer has both for an event, they run in this order under one savepoint: both are done or neither is.
    """

    PROJECTION = "projection"
    REACTION = "reaction"


@dataclass(frozen=True, slots=True)
class Handler:
    """What a consumer does about one event type: a projection, a reaction, or both, in the order in which they run."""

    event: type[Event]
    steps: tuple[tuple[Kind, Function[Any]], ...]


class Handlers:
    """The handlers of one consumer: at most one projection and one reaction an event type.

    While a key has a deferred event its later ones queue behind it, unless `ordered` is false.
    """

    def __init__(self, consumer: str, *, ordered: bool = True) -> None:
        self.consumer = consumer
        self.ordered = ordered
        self.by_type: dict[str, Handler] = {}
        self.reacts(ClockChanged)(_keep_clock)
        self.projects(SessionEnded)(_end_session)
        self.projects(AccountEnded)(_end_account)

    def projects(self, event: type[E]) -> Callable[[Function[E]], Function[E]]:
        """Register a projection of this event."""
        return self._register(event, Kind.PROJECTION)

    def reacts(self, event: type[E]) -> Callable[[Function[E]], Function[E]]:
        """Register a reaction to this event."""
        return self._register(event, Kind.REACTION)

    def topics(self) -> tuple[str, ...]:
        """Name the topics this consumer reads."""
        return tuple(sorted({handler.event.TOPIC.name for handler in self.by_type.values()}))

    def interest(self) -> Interest:
        """Return what this consumer wants of the log."""
        topics = self.topics()
        known = [event for event in Event.REGISTRY.values() if event.TOPIC.name in topics]
        return Interest(topics, tuple(sorted(event.TYPE for event in known if event.TYPE not in self.by_type)))

    def _register(self, event: type[E], kind: Kind) -> Callable[[Function[E]], Function[E]]:
        known = dict(self.by_type[event.TYPE].steps) if event.TYPE in self.by_type else {}
        if kind in known:
            raise ValueError(f"{self.consumer} has two {kind.value}s of {event.TYPE}")

        def register(function: Function[E]) -> Function[E]:
            functions = {**known, kind: function}
            self.by_type[event.TYPE] = Handler(event, tuple((kind, functions[kind]) for kind in Kind if kind in functions))
            return function

        return register


def _keep_clock(transaction: Transaction, event: ClockChanged, _envelope: Envelope) -> None:
    keep_clock(transaction, event)


def _end_session(transaction: Transaction, event: SessionEnded, _envelope: Envelope) -> None:
    revoke(transaction, f"session/{event.session_id}")


def _end_account(transaction: Transaction, event: AccountEnded, _envelope: Envelope) -> None:
    revoke(transaction, f"account/{event.account_id}")


def revoke(transaction: Transaction, subject: str) -> None:
    """Refuse this session or account from now on."""
    known = select(func.count()).where(revocation.c.subject == subject)
    if not transaction.connection.execute(known).scalar_one():
        transaction.connection.execute(revocation.insert().values(subject=subject, ended_at=transaction.now))
        transaction.after_commit(partial(transaction.revoked, subject, transaction.now))
