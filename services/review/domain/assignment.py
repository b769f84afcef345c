"""Who reads what: drawn from the seed, balanced, never one's own unit, never after a recusal.

The draw (docs/record.md §4 says it for any language): works by id, then shuffled; for each, the eligible experts by
id, shuffled anew, the least loaded first; at last works are passed on along shortest chains of experts until nobody
carries two more than somebody to whom a chain leads. No other assignment is better balanced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.review.domain.faults import Shortage, Strangers
from services.review.domain.streams import Stream

PSEUDONYM_BYTES = 10
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Panelist:
    """An expert of the round and the units that make him or her a party."""

    expert: str
    units: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """A work that asks for `need` experts; `barred` have recused themselves from it, `seated` read it already."""

    work: str
    title: str
    units: frozenset[str]
    need: int
    barred: frozenset[str] = frozenset()
    seated: frozenset[str] = frozenset()

    def accepts(self, panelist: Panelist) -> bool:
        """Tell whether this expert may read the work."""
        held = panelist.expert in self.barred or panelist.expert in self.seated
        return not held and self.units.isdisjoint(panelist.units)


class Seat(NamedTuple):
    """One expert at one work."""

    work: str
    expert: str


def draw_label(round_id: str, counter: int) -> str:
    """Return the stream's label: counter 0 is the draw at the opening, each replacement takes the next number."""
    return f"laurel/assignment/v1/{round_id}/{counter}"


def draw(
    stream: Stream,
    readings: Iterable[Reading],
    panel: Iterable[Panelist],
    loads: Mapping[str, int] | None = None,
) -> list[Seat]:
    """Return the seats, sorted; `loads` are the works that experts carry already, which stay where they are.

    Shortage, with one sentence a work, when a work has too few experts without a conflict (issue 4, review).
    """
    works = sorted(readings, key=lambda reading: reading.work)
    experts = sorted(panel, key=lambda panelist: panelist.expert)
    refuse_shortage(works, experts)
    table = _Table(stream.shuffled(works), stream.shuffled(experts), dict(loads or {}))
    for reading in table.readings:
        table.seat(reading, stream)
    table.balance()
    return table.seats()


def refuse_shortage(readings: Iterable[Reading], panel: Sequence[Panelist]) -> None:
    """Raise `Shortage` with one sentence for each work that has too few experts without a conflict."""
    if lacks := [shortage(reading, panel) for reading in readings if is_short(reading, panel)]:
        raise Shortage(lacks)


def refuse_strangers(accounts: Sequence[str], living: Collection[str], ended: Collection[str]) -> None:
    """Raise `Strangers` with every row of a list that names nobody who may be drawn."""
    why = ("不是本活动的评审专家", "的账号已停用")
    if rows := [(place, one, why[one in ended]) for place, one in enumerate(accounts) if one not in living]:
        raise Strangers(rows, len(accounts))


def is_short(reading: Reading, panel: Sequence[Panelist]) -> bool:
    """Tell whether fewer of these experts may read the work than it asks for."""
    return len(_eligible(reading, panel)) < reading.need


def _eligible(reading: Reading, panel: Sequence[Panelist]) -> list[Panelist]:
    return [panelist for panelist in panel if reading.accepts(panelist)]


def shortage(reading: Reading, panel: Sequence[Panelist]) -> str:
    """Return the sentence that says how many experts a work lacks and why."""
    barred = sum(panelist.expert in reading.barred for panelist in panel)
    seated = sum(panelist.expert in reading.seated - reading.barred for panelist in panel)
    eligible = len(_eligible(reading, panel))
    own = len(panel) - barred - seated - eligible
    reasons = [f"{count}名{why}" for count, why in ((own, "属本单位"), (barred, "已回避"), (seated, "已在评审本作品")) if count]
    held = f"，其中{'、'.join(reasons)}" if reasons else ""
    return (
        f"《{reading.title}》还缺{reading.need - eligible}名评审专家：专家组共{len(panel)}名{held}，"
        f"可分配{eligible}名，应分配{reading.need}名。请增补专家。"
    )


@dataclass
class _Table:
    """The draw while it is made: who holds which works, and how much each carries."""

    readings: list[Reading]
    panel: list[Panelist]
    loads: dict[str, int]
    held: dict[str, dict[str, Reading]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.loads = {panelist.expert: self.loads.get(panelist.expert, 0) for panelist in self.panel}
        self.held = {panelist.expert: {} for panelist in self.panel}

    def seat(self, reading: Reading, stream: Stream) -> None:
        by_id = sorted(_eligible(reading, self.panel), key=lambda panelist: panelist.expert)
        order = sorted(stream.shuffled(by_id), key=lambda panelist: self.loads[panelist.expert])
        for panelist in order[: reading.need]:
            self._move(reading, None, panelist.expert)

    def _move(self, reading: Reading, giver: str | None, taker: str) -> None:
        self.held[taker][reading.work] = reading
        self.loads[taker] += 1
        if giver is not None:
            del self.held[giver][reading.work]
            self.loads[giver] -= 1

    def balance(self) -> None:
        while chain := self._improving_chain():
            for reading, giver, taker in chain:
                self._move(reading, giver, taker)

    def _improving_chain(self) -> list[tuple[Reading, str, str]] | None:
        lightest = min(self.loads.values(), default=0)
        for giver in sorted((panelist.expert for panelist in self.panel), key=lambda expert: -self.loads[expert]):
            if self.loads[giver] < lightest + 2:
                return None
            if chain := self._chain_from(giver):
                return chain
        return None

    def _chain_from(self, start: str) -> list[tuple[Reading, str, str]] | None:
        """Return the shortest chain of hand-overs from `start` to somebody who carries at least two fewer."""
        came: dict[str, tuple[Reading, str]] = {}
        queue = deque([start])
        while queue:
            giver = queue.popleft()
            for taker, reading in self._takers(giver):
                if taker == start or taker in came:
                    continue
                came[taker] = (reading, giver)
                if self.loads[taker] <= self.loads[start] - 2:
                    return _unwound(came, start, taker)
                queue.append(taker)
        return None

    def _takers(self, giver: str) -> Iterable[tuple[str, Reading]]:
        works = self.held[giver]
        for reading in self.readings:
            if reading.work not in works:
                continue
            for panelist in self.panel:
                if reading.work not in self.held[panelist.expert] and reading.accepts(panelist):
                    yield panelist.expert, reading

    def seats(self) -> list[Seat]:
        return sorted(Seat(work, expert) for expert, works in self.held.items() for work in works)


def _unwound(came: Mapping[str, tuple[Reading, str]], start: str, end: str) -> list[tuple[Reading, str, str]]:
    chain = []
    while end != start:
        reading, giver = came[end]
        chain.append((reading, giver, end))
        end = giver
    return chain


def pseudonym(chance: bytes) -> str:
    """Return the 16 characters (Crockford base 32) under which an expert's ballot stands in the record."""
    if len(chance) != PSEUDONYM_BYTES:
        raise ValueError(f"a pseudonym is made of {PSEUDONYM_BYTES} random bytes, not {len(chance)}")
    number = int.from_bytes(chance, "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(75, -1, -5))
