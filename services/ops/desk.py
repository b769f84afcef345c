"""The operator's desk: the same questions, put to the platform that runs on a home, or to its files when none runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.kernel import deadletters, feed, inspection
from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.clocks import SystemClock
from services.kernel.deadletters import State
from services.kernel.errors import EngineError, LaurelError, NoData, NotFound, StorageFull, Unavailable
from services.kernel.feed import Asked
from services.kernel.ids import new_id
from services.kernel.keys import Keys
from services.kernel.ports import Bus, Database
from services.kernel.service import Definition
from services.kernel.settings import Settings
from services.runtime import DEFINITIONS, alone, looking, running_address

BY = "operator"
PATIENCE_S = 20.0
Document = dict[str, Any]


class NoPlatform(LaurelError):
    """There is nothing to look at, or it does not answer; the message says what and what to do."""


class Desk(Protocol):
    """What an operator can ask of each service. Documents are JSON as the API answers it. Raises `NotFound`, `NoPlatform`."""

    address: str | None

    def state(self, service: str) -> Document:
        """Return the service's state."""
        ...

    def letters(self, service: str, state: State | None) -> list[Document]:
        """Return its deferred events."""
        ...

    def letter(self, service: str, event_id: str, *, personal: bool) -> Document:
        """Return one with its event."""
        ...

    def retry(self, service: str, event_id: str) -> Document:
        """Let it be tried now."""
        ...

    def drop(self, service: str, event_id: str, reason: str) -> Document:
        """Give it up."""
        ...

    def events(self, service: str, asked: Asked, *, last: bool, limit: int, wait_s: float) -> Document:
        """Return events of its log, and where to go on."""
        ...

    def place_of(self, service: str, event_id: str) -> tuple[int, datetime] | None:
        """Return where an event stands in its log."""
        ...

    def place_at(self, service: str, instant: datetime) -> int:
        """Return the position of the last event up to an instant."""
        ...


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """Reach whatever runs on the home, or else its files. Raises `NoData` when there is no such home."""
    if not (settings.home / "intake.db").exists():
        raise NoData(settings.home)
    address = running_address(settings.home)
    if address is None:
        with looking(settings) as (databases, bus):
            yield OnFiles(settings, databases, bus)
        return
    import httpx  # noqa: PLC0415 - only where a platform runs

    with httpx.Client(base_url=address, headers=_bearer(settings), timeout=PATIENCE_S, trust_env=False) as client:
        yield OverHttp(address, client)


def _bearer(settings: Settings) -> dict[str, str]:
    """Mint an operator's token with the home's own keys: whoever may read them owns the platform."""
    now = SystemClock().now()
    who = Principal(BY, new_id(), Role.OPERATOR)
    token = mint(Keys.open(settings.keys_folder), who, begun_at=now, now=now, limits=Limits.of(settings))
    return {"Authorization": f"Bearer {token}"}


class OverHttp:
    """A `Desk` at the local platform's own API."""

    def __init__(self, address: str, client: Any) -> None:
        self.address: str | None = address
        self._client = client

    def state(self, service: str) -> Document:
        """GET state."""
        return self._ask("GET", f"/ops/{service}/state")

    def letters(self, service: str, state: State | None) -> list[Document]:
        """GET deadletters."""
        found: list[Document] = self._ask("GET", f"/ops/{service}/deadletters", {"state": state} if state else {})["letters"]
        return found

    def letter(self, service: str, event_id: str, *, personal: bool) -> Document:
        """GET one."""
        return self._ask("GET", f"/ops/{service}/deadletters/{event_id}", {"personal": personal})

    def retry(self, service: str, event_id: str) -> Document:
        """POST retry."""
        return self._ask("POST", f"/ops/{service}/deadletters/{event_id}/retry")

    def drop(self, service: str, event_id: str, reason: str) -> Document:
        """POST drop."""
        return self._ask("POST", f"/ops/{service}/deadletters/{event_id}/drop", body={"reason": reason})

    def events(self, service: str, asked: Asked, *, last: bool, limit: int, wait_s: float) -> Document:
        """GET events."""
        parameters = {"topic": list(asked.topics), "type": list(asked.types), "personal": asked.personal}
        place = {} if last else {"after": asked.after}
        return self._ask("GET", f"/ops/{service}/events", parameters | place | {"limit": limit, "wait_s": wait_s})

    def place_of(self, service: str, event_id: str) -> tuple[int, datetime] | None:
        """GET events/place."""
        found = self._ask("GET", f"/ops/{service}/events/place", {"event_id": event_id})
        return None if found["position"] is None else (found["position"], datetime.fromisoformat(found["time"]))

    def place_at(self, service: str, instant: datetime) -> int:
        """GET events/place."""
        position: int = self._ask("GET", f"/ops/{service}/events/place", {"at": instant.isoformat()})["position"]
        return position

    def _ask(
        self, method: str, path: str, parameters: Mapping[str, Any] | None = None, *, body: Document | None = None
    ) -> Document:
        import httpx  # noqa: PLC0415 - loaded already

        try:
            answer = self._client.request(method, path, params=parameters, json=body)
        except httpx.HTTPError as trouble:
            raise NoPlatform(
                f"{self.address} 上的平台没有应答（{type(trouble).__name__}）。请查看其日志，必要时重新启动。"
            ) from None
        if answer.is_success:
            document: Document = answer.json()
            return document
        raise _told(answer)


