"""Who takes part in a flow, and the steps that several tests take on their way."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from demo.client import Person, Refused
from demo.platform import Platform

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
CAMPAIGN = "s0-rehearsal"
ENTERING, SUBMITTING = "2024-08-05T10:00:00+08:00", "2024-09-24T10:00:00+08:00"


class World:
    """A platform with its office. Liaisons and heads of units register when they are first asked for."""

    def __init__(self, platform: Platform) -> None:
        assert platform.code is not None
        self.platform = platform
        self.visitor = Person.at(platform.address)
        self.head = self.visitor.register(platform.code, "陆砚秋", "10000001001", "lu@example.com")
        code = self.head.post("/invitations", {"role": "clerk"})["code"]
        self.clerk = self.visitor.register(code, "周见微", "10000001002", "zhou@example.com")
        self._numbers = iter(range(10000002001, 10000009999))
        self.person = cache(self._register)
        self.draft = cache(self._draft)
        self.is_published = False

    def at(self, instant: str) -> None:
        """Stop the campaign clock at an instant."""
        self.clerk.put("/clock", {"stopped_at": instant})

    def restart_after_a_power_cut(self) -> None:
        """Kill the platform and start it again at the same address."""
        self.platform.kill()
        self.platform.port = int(self.platform.address.rsplit(":", 1)[1])
        self.platform.start()

    def _draft(self) -> Any:
        self.at("2024-07-02T09:00:00+08:00")
        read = {"campaign": CAMPAIGN, "extends": "s0-shanghai-2024-stories", "units": "units/jiangzhou"}
        files = {name: (CAMPAIGNS / f"{path}.yaml").read_text() for name, path in read.items()}
        return self.clerk.post("/campaigns", files)

    def confirm_readings(self) -> None:
        for reading in self.draft()["readings"]:
            self.clerk.put(f"/campaigns/{CAMPAIGN}/readings/{reading['id']}", {"option": reading["default"]})

    def publish(self) -> None:
        """Publish the campaign as two persons, unless that is done."""
        if not self.is_published:
            self.confirm_readings()
            self.clerk.post(f"/campaigns/{CAMPAIGN}/publication")
            self.confirm_publication()

    def confirm_publication(self) -> Any:
        self.at("2024-07-03T09:00:00+08:00")
        said = self.head.post(f"/campaigns/{CAMPAIGN}/publication/confirmation")
        self.is_published = True
        return said

    def code(self, unit: str, role: str) -> str:
        issued = self.clerk.get("/invitations", campaign_id=CAMPAIGN)["invitations"]
        return next(str(each["code"]) for each in issued if (each["unit_id"], each["role"]) == (unit, role))

    def _register(self, unit: str, role: str, name: str = "沈禾") -> Person:
        number = next(self._numbers)
        return self.visitor.register(self.code(unit, role), name, str(number), f"p{number}@example.com")

    def liaison(self, unit: str) -> Person:
        return self.person(unit, "liaison")

    def unit_head(self, unit: str) -> Person:
        return self.person(unit, "unit_head", "韩思远")

    def enter(self, unit: str, title: str, kind: str = "community", **changed: Any) -> str:
        """Enter a complete story of a unit and return the work's id."""
        told = {
            "title": title,
            "entrant": f"{title}学习小组",
            "organisation_type": kind,
            "performers": ["罗桂枝"],
            "producer": "江畔工作室",
            "story": f"夜校的灯一直亮着。这里讲的是{title}。",
        }
        fields = {name: value for name, value in (told | changed).items() if value is not None}
        return str(self.liaison(unit).post("/works", {"campaign_id": CAMPAIGN, "fields": fields})["work_id"])

    def submitted(self, unit: str, title: str, kind: str = "community") -> str:
        """Enter a story in time and submit it in the submission's window, where the clock then stands."""
        self.at(ENTERING)
        work = self.enter(unit, title, kind)
        self.at(SUBMITTING)
        self.liaison(unit).post(f"/works/{work}/submission")
        return work

    def fill(self, unit: str, kinds: dict[str, int]) -> list[str]:
        """Submit and list so many works of each type of organisation."""
        made = [self.submitted(unit, f"{unit}{kind}{n}", kind) for kind, count in kinds.items() for n in range(count)]
        for work in made:
            self.liaison(unit).post(f"/works/{work}/listing")
        return made

    def list_path(self, unit: str) -> str:
        """Return the address of a unit's recommendation list."""
        (line,) = self.liaison(unit).get("/lists", campaign_id=CAMPAIGN)["lists"]
        return f"/lists/{line['list_id']}"

    def lock(self, unit: str) -> Any:
        """Lock a unit's list as two persons."""
        path = self.list_path(unit)
        self.liaison(unit).post(f"{path}/lock")
        return self.unit_head(unit).post(f"{path}/lock/confirmation")

    def report(self, unit: str, work: str) -> Any:
        """Wait for the newest file's report and return the file."""

        def judged(told: Any) -> bool:
            return bool(told["files"]) and told["files"][-1]["check"] == "judged"

        return self.liaison(unit).until(f"/works/{work}", judged)["files"][-1]

    def tick(self, unit: str, work: str, file: Any) -> Any:
        """Answer every question of a report as a person would."""
        asked = [found for found in file["findings"] if found["severity"] == "ask"]
        for found in asked:
            path = f"/works/{work}/files/{file['file_id']}/ticks"
            self.liaison(unit).post(path, {"finding": found["key"], "note": "已看画面"})
        return asked


def refusal(act: Callable[..., Any], *given: Any, **named: Any) -> Refused:
    """Return how the platform refuses an act."""
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    return caught.value
