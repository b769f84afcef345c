"""Builds whole records for the tests: a seed in, a campaign reviewed to its published result out."""

from __future__ import annotations

import importlib.util
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

from services.review.domain import payloads
from services.review.domain.assignment import Panelist, Reading, draw, draw_label, pseudonym
from services.review.domain.ballots import Ballot, panel_tie
from services.review.domain.canonical import ZERO, Algorithm, commit, digest
from services.review.domain.points import canonical_points
from services.review.domain.record import (
    Entry,
    ballot_opening,
    batch,
    export,
    follow,
    panel_content,
    result_confirmed,
    rubric_declared,
    tally_computed,
)
from services.review.domain.rubric import Criterion, Cut, Rubric, TieRule
from services.review.domain.selection import Decision, select, ties
from services.review.domain.streams import Stream
from services.review.domain.supervision import Opening
from services.review.domain.tally import tally

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_record.py"
START = datetime(2024, 10, 1, 1, tzinfo=UTC)
UNITS = ["云栈区", "石桥区", "南塘区", "北岭区", "东圩区", "市水文局"]


def load_script() -> ModuleType:
    """Import the stand-alone verifier by its path: it is no part of the product."""
    spec = importlib.util.spec_from_file_location("verify_record", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def s0_rubric(through: tuple[int, ...] = (10, 30), **changes: Any) -> Rubric:
    labels = ("真实性", "主题性", "创新性", "表现力")
    names = ("truth", "theme", "novelty", "expression")
    slate = tuple(Cut(outcome=f"cut-{cut}", label=f"前{cut}名", through=cut) for cut in through)
    values: dict[str, Any] = {
        "criteria": tuple(Criterion(id=name, label=label, max="25") for name, label in zip(names, labels, strict=True)),
        "experts_per_work": 3,
        "tie": TieRule(words="请登记专家组复议结果和理由（评审细则第7条）。"),
        "slate": slate,
    }
    return Rubric(**{**values, **changes})


@dataclass
class Campaign:
    """One reviewed round, with all that only its makers know."""

    rubric: Rubric
    chance: random.Random
    alg: Algorithm = "sha256"
    works: int = 6
    experts: int = 5
    spread: int = 25
    recusals: int = 0
    leaving: int = 0
    changes: int = 0
    round: str = "round-1"
    entries: list[Entry] = field(default_factory=list)
    at: datetime = START
    titles: dict[str, str] = field(default_factory=dict)
    panel: list[Panelist] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    seats: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    recused: set[tuple[str, str]] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    cast: list[tuple[Ballot, bytes, str]] = field(default_factory=list)
    live: dict[tuple[str, str], int] = field(default_factory=dict)
    entered: int = 0
    batches: int = 0
    draws: int = 0

    def __post_init__(self) -> None:
        self.seed = self.chance.randbytes(32)
        self.panel_nonce = self.chance.randbytes(16)

    def add(self, *given: payloads.Payload) -> None:
        self.at += timedelta(minutes=self.chance.randint(1, 60))
        for payload in given:
            seq, head = (self.entries[-1].seq, self.head) if self.entries else (0, ZERO)
            self.entries.append(follow(seq, head, alg=self.alg, at=self.at, payload=payload))

    def play(self) -> Campaign:
        self.open()
        self.vote(self.chance.randint(0, len(self.seats)))
        self.commit_ballots()
        for _ in range(self.recusals):
            self.recuse()
        for _ in range(self.leaving):
            self.leave()
        self.vote(len(self.seats))
        for _ in range(self.changes):
            self.change()
        self.finish()
        return self

    def open(self) -> None:
        units = UNITS[: max(2, self.experts // 2)]
        self.panel = [
            Panelist(f"expert-{n}", frozenset({units[n % len(units)]} if n % 2 else set())) for n in range(self.experts)
        ]
        for n in range(self.works):
            work = f"work-{self.chance.getrandbits(40):010x}"
            self.titles[work] = f"故事{n}"
            self.readings.append(
                Reading(work, f"故事{n}", frozenset({self.chance.choice(units)}), self.rubric.experts_per_work)
            )
        self.add(payloads.RecordOpened(campaign="jiangzhou-2024", campaign_hash="ab" * 32))
        self.add(
            payloads.SeedCommitted(round=self.round, seed_hash=digest(self.alg, self.seed)),
            rubric_declared(self.round, self.rubric, self.alg),
        )
        panel = panel_content({member.expert: member.units for member in self.panel})
        works = sorted(self.readings, key=lambda reading: reading.work)
        self.add(
            payloads.RoundOpened(
                round=self.round,
                panel=commit(self.alg, self.panel_nonce, panel),
                works=tuple(
                    payloads.WorkEntered(work=one.work, title=one.title, units=tuple(sorted(one.units))) for one in works
                ),
            )
        )
        self.seat(self.readings)

    def loads(self) -> dict[str, int]:
        held = [expert for key, (expert, _) in self.seats.items() if key not in self.recused and key[0] not in self.left]
        return {member.expert: held.count(member.expert) for member in self.panel}

    def seat(self, readings: list[Reading]) -> None:
        stream = Stream(self.seed, draw_label(self.round, self.draws))
        drawn = []
        for seat in draw(stream, readings, self.panel, self.loads()):
            name = pseudonym(self.chance.randbytes(10))
            if self.rubric.calibration != "none":
                name = self.names.setdefault(seat.expert, name)
            nonce = self.chance.randbytes(16)
            tie = commit(self.alg, nonce, panel_tie(seat.work, name, seat.expert))
            self.seats[seat.work, name] = (seat.expert, nonce)
            drawn.append(payloads.SeatDrawn(work=seat.work, pseudonym=name, expert=tie))
        drawn.sort(key=payloads.SeatDrawn.key)
        self.add(payloads.SeatsDrawn(round=self.round, draw=self.draws, seats=tuple(drawn)))
        self.draws += 1

    def open_seats(self) -> list[tuple[str, str]]:
        return [key for key in self.seats if key not in self.recused and key[0] not in self.left]

    def vote(self, count: int) -> None:
        for key in [key for key in self.open_seats() if key not in self.live][:count]:
            self.cast_ballot(key, None)

    def cast_ballot(self, key: tuple[str, str], replaces: str | None) -> None:
        scores = {one.id: self.points(one) for one in self.rubric.criteria}
        ballot = Ballot(key[0], key[1], scores, replaces)
        nonce = self.chance.randbytes(16)
        self.live[key] = len(self.cast)
        self.cast.append((ballot, nonce, ballot.commitment(self.alg, nonce)))

    def points(self, criterion: Criterion) -> str:
        low, high, step = (Decimal(text) for text in (criterion.min, criterion.max, criterion.step))
        steps = int((high - low) / step)
        points = low + step * self.chance.randint(max(0, steps - self.spread), steps)
        return canonical_points(str(points))

    def change(self) -> None:
        key = self.chance.choice([key for key in self.live if key in set(self.open_seats())])
        self.cast_ballot(key, self.cast[self.live[key]][2])

    def commit_ballots(self) -> None:
        fresh = [commitment for _, _, commitment in self.cast[self.entered :]]
        self.entered = len(self.cast)
        if fresh:
            self.batches += 1
            self.add(*batch(self.round, self.batches, fresh))

    def recuse(self) -> None:
        key = self.chance.choice(self.open_seats())
        void = sorted(commitment for ballot, _, commitment in self.cast if (ballot.work, ballot.pseudonym) == key)
        self.add(payloads.SeatRecused(round=self.round, work=key[0], pseudonym=key[1], void=tuple(void)))
        self.recused.add(key)
        before = {expert for (work, _), (expert, _) in self.seats.items() if work == key[0]}
        reading = next(one for one in self.readings if one.work == key[0])
        self.seat([Reading(reading.work, reading.title, reading.units, 1, seated=frozenset(before))])

    def leave(self) -> None:
        work = self.chance.choice([one.work for one in self.readings if one.work not in self.left])
        self.left.add(work)
        self.add(payloads.WorkLeft(round=self.round, work=work, reason="撤回"))

    def counted(self) -> list[Ballot]:
        return [self.cast[self.live[key]][0] for key in self.open_seats()]

    def finish(self) -> None:
        self.commit_ballots()
        self.add(payloads.RoundClosed(round=self.round, closed_at="2024-10-17T09:30:00.000Z", ballots=len(self.cast)))
        self.rows = tally(self.rubric, self.counted())
        self.tied = ties(self.rubric, self.rows)
        self.add(tally_computed(self.round, self.rubric.hash(self.alg), self.rows, self.tied))
        self.decisions: list[Decision] = []
        for tie in self.tied:
            chosen = sorted(tie.works)[: tie.places]
            self.decisions.append(Decision(tie.outcome, frozenset(chosen)))
            decided = payloads.TieDecided(
                round=self.round, outcome=tie.outcome, chosen=tuple(chosen), reason="专家组复议：表现力更佳", by="clerk"
            )
            self.add(decided)
        self.outcomes = select(self.rubric, self.rows, self.decisions)
        self.add(result_confirmed(self.round, self.outcomes, "head"), payloads.ResultPublished(round=self.round))

    @property
    def head(self) -> str:
        return self.entries[-1].hash()

    def openings(self) -> list[Any]:
        void = {commitment for entry in self.entries for commitment in entry.payload.get("void", ())}
        return [ballot_opening(*cast) for cast in self.cast if cast[2] not in void]

    def export(self) -> str:
        return export(self.entries, self.openings())

    def opening(self) -> Opening:
        seats = [
            {"work": work, "pseudonym": name, "expert": expert, "nonce": nonce.hex()}
            for (work, name), (expert, nonce) in sorted(self.seats.items())
        ]
        panel = panel_content({member.expert: member.units for member in self.panel})
        value = {"round": self.round, "seed": self.seed.hex(), "seats": seats}
        return Opening.model_validate({**value, "panels": [{"nonce": self.panel_nonce.hex(), **panel}]})