def _told(answer: Any) -> LaurelError:
    try:
        problem = answer.json()
        message, detail = str(problem["message"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return NoPlatform(f"平台的应答无法读取（{answer.status_code}）。")
    return NotFound(message, detail) if answer.status_code == NotFound.status else NoPlatform(message)


class OnFiles:
    """A `Desk` on the files of a home where nothing runs: it reads without locking, and writes under the home's lock."""

    def __init__(self, settings: Settings, databases: Mapping[str, Database], bus: Bus) -> None:
        self.address: str | None = None
        self._settings, self._databases, self._bus = settings, databases, bus
        self._definitions = {definition.name: definition for definition in DEFINITIONS}

    def state(self, service: str) -> Document:
        """Read the state."""
        definition, now = self._definitions[service], SystemClock().now()
        query = partial(inspection.inspect, definition=definition, bus=self._bus, now=now, degraded=())
        return _document(self._look(service, query))

    def letters(self, service: str, state: State | None) -> list[Document]:
        """Read the deferred events."""
        found = self._look(service, partial(deadletters.find, consumer=None, state=state, limit=None))
        return [_document(letter) for letter in found]

    def letter(self, service: str, event_id: str, *, personal: bool) -> Document:
        """Read one."""
        letter, envelope = self._look(service, partial(deadletters.get, event_id=event_id))
        shown = envelope if personal else replace(envelope, personal=None)
        return {"letter": _document(letter), "event": shown.structured()}

    def retry(self, service: str, event_id: str) -> Document:
        """Write the row."""
        return self._write(service, partial(deadletters.retry, event_id=event_id, consumer=None, by=BY))

    def drop(self, service: str, event_id: str, reason: str) -> Document:
        """Delete the row."""
        return self._write(service, partial(deadletters.drop, event_id=event_id, consumer=None, reason=reason, by=BY))

    def events(self, service: str, asked: Asked, *, last: bool, limit: int, wait_s: float) -> Document:  # noqa: ARG002 - nothing new comes while nothing runs
        """Read the log."""
        choose = feed.latest if last else feed.following
        page: feed.Page = self._look(service, partial(choose, service=service, asked=asked, limit=limit))
        return page.document()

    def place_of(self, service: str, event_id: str) -> tuple[int, datetime] | None:
        """Read the place."""
        found: tuple[int, datetime] | None = self._look(service, partial(feed.position_of, event_id=event_id))
        return found

    def place_at(self, service: str, instant: datetime) -> int:
        """Read the place."""
        position: int = self._look(service, partial(feed.position_at, instant=instant))
        return position

    def _look(self, service: str, query: Callable[[Connection], Any]) -> Any:
        try:
            return self._databases[service].look(query)
        except (DBAPIError, EngineError, StorageFull, Unavailable) as broken:
            raise NoPlatform(f"{self._settings.home / service}.db 无法读取（{broken.__cause__ or broken}）。") from broken

    def _write(self, service: str, piece: Callable[..., Any]) -> Document:
        with alone(self._settings, self._definitions[service]) as context:
            return _document(context.database.call(piece))


def _document(value: Any) -> Document:
    """Return what the API would answer."""
    from pydantic_core import to_json  # noqa: PLC0415 - with the documents

    document: Document = json.loads(to_json(value))
    return document


def services(chosen: str | None) -> Sequence[Definition]:
    """Return the services whose consumer is named, all without a name. Raises `NoPlatform` for an unknown one."""
    found = [one for one in DEFINITIONS if chosen in {None, one.handlers.consumer}]
    if not found:
        named = "、".join(one.handlers.consumer for one in DEFINITIONS)
        raise NoPlatform(f"没有名为{chosen}的消费者。可选：{named}。")
    return found
