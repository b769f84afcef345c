"""From a published result to its hit in the public search, on a platform of all five services in this process.

The time runs from the commit of the result to the first public answer that holds the work. Target: at most 2 s. Beside it the
floor: the same question about a work that is there already.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from services.campaigns.files import read_campaign
from services.kernel import logs
from services.kernel.contracts.envelope import Event
from services.kernel.contracts.events import (
    CampaignPublished,
    Compared,
    ConsentRecorded,
    ReleaseDecided,
    ResultPublished,
    ResultWork,
    WorkContent,
    WorkSubmitted,
)
from services.kernel.settings import Settings
from services.runtime import Platform

CAMPAIGN = "jiangzhou-2025"
FILE = Path(__file__).parents[1] / "campaigns" / f"{CAMPAIGN}.yaml"
NOW = datetime(2025, 4, 1, tzinfo=UTC)
ROUNDS = 60
WHO: dict[str, Any] = {"unit_id": "yunzhan", "unit_name": "云栈区", "region_code": "990101", "track": "stories"}


def emit(platform: Platform, service: str, *events: Event) -> None:
    """Write events into a service's log."""
    database = platform.services[service].context.database
    database.call(lambda transaction: [transaction.emit(event) for event in events])


def campaign() -> CampaignPublished:
    """This year's campaign, as intake tells of it."""
    read = read_campaign(FILE)
    told = {"title": read.title, "host": "江州市", "rehearsal": True, "published_at": NOW, "units": ()}
    return CampaignPublished(
        campaign_id=CAMPAIGN, version=1, campaign_hash="h", normalised=read.model_dump(mode="json"), **told
    )


def submitted(work_id: str, title: str) -> WorkSubmitted:
    """A work whose story is long enough to be searched."""
    story = f"{title}：夜班下来，社区的灯还亮着，老邻居们围着一张旧桌子读书。" * 30
    return WorkSubmitted(
        work_id=work_id, campaign_id=CAMPAIGN, campaign_version=1, campaign_hash="h", unit_type="district", title=title,
        revision=1, compared_hash=sha256(title.encode()).hexdigest(), receipt_number=f"R-{work_id}", received_at=NOW,
        personal=WorkContent(compared=Compared(), story=story), **WHO,
    )  # fmt: skip


def result(work_id: str, title: str) -> ResultPublished:
    """The result that makes it public."""
    return ResultPublished(
        result_id=f"result-{work_id}", round_id="r", campaign_id=CAMPAIGN, campaign_title="江州市学习故事活动", level="city",
        year=2025, published_at=NOW, record_head="00", works=(ResultWork(work_id=work_id, title=title, outcome="优秀", **WHO),),
        personal={work_id: Compared()},
    )  # fmt: skip


def until(condition: Any) -> float:
    """Wait until it holds; return how long that took."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > 30:  # noqa: PLR2004 - longer than any answer may take
            raise SystemExit("it is not found")
        time.sleep(0.002)
    return time.perf_counter() - began


def main() -> None:
    """Publish one work after the other."""
    waits, floors = [], []
    logs.configure("error", sys.stderr)
    with tempfile.TemporaryDirectory() as home:
        platform = Platform(Settings(home=Path(home), rehearsal=True))
        platform.start()
        try:
            client = TestClient(platform.app(), base_url="http://127.0.0.1")
            emit(platform, "intake", campaign())
            for number in range(ROUNDS):
                work_id, title = f"w{number}", f"渡口夜校{number:03}号"
                consent = ConsentRecorded(work_id=work_id, campaign_id=CAMPAIGN, given=True)
                release = ReleaseDecided(work_id=work_id, campaign_id=CAMPAIGN, released=True)
                emit(platform, "intake", submitted(work_id, title), consent, release)
                until(platform.idle)

                def found(title: str = title) -> bool:
                    answer: dict[str, Any] = client.get("/stories", params={"q": title}).raise_for_status().json()
                    return bool(answer["total"])

                emit(platform, "review", result(work_id, title))
                waits.append(until(found))
                floors.append(until(found))
        finally:
            platform.stop()
    p50, floor = statistics.median(waits) * 1000, statistics.median(floors) * 1000
    print(f"result to search hit   p50 {p50:6.0f} ms   longest of {ROUNDS} {max(waits) * 1000:6.0f} ms   (target ≤ 2 s)")
    print(f"one public answer      p50 {floor:6.0f} ms")


if __name__ == "__main__":
    main()
