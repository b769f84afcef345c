"""A unit's people at work on a platform that may be killed: every act is retried as a client would, with its own key."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import invariants  # noqa: E402 - its folder was added above

from demo.client import Person, Refused  # noqa: E402 - its folder was added above
from demo.clips import Clip, make  # noqa: E402 - its folder was added above
from demo.platform import Platform  # noqa: E402 - its folder was added above

CHEAP = {"LAUREL_ARGON2_MEMORY_KIB": "8192", "LAUREL_ARGON2_TIME_COST": "1", "LAUREL_MEDIA_PROCESSES": "1"}
__all__ = ["Life", "Person", "Prepared", "Refused", "invariants", "prepare"]
T = TypeVar("T")


@dataclass(frozen=True)
class Prepared:
    """A stopped platform's home, the tokens of its people (`office`: the organiser's head) and a film to upload."""

    home: Path
    campaign_id: str
    liaison: str
    head: str
    clerk: str
    office: str
    clip: Path


def prepare(folder: Path, unit: str = "") -> Prepared:
    """Set a platform up to the day on which lists are recommended."""
    platform = Platform(folder / "home", environment=CHEAP).start()
    try:
        anyone = Person.at(platform.address)
        assert platform.code is not None
        head = anyone.register(platform.code, "陆砚秋", "10000001001", "lu@example.com")
        clerk = anyone.register(
            head.post("/invitations", {"role": "clerk"})["code"], "周见微", "10000001002", "zhou@example.com"
        )
        campaign_id = _publish(head, clerk)
        codes = clerk.get("/invitations", campaign_id=campaign_id)["invitations"]
        unit = unit or next(row["unit_id"] for row in codes if row["unit_id"] in _members())
        code = {row["role"]: row["code"] for row in codes if row["unit_id"] == unit}
        liaison = anyone.register(code["liaison"], "沈禾", "10000002001", "shen@example.com")
        boss = anyone.register(code["unit_head"], "韩思远", "10000002002", "han@example.com")
    finally:
        platform.stop()
    (folder / "clips").mkdir()
    clip = make(Clip("渡口夜校", "江州"), folder / "clips" / "film.mp4", scratch=folder / "clips")
    return Prepared(platform.home, campaign_id, liaison.token, boss.token, clerk.token, head.token, clip)


def _members() -> set[str]:
    import yaml

    units = yaml.safe_load((ROOT / "campaigns/units/jiangzhou.yaml").read_text())["units"]
    return {unit["id"] for unit in units if unit["type"] == "member"}


def _publish(head: Person, clerk: Person) -> str:
    texts = {"campaign": "s0-rehearsal.yaml", "units": "units/jiangzhou.yaml", "extends": "s0-shanghai-2024-stories.yaml"}
    clerk.put("/clock", {"stopped_at": "2024-07-02T09:00:00+08:00"})
    made = clerk.post("/campaigns", {name: (ROOT / "campaigns" / path).read_text() for name, path in texts.items()})
    campaign_id = str(made["campaign_id"])
    for reading in made["readings"]:
        clerk.put(f"/campaigns/{campaign_id}/readings/{reading['id']}", {"option": reading["default"]})
    clerk.post(f"/campaigns/{campaign_id}/publication")
    head.post(f"/campaigns/{campaign_id}/publication/confirmation")
    clerk.put("/clock", {"stopped_at": "2024-09-10T09:00:00+08:00"})
    return campaign_id


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Life:
    """One platform over its restarts, and what its clients were answered."""

    home: Path
    prepared: Prepared
    port: int = field(default_factory=free_port)
    receipts: list[str] = field(default_factory=list)
    works: list[str] = field(default_factory=list)
    deaths: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def start(self, fault: str = "") -> Life:
        self.platform = Platform(self.home, port=self.port, environment=CHEAP | ({"LAUREL_FAULT": fault} if fault else {}))
        try:
            self.platform.start(seconds=90)
        except RuntimeError:
            self.restart()
        http = Person.at(f"http://127.0.0.1:{self.port}").http
        self.liaison, self.head = Person(http, self.prepared.liaison), Person(http, self.prepared.head)
        self.clerk, self.office = Person(http, self.prepared.clerk), Person(http, self.prepared.office)
        return self

    def restart(self) -> None:
        """Take it for dead by SIGKILL, as a fault or `kill` left it, and start it again without one."""
        assert self.platform.process is not None
        assert self.platform.process.wait(20) == -signal.SIGKILL, "the platform ended, but not by its fault point"
        self.deaths += 1
        self.start()

    def kill(self) -> None:
        """Kill it now, whatever it does, and start it again."""
        with self.guard:
            self.platform.kill()
            self.restart()

    def again(self, act: Callable[[], T]) -> T:
        """Do it, and once more after each death."""
        while True:
            try:
                return act()
            except httpx.TransportError:
                with self.guard:
                    if self.platform.process is not None and self.platform.process.poll() is not None:
                        self.restart()
                time.sleep(0.05)  # its socket may be gone before it is

    def keyed(self, who: str, path: str, key: str, body: Any = None) -> Any:
        """Post with an Idempotency-Key until answered."""
        return self.again(lambda: getattr(self, who).post(path, body, headers={"Idempotency-Key": key}))

    def enter(self, title: str) -> str:
        fields = {"title": title, "entrant": "江州市夜校", "organisation_type": "agency", "performers": ["罗桂枝"]}
        fields |= {"producer": "江州市融媒体工作室", "story": f"渡口的灯一直亮着，{title}"}
        body = {"campaign_id": self.prepared.campaign_id, "fields": fields}
        work_id = str(self.keyed("liaison", "/works", f"enter-{title.encode().hex()}", body)["work_id"])
        self.works.append(work_id)
        return work_id

    def move_to(self, instant: str) -> None:
        self.again(lambda: self.clerk.put("/clock", {"stopped_at": instant}))

    def upload(self, work_id: str) -> None:
        address = self.again(lambda: self.liaison.begin_upload(self.prepared.clip, work_id))
        self.again(lambda: self.liaison.send(address, self.prepared.clip))

    def submit(self, work_id: str) -> None:
        self.receipts.append(self.keyed("liaison", f"/works/{work_id}/submission", f"submit-{work_id}")["receipt_number"])

    def list_it(self, work_id: str) -> str:
        return str(self.keyed("liaison", f"/works/{work_id}/listing", f"list-{work_id}")["list_id"])

    def lock(self, list_id: str) -> None:
        self.keyed("liaison", f"/lists/{list_id}/lock", f"ask-{list_id}")
        locked = self.keyed("head", f"/lists/{list_id}/lock/confirmation", f"lock-{list_id}")
        self.receipts.append(locked["receipt_number"])

    def whole(self) -> None:
        """One work from its draft to a locked list."""
        work_id = self.enter("夜班后的课堂")
        self.move_to("2024-09-23T00:00:00+08:00")
        self.upload(work_id)
        self.submit(work_id)
        self.lock(self.list_it(work_id))

    def reviewed(self) -> None:
        """Two works from their drafts to a published result: four experts, a recusal, a changed ballot, a late one."""
        works = [self.enter(title) for title in ("夜班后的课堂", "渡口的灯")]
        self.move_to("2024-09-23T00:00:00+08:00")
        for work_id in works:
            self.upload(work_id)
            self.submit(work_id)
        (list_id,) = {self.list_it(work_id) for work_id in works}
        for work_id in works:
            self._look_at(work_id)
        self.lock(list_id)
        self.move_to("2024-10-01T09:00:00+08:00")
        self.clerk.post(f"/lists/{list_id}/acceptance")
        path, experts = self._opened_round()
        self._vote(path, experts)
        self.office.post(f"{path}/confirm")
        self.clerk.post(f"{path}/publish")

    def _look_at(self, work_id: str) -> None:
        told = self.liaison.until(f"/works/{work_id}", lambda told: told["files"][-1]["check"] == "judged")["files"][-1]
        for found in (found for found in told["findings"] if found["severity"] == "ask"):
            self.liaison.post(f"/works/{work_id}/files/{told['file_id']}/ticks", {"finding": found["key"]})

    def _opened_round(self) -> tuple[str, list[Person]]:
        campaign = {"campaign_id": self.prepared.campaign_id}
        codes = [self.clerk.post("/invitations", {"role": "expert", **campaign})["code"] for _ in range(4)]
        experts = [
            self.clerk.other().register(code, "宋怀远", f"1000000300{n}", f"e{n}@example.com") for n, code in enumerate(codes)
        ]
        self.clerk.until("/experts", lambda told: len(told["experts"]) == len(experts), **campaign)
        self.idle()
        path = f"/rounds/{self.clerk.post('/rounds', {**campaign, 'round': 'second-round'})['round_id']}"
        proposed = self.clerk.put(f"{path}/rubric")["rubric"]
        proposed["slate"] = [{"outcome": "selected", "label": "优秀作品", "through": 1}]
        self.clerk.put(f"{path}/rubric", {"rubric": proposed})
        self.clerk.post(f"{path}/open", {"expert_ids": [str(expert.account["account_id"]) for expert in experts]})
        return path, experts

    def _vote(self, path: str, experts: list[Person]) -> None:
        first = next(expert for expert in experts if expert.get("/ballots")["ballots"])
        mine = first.get("/ballots")["ballots"][0]["ballot_id"]
        self._cast(first, mine, 1)
        first.post(f"/ballots/{mine}/recuse", {"reason": "亲属参演"})
        cast = [(expert, paper) for expert in experts for paper in expert.get("/ballots")["ballots"] if paper["open"]]
        for points, (expert, paper) in enumerate(cast, 10):
            self._cast(expert, paper["ballot_id"], points)
        last, changed = cast[0][0], cast[0][1]["ballot_id"]
        self._cast(last, changed, 25)
        self.clerk.post(f"{path}/close")
        self.clerk.until(path, lambda told: told["state"] == "decided")
        assert not self._cast(last, changed, 1)["counted"]

    @staticmethod
    def _cast(expert: Person, ballot_id: str, points: int) -> Any:
        scores = dict.fromkeys(("truth", "theme", "innovation", "expression"), str(points))
        return expert.post(f"/ballots/{ballot_id}/submit", {"scores": scores})

    def idle(self, *, seconds: float = 60) -> None:
        """Wait until nothing goes on."""
        end = time.monotonic() + seconds
        while waits := invariants.unfinished(self.home):
            assert self.platform.process is not None
            if self.platform.process.poll() is not None:
                self.restart()
            assert time.monotonic() < end, waits[:10]
            time.sleep(0.2)

    def check(self) -> None:
        assert invariants.check(self.home, receipts=self.receipts, works=self.works) == []

    def stop(self) -> None:
        self.platform.stop()
