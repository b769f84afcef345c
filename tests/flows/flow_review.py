"""A review and its people: thirty-two works of six districts, nine experts, and totals with a tie at the places 29 to 31."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flow_world import CAMPAIGN, World

from demo import cast
from demo.client import Person

UNITS = {"yunzhan": 6, "yupo": 6, "baijing": 5, "heting": 5, "qingbu": 5, "tongdu": 5}
KINDS = ("agency", "enterprise", "community", "family", "community", "community")
KNOWN, KNOWN_UNIT = "灯下三代人", "yunzhan"
EXPERTS, OUTSTANDING = 9, (2, 1, 1)
TIED = 265


@dataclass(frozen=True)
class Entry:
    """A work of the review and the total that its three ballots will give it."""

    work_id: str
    title: str
    unit: str
    total: int


@dataclass(frozen=True)
class Paper:
    """One expert's ballot of one work, and the scores he or she means to give."""

    expert: Person
    ballot_id: str
    title: str
    scores: dict[str, str]

    def submit(self, **changed: str) -> Any:
        return self.expert.post(f"/ballots/{self.ballot_id}/submit", {"scores": self.scores | changed})


@dataclass
class Review:
    """One round on a running platform."""

    world: World
    entries: dict[str, Entry] = field(default_factory=dict)
    experts: list[Person] = field(default_factory=list)
    left: list[Paper] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    round_id: str = ""

    @property
    def path(self) -> str:
        return f"/rounds/{self.round_id}"

    def accept_works(self, film: Path) -> None:
        """Take the works from their entry to the organiser's acceptance, each with a film that was checked."""
        for unit, count in UNITS.items():
            for kind in KINDS[:count]:
                self._recommend(unit, kind, film)
        for entry in self.entries.values():
            self.world.tick(entry.unit, entry.work_id, self.world.report(entry.unit, entry.work_id))
        self.world.at("2024-09-27T09:00:00+08:00")
        for unit in UNITS:
            self.world.lock(unit)
        self.world.at("2024-10-01T09:00:00+08:00")
        for unit in UNITS:
            self.world.clerk.post(f"{self.world.list_path(unit)}/acceptance")

    def _recommend(self, unit: str, kind: str, film: Path) -> None:
        number = len(self.entries)
        title = KNOWN if number == KINDS.index("family") else cast.title(number)
        work = self.world.submitted(unit, title, kind)
        self.world.liaison(unit).post(f"/works/{work}/listing")
        self.world.liaison(unit).upload(film, work)
        self.entries[title] = Entry(work, title, unit, _total(number))

    def invite_experts(self) -> None:
        """Nine experts, the first of them of 云栈区."""
        for number in range(EXPERTS):
            body = {"role": "expert", "campaign_id": CAMPAIGN} | ({} if number else {"unit_id": KNOWN_UNIT})
            code = self.world.clerk.post("/invitations", body)["code"]
            self.experts.append(self.world.visitor.register(code, *cast.person(500 + number)))
        self.world.clerk.until("/experts", lambda told: len(told["experts"]) == EXPERTS, campaign_id=CAMPAIGN)

    def expert_ids(self) -> list[str]:
        return [str(expert.account["account_id"]) for expert in self.experts]

    def ballots(self) -> Iterator[tuple[Person, dict[str, Any]]]:
        """Return every open ballot with its expert."""
        for expert in self.experts:
            yield from ((expert, ballot) for ballot in expert.get("/ballots")["ballots"] if ballot["open"])

    def papers(self) -> list[tuple[Paper, bool]]:
        """Return every ballot with what is meant to stand on it, and whether something was submitted before."""
        meant = {title: iter(cast.ballots(entry.total)) for title, entry in self.entries.items()}
        return [
            (Paper(expert, ballot["ballot_id"], ballot["title"], next(meant[ballot["title"]])), ballot["state"] == "submitted")
            for expert, ballot in self.ballots()
        ]

    def score_all_but_four(self) -> None:
        """Fill in every ballot but four of three works."""
        papers = self.papers()
        for title, count in zip(list(self.entries)[-3:], OUTSTANDING, strict=True):
            untouched = [paper for paper, submitted in papers if paper.title == title and not submitted]
            self.left += untouched[:count]
        self.receipts += [paper.submit() for paper, _ in papers if paper not in self.left]

    def state(self) -> str:
        return str(self.world.clerk.get(self.path)["state"])

    def chosen(self) -> dict[str, str]:
        """Return work → outcome as everybody may read it."""
        (found,) = self.world.visitor.get("/results", campaign_id=CAMPAIGN)["results"]
        works = self.world.visitor.get(f"/results/{found['result_id']}")["works"]
        return {work["work_id"]: work["outcome"] for work in works}


def _total(number: int) -> int:
    """Three works share the places 29 to 31, all others stand alone; 灯下三代人 is the tenth."""
    place = number * 3 % sum(UNITS.values())
    return 294 - place if place < 28 else TIED if place < 31 else 260
