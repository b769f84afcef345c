"""The review in a running platform, fed by the events that intake and media would write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from waiting import until

from services.campaigns.files import read_campaign, read_units
from services.campaigns.models.campaign import Campaign
from services.campaigns.normal import campaign_hash
from services.intake.main import INTAKE
from services.kernel.auth import Limits, Principal, Role, mint
from services.kernel.contracts.envelope import Event
from services.kernel.contracts.events import (
    AccountOpened,
    AssetRef,
    CampaignPublished,
    ClockChanged,
    Compared,
    Contact,
    UnitRef,
    WorkAccepted,
    WorkContent,
)
from services.kernel.ports import Transaction
from services.kernel.settings import Settings
from services.review.main import REVIEW
from services.runtime import Platform

ROOT = Path(__file__).parents[2]
CAMPAIGN = read_campaign(ROOT / "campaigns" / "s0-rehearsal.yaml")
UNITS = read_units(ROOT / "campaigns" / "units" / "jiangzhou.yaml", CAMPAIGN).units
CLERK = Principal("clerk", "s-clerk", Role.CLERK)
HEAD = Principal("head", "s-head", Role.HEAD)
LIAISON = Principal("liaison", "s-liaison", Role.LIAISON, unit_id=UNITS[0].id)
OPENED = datetime(2024, 10, 1, 1, tzinfo=UTC)
NAMES = ["林见川", "许闻溪", "沈知白", "陆怀瑾", "顾南枝", "韩语冰", "叶听澜", "江晚舟", "苏长庚"]


def expert(number: int) -> Principal:
    return Principal(f"expert-{number}", f"s-expert-{number}", Role.EXPERT)


class Streaming(httpx.AsyncBaseTransport):
    """Hands a request to the app once its headers are there, its body as it comes; `reached` tells that the app waits."""

    def __init__(self, app: Any, reached: asyncio.Event) -> None:
        self.app, self.reached = app, reached

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        chunks = request.stream.__aiter__()  # type: ignore[union-attr]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            self.reached.set()
            async for chunk in chunks:
                return {"type": "http.request", "body": chunk, "more_body": True}
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw if name.lower() != b"content-length"],
            "server": ("laurel.test", 80),
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        await self.app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], content=body)


class World:
    """One platform with its review, and everybody's requests."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.platform = Platform(Settings(home=home, **settings), definitions=(INTAKE, REVIEW))
        self.platform.start()
        self.context = self.platform.services["review"].context
        self.app = self.platform.app()
        self.loop = asyncio.new_event_loop()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://laurel.test")
        self.reached = asyncio.Event()
        self.slow = httpx.AsyncClient(transport=Streaming(self.app, self.reached), base_url="http://laurel.test")
        self.clock_revision = 0

    def stop(self) -> None:
        for client in (self.http, self.slow):
            self.loop.run_until_complete(client.aclose())
        self.loop.close()
        self.platform.stop()

    def token(self, who: Principal) -> str:
        now = datetime.now(UTC)
        return mint(self.context.keys, who, begun_at=now, now=now, limits=Limits())

    def ask(self, who: Principal | None, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        if who is not None:
            headers["Authorization"] = f"Bearer {self.token(who)}"
        content = None if body is None else json.dumps(body)
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self.loop.run_until_complete(self.http.request(method, path, content=content, headers=headers))

    def begin(self, who: Principal, path: str, body: Any) -> Callable[[], dict[str, Any]]:
        """Send a POST's headers and keep its body back; what is returned sends the body and reads the answer."""
        released = asyncio.Event()

        async def content() -> AsyncIterator[bytes]:
            await released.wait()
            yield json.dumps(body).encode()

        headers = {"Authorization": f"Bearer {self.token(who)}", "Content-Type": "application/json"}

        async def send() -> httpx.Response:
            return await self.slow.request("POST", path, content=content(), headers=headers)

        task = self.loop.create_task(send())
        self.loop.run_until_complete(self.reached.wait())
        self.reached.clear()

        def release() -> dict[str, Any]:
            released.set()
            answer: dict[str, Any] = self.loop.run_until_complete(task).json()
            return answer

        return release

    def http_metrics(self) -> list[str]:
        return self.loop.run_until_complete(self.http.get("/metrics")).text.splitlines()

    def got(self, who: Principal | None, path: str) -> Any:
        answer = self.ask(who, "GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def did(self, who: Principal | None, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.ask(who, method, path, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def emit(self, *events: Event) -> None:
        def piece(transaction: Transaction) -> None:
            for event in events:
                transaction.emit(event)

        self.platform.services["intake"].database.call(piece)
        self.settle()

    def settle(self, seconds: float = 60) -> None:
        until(self.consumed, seconds)

    def consumed(self) -> bool:
        return all(running.consumer.idle() for running in self.platform.services.values())

    def stop_clock(self, at: datetime | None, offset_us: int = 0) -> None:
        self.clock_revision += 1
        self.emit(ClockChanged(revision=self.clock_revision, offset_us=offset_us, stopped_at=at))

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        found = self.context.database.look(lambda rows: rows.exec_driver_sql(query, parameters).fetchall())
        return [tuple(row) for row in found]

    def events(self, fact: str) -> list[dict[str, Any]]:
        query = "SELECT data, personal FROM outbox WHERE type = ? ORDER BY id"
        return [json.loads(data) for data, _ in self.rows(query, f"laurel.{fact}.v1")]

    # --- what happened before the review

    def publish_campaign(self, campaign: Campaign = CAMPAIGN, version: int = 1) -> None:
        units = tuple(UnitRef(unit_id=u.id, name=u.name, unit_type=u.type, region_code=u.region_code) for u in UNITS)
        self.emit(
            CampaignPublished(
                campaign_id=campaign.id,
                version=version,
                campaign_hash=campaign_hash(campaign),
                title=campaign.title,
                host="江州市学习型社会建设与终身教育促进委员会办公室",
                rehearsal=True,
                published_at=OPENED,
                normalised=campaign.model_dump(mode="json"),
                units=units,
            )
        )

    def invite_experts(self, count: int, unit_of: Callable[[int], str | None] = lambda _number: None) -> None:
        self.emit(
            *(
                AccountOpened(
                    account_id=f"expert-{n}",
                    role="expert",
                    unit_id=unit_of(n),
                    campaign_id=CAMPAIGN.id,
                    invitation_id=None,
                    personal=Contact(name=NAMES[n % len(NAMES)]),
                )
                for n in range(count)
            )
        )

    def accept_works(self, count: int) -> None:
        self.emit(*(accepted(n) for n in range(count)))

    # --- the review

    def declare(self, **rubric: Any) -> str:
        body = {"campaign_id": CAMPAIGN.id, "round": CAMPAIGN.rounds[0].id}
        round_id: str = self.did(CLERK, "POST", "/rounds", body)["round_id"]
        proposed = self.did(CLERK, "PUT", f"/rounds/{round_id}/rubric", {})["rubric"]
        if rubric:
            self.did(CLERK, "PUT", f"/rounds/{round_id}/rubric", {"rubric": {**proposed, **rubric}})
        return round_id

    def open(self, experts: int, **rubric: Any) -> str:
        round_id = self.declare(**rubric)
        self.did(CLERK, "POST", f"/rounds/{round_id}/open", {"expert_ids": [f"expert-{n}" for n in range(experts)]})
        return round_id

    def ballots_of(self, number: int) -> list[dict[str, Any]]:
        ballots: list[dict[str, Any]] = self.got(expert(number), "/ballots")["ballots"]
        return [ballot for ballot in ballots if ballot["state"] != "recused"]

    def vote(self, number: int, scores_of: Callable[[int, str], Sequence[int]], *, only: Sequence[str] | None = None) -> None:
        for ballot in self.ballots_of(number):
            if only is None or ballot["title"] in only:
                scores = scored(scores_of(number, ballot["title"]))
                self.did(expert(number), "POST", f"/ballots/{ballot['ballot_id']}/submit", {"scores": scores})

    def close(self, round_id: str) -> None:
        self.did(CLERK, "POST", f"/rounds/{round_id}/close", {})
        self.wait_for(round_id, "tallied", "decided")

    def wait_for(self, round_id: str, *states: str) -> None:
        until(lambda: self.got(CLERK, f"/rounds/{round_id}")["state"] in states)


def scored(points: Sequence[int]) -> dict[str, str]:
    return {name: str(value) for name, value in zip(("truth", "theme", "innovation", "expression"), points, strict=True)}


def accepted(number: int, **changes: Any) -> WorkAccepted:
    unit = UNITS[number % len(UNITS)]
    work_id = f"work-{number:03}"
    asset = AssetRef(asset_id=f"asset-{number:03}", slot="video", sha256="ab" * 32, size_bytes=1, object_key=f"o/{number}")
    values: dict[str, Any] = {
        "work_id": work_id,
        "campaign_id": CAMPAIGN.id,
        "campaign_version": 1,
        "campaign_hash": campaign_hash(CAMPAIGN),
        "unit_id": unit.id,
        "unit_name": unit.name,
        "unit_type": unit.type,
        "region_code": unit.region_code,
        "track": CAMPAIGN.tracks[0].id,
        "title": f"故事{number:03}",
        "revision": 1,
        "compared_hash": "cd" * 32,
        "assets": (asset,),
        "personal": WorkContent(compared=Compared(person="罗桂枝"), story="夜里灯下读书。"),
    }
    return WorkAccepted(**{**values, **changes})


@contextmanager
def world_in(home: Path, **settings: Any) -> Iterator[World]:
    made = World(home, **settings)
    try:
        made.publish_campaign()
        yield made
    finally:
        made.stop()
