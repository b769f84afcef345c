"""Reads the log of all services as one: in order of time as far as they are written, then as they come."""

from __future__ import annotations

import heapq
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.kernel.contracts.envelope import Event
from services.kernel.contracts.topics import TOPICS
from services.kernel.errors import LaurelError, NotFound
from services.kernel.feed import Asked
from services.kernel.instants import BEIJING
from services.ops.desk import Desk
from services.ops.labels import instant_text

PAGE = 200
WAIT_S = 2.0
IDLE_S = 0.5


class Unclear(LaurelError):
    """The command names something that is not there; the message says what there is."""


def topics_named(names: Sequence[str]) -> tuple[str, ...]:
    """Return topics by their full name, or by the part that says what they are about. Raises `Unclear`."""
    return tuple(topic for name in names for topic in _matching(name, TOPICS, 3))


def types_named(names: Sequence[str]) -> tuple[str, ...]:
    """Return event types by their full name, or without `laurel.` and version. Raises `Unclear`."""
    short = {known.removeprefix("laurel.").rsplit(".", 1)[0]: known for known in Event.REGISTRY}
    found = [name if name in Event.REGISTRY else short.get(name, "") for name in names]
    if unknown := [name for name, known in zip(names, found, strict=True) if not known]:
        raise Unclear(f"没有名为{'、'.join(unknown)}的事件类型。全部类型见 docs/events.md。")
    return tuple(found)


def _matching(name: str, known: Any, part: int) -> list[str]:
    found = [one for one in known if name in {one, one.split(".")[part]}]
    if not found:
        raise Unclear(f"没有名为{name}的主题。可选：{'、'.join(sorted({one.split('.')[part] for one in known}))}。")
    return found


class Tail:
    """A reader of several logs that knows where it is in each."""

    def __init__(self, desk: Desk, services: Sequence[str], asked: Asked) -> None:
        self._desk, self._asked = desk, asked
        self._places: dict[str, int] = dict.fromkeys(services, 0)

    def begin_after(self, stated: str) -> None:
        """Begin after an event, named by its id, or after an instant. Raises `NotFound`."""
        instant = _instant(stated)
        if instant is None:
            instant = self._begin_after_event(stated)
            self._places = {service: place or self._desk.place_at(service, instant) for service, place in self._places.items()}
        else:
            self._places = {service: self._desk.place_at(service, instant) for service in self._places}

    def _begin_after_event(self, event_id: str) -> datetime:
        for service in self._places:
            found = self._desk.place_of(service, event_id)
            if found is not None:
                self._places[service] = found[0]
                return found[1]
        raise NotFound(f"没有编号为{event_id}的事件，它也不是时间（如2024-09-30T23:59:59+08:00）。", "No such event.")

    def last(self, lines: int) -> list[dict[str, Any]]:
        """Return the last events of all logs together, and go on after them."""
        found: list[dict[str, Any]] = []
        for service in self._places:
            page = self._desk.events(service, self._asked, last=True, limit=max(1, lines), wait_s=0)
            self._places[service] = page["next"]
            found += [entry["event"] for entry in page["events"]]
        return sorted(found, key=_moment)[-lines:] if lines else []

    def written(self) -> Iterator[dict[str, Any]]:
        """Yield what is written beyond the places, in order of time."""
        yield from heapq.merge(*(self._pages(service) for service in self._places), key=_moment)

    def _pages(self, service: str) -> Iterator[dict[str, Any]]:
        while True:
            page = self._turn(service, wait_s=0)
            yield from (entry["event"] for entry in page["events"])
            if len(page["events"]) < PAGE:
                return

    def _turn(self, service: str, *, wait_s: float) -> dict[str, Any]:
        asked = replace(self._asked, after=self._places[service])
        page = self._desk.events(service, asked, last=False, limit=PAGE, wait_s=wait_s)
        self._places[service] = page["next"]
        return page

    def follow(self) -> Iterator[dict[str, Any]]:
        """Yield what comes, for ever. Raises what the desk raises."""
        arrived: queue.SimpleQueue[dict[str, Any] | LaurelError] = queue.SimpleQueue()
        for service in self._places:
            threading.Thread(target=self._watch, args=(service, arrived), daemon=True).start()
        while True:
            one = arrived.get()
            if isinstance(one, LaurelError):
                raise one
            yield one

    def _watch(self, service: str, arrived: queue.SimpleQueue[dict[str, Any] | LaurelError]) -> None:
        idle = threading.Event()
        try:
            while True:
                page = self._turn(service, wait_s=WAIT_S)
                for entry in page["events"]:
                    arrived.put(entry["event"])
                if not page["events"] and self._desk.address is None:
                    idle.wait(IDLE_S)
        except LaurelError as ended:
            arrived.put(ended)


def line(event: dict[str, Any]) -> str:
    """Return one event as a line for people: Beijing time with its offset, type, subject, sequence, id."""
    return f"{instant_text(event['time'])}  {event['type']}  {event['subject']}  #{event['sequence']}  {event['id']}"


def _moment(event: dict[str, Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(event["time"]), event["id"]


def _instant(stated: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(stated)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=BEIJING).astimezone(UTC)
