"""The platform in this process, served over real HTTP, with a campaign that was published through it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from services.intake.actions.invitations import first_organiser_code
from services.kernel.contracts.envelope import Event
from services.kernel.settings import Settings
from services.runtime import Platform

ROOT = Path(__file__).parents[2]
S0 = "s0-shanghai-2024-stories"
PASSWORD = "correct horse 电池"  # noqa: S105 - everybody in the tests has it
TYPES = {"机关": "agency", "企事业单位": "enterprise", "社区": "community", "家庭": "family"}


def settings(home: Path, *, rehearsal: bool = True, **more: Any) -> Settings:
    cheap = {"argon2_memory_kib": 8192, "argon2_time_cost": 1, "argon2_parallelism": 1}
    return Settings(home=home, port=0, rehearsal=rehearsal, **cheap, **more)


@dataclass
class Person:
    """Somebody who is signed in."""

    world: World
    token: str
    account: dict[str, Any] = field(default_factory=dict)
    message: str = ""

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = {"json": body} if body is not None else {}
        return self.world.client.request(method, path, headers=sent, **content)

    def get(self, path: str) -> Any:
        return told(self.ask("GET", path), 200)

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.ask("POST", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.ask("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, revision: int) -> httpx.Response:
        return self.ask("PATCH", path, body, If_Match=f'"{revision}"')

    def delete(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("DELETE", path, **headers)


class World:
    """One running platform on a home of its own."""

    def __init__(self, home: Path, *, rehearsal: bool = True, **more: Any) -> None:
        self.home = home
        self.platform = Platform(settings(home, rehearsal=rehearsal, **more))
        self.people: dict[str, Person] = {}

    def start(self) -> World:
        self.platform.start()
        listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(self.platform.app(), log_config=None, access_log=False, lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        self.client = httpx.Client(base_url=address, timeout=60)
        self.client.event_hooks = {"response": [lambda _answer: self.client.cookies.clear()]}  # several people share it
        self.until(lambda: self._server.started)
        return self

    def stop(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)
        self.platform.stop()

    @property
    def context(self) -> Any:
        return self.platform.services["intake"].context

    def until(self, condition: Any, seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "it did not come true in time"
            time.sleep(0.02)
        return found

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        found = self.context.database.look(lambda rows: rows.exec_driver_sql(query, values).mappings().all())
        return [dict(row) for row in found]

    def events(self, kind: str) -> list[dict[str, Any]]:
        found = self.rows("SELECT data, personal FROM outbox WHERE type = ? ORDER BY id", f"laurel.{kind}.v1")
        return [
            json.loads(row["data"]) | {"personal": json.loads(row["personal"]) if row["personal"] else None} for row in found
        ]

    def say(self, service: str, event: Event) -> None:
        """Let another service write an event, and wait until everybody has heard it."""
        self.platform.services[service].database.call(lambda transaction: transaction.emit(event))
        self.settle()

    def settle(self) -> None:
        self.until(lambda: all(running.consumer.idle() for running in self.platform.services.values()))

    def redeem(self, code: str, name: str, number: int) -> Person:
        body = {
            "code": code,
            "name": name,
            "mobile": f"100{number:08d}",
            "email": f"p{number}@jiangzhou.example",
            "password": PASSWORD,
        }
        answer = told(self.client.post("/accounts", json=body), 201)
        return Person(self, answer["token"], answer["account"], answer["message"])

    def open_office(self) -> None:
        code = first_organiser_code(self.context)
        assert code is not None
        head = self.people["陆砚秋"] = self.redeem(code, "陆砚秋", 901)
        letter = told(head.post("/invitations", {"role": "clerk"}), 201)
        self.people["周见微"] = self.redeem(letter["code"], "周见微", 902)

    def clock(self, stopped_at: str) -> None:
        """Let the campaign clock stand at an instant of Beijing time, such as `2024-09-30 23:59:59.999`."""
        told(self.clerk.put("/clock", {"stopped_at": f"{stopped_at.replace(' ', 'T')}+08:00"}), 200)

    def runs_from(self, at: str) -> None:
        told(self.clerk.put("/clock", {"runs_from": f"{at.replace(' ', 'T')}+08:00"}), 200)

    @property
    def clerk(self) -> Person:
        return self.people["周见微"]

    @property
    def head(self) -> Person:
        return self.people["陆砚秋"]

    def publish(self, name: str = S0) -> str:
        """Publish one of the campaigns, as clerk and head, and return the sentence."""
        body = files_of(name)
        draft = told(self.clerk.post("/campaigns", body), 201)
        for reading in draft["readings"]:
            confirm(self.clerk, draft["campaign_id"], reading)
        told(self.clerk.post(f"/campaigns/{draft['campaign_id']}/publication"), 200)
        done = told(self.head.post(f"/campaigns/{draft['campaign_id']}/publication/confirmation"), 200)
        return str(done["message"])

    def letters(self, campaign_id: str = S0) -> dict[tuple[str, str], str]:
        """Return the codes of unused letters by unit and role."""
        found = self.clerk.get(f"/invitations?campaign_id={campaign_id}")["invitations"]
        return {(each["unit_id"], each["role"]): each["code"] for each in found if each["code"]}

    def register(self, unit: str, liaison: str, head: str, number: int, campaign_id: str = S0) -> None:
        codes = self.letters(campaign_id)
        self.people[liaison] = self.redeem(codes[unit, "liaison"], liaison, number)
        self.people[head] = self.redeem(codes[unit, "unit_head"], head, number + 1)


def told(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    return answer.json() if answer.content and "json" in answer.headers["content-type"] else answer.content


def refused(answer: httpx.Response, status: int) -> str:
    """Return the sentence of a refusal."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["message"])


def files_of(name: str) -> dict[str, str]:
    folder = ROOT / "campaigns"
    body = {
        "campaign": (folder / f"{name}.yaml").read_text(encoding="utf-8"),
        "campaign_name": f"{name}.yaml",
        "units": (folder / "units" / "jiangzhou.yaml").read_text(encoding="utf-8"),
        "units_name": "jiangzhou.yaml",
    }
    if name == "s0-rehearsal":
        body["extends"] = (folder / f"{S0}.yaml").read_text(encoding="utf-8")
    return body


def confirm(who: Person, campaign_id: str, reading: dict[str, Any], option: str | None = None) -> Any:
    path = f"/campaigns/{campaign_id}/readings/{reading['id']}"
    return told(who.put(path, {"option": option or reading["chosen"]}), 200)


# --- works ----------------------------------------------------------------------------------------------------------


def fields(title: str, kind: str = "社区", **more: Any) -> dict[str, Any]:
    base = {"title": title, "entrant": "桂花里社区", "organisation_type": TYPES[kind], "performers": ["林见川"]}
    return {**base, "producer": "江州融媒工作室", **more}


def enter(who: Person, title: str, kind: str = "社区", campaign_id: str = S0, **more: Any) -> dict[str, Any]:
    body = {"campaign_id": campaign_id, "fields": fields(title, kind, **more)}
    return told(who.post("/works", body), 201)


def begin_upload(who: Person, work_id: str, length: int = 1000, slot: str = "video", name: str = "成片.mp4") -> httpx.Response:
    pairs = {"work": work_id, "slot": slot, "filename": name}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())
    return who.ask("POST", "/uploads", None, Tus_Resumable="1.0.0", Upload_Length=str(length), Upload_Metadata=metadata)


def send(world: World, location: str, content: bytes) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    told(world.client.patch(location, content=content, headers=headers), 204)


def upload(who: Person, work_id: str, content: bytes, **named: str) -> str:
    """Upload a whole file and return its id."""
    begun = begin_upload(who, work_id, len(content), **named)
    assert begun.status_code == 201, begun.text
    send(who.world, begun.headers["Location"], content)
    return begun.headers["Location"].partition("?")[0].rsplit("/", 1)[-1]


def submit(who: Person, work: dict[str, Any]) -> dict[str, Any]:
    return told(who.post(f"/works/{work['work_id']}/submission"), 200)


def put_on_list(who: Person, *works: dict[str, Any]) -> dict[str, Any]:
    """Begin the upload of each, submit it, list it; return the list."""
    for work in works:
        assert begin_upload(who, work["work_id"]).status_code == 201
        submit(who, work)
        told(who.post(f"/works/{work['work_id']}/listing"), 200)
    return own_list(who, works[0]["campaign_id"])


def lock(liaison: Person, head: Person, row: dict[str, Any]) -> dict[str, Any]:
    """Let the liaison submit the list and the head confirm it."""
    told(liaison.post(f"/lists/{row['list_id']}/lock"), 200)
    return told(head.post(f"/lists/{row['list_id']}/lock/confirmation"), 200)


def own_list(who: Person, campaign_id: str = S0) -> dict[str, Any]:
    (line,) = who.get(f"/lists?campaign_id={campaign_id}")["lists"]
    return who.get(f"/lists/{line['list_id']}")


# --- homes ----------------------------------------------------------------------------------------------------------


@contextmanager
def running(home: Path, **more: Any) -> Iterator[World]:
    world = World(home, **more).start()
    try:
        yield world
    finally:
        world.stop()


@contextmanager
def copied(home: Path, people: dict[str, tuple[str, dict[str, Any]]], target: Path, **more: Any) -> Iterator[World]:
    """Run a platform on a copy of a home, everybody still signed in."""
    shutil.copytree(home, target)
    with running(target, **more) as world:
        world.people = {name: Person(world, token, account) for name, (token, account) in people.items()}
        yield world
