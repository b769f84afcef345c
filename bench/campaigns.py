"""What a campaign costs: reading a file, judging a work, deciding a lock. `python -m bench.campaigns`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from services.campaigns.evaluation.quotas import Listed, decide_lock
from services.campaigns.evaluation.works import judge_work
from services.campaigns.loader import load_campaign
from services.campaigns.normal import campaign_hash, canonical_json

FILE = Path(__file__).parents[1] / "campaigns" / "s0-shanghai-2024-stories.yaml"
ROUNDS = 5


def main() -> None:
    """Print each figure beside its bare reference, CPU time, best of five rounds."""
    source = FILE.read_bytes()
    campaign = load_campaign(source, FILE.name)
    exported = canonical_json(campaign)
    work = {
        "title": "灯下三代人",
        "entrant": "罗桂枝家庭",
        "organisation_type": "family",
        "performers": ["罗桂枝", "罗小满"],
        "producer": "云栈区融媒体中心",
        "story": "夜里灯下，三代人一起读书。" * 150,
    }
    text = json.dumps(work)
    works = [Listed("stories", {"organisation_type": each}) for each in ("agency", "enterprise", "community", "family") * 1]
    _row("read a campaign file", lambda: load_campaign(source, FILE.name), "compose its YAML", lambda: _compose(source), 5)
    _row("read an export", lambda: load_campaign(exported, "e.json"), "parse its JSON", lambda: json.loads(exported), 20)
    _row("hash a campaign", lambda: campaign_hash(campaign), "dump it by pydantic", campaign.model_dump_json, 50)
    _row(
        "judge a work", lambda: judge_work(campaign, "stories", "district", work, {"video": 1}),
        "parse its JSON", lambda: json.loads(text), 500,
    )  # fmt: skip
    _row(
        "decide a lock",
        lambda: decide_lock(campaign, "district", "云栈区", works),
        "parse its JSON",
        lambda: json.loads(text),
        500,
    )


def _compose(source: bytes) -> object:
    return YAML(typ="rt", pure=True).compose(source.decode())


def _row(figure: str, run: Callable[[], object], reference: str, bare: Callable[[], object], times: int) -> None:
    rounds = [(_cpu_us(run, times), _cpu_us(bare, times)) for _ in range(ROUNDS)]
    ours, theirs = min(pair[0] for pair in rounds), min(pair[1] for pair in rounds)
    print(f"{figure:24} {ours:12,.0f} µs   {reference:24} {theirs:12,.0f} µs   × {ours / theirs:.2f}")


def _cpu_us(run: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - began) / times * 1e6


if __name__ == "__main__":
    main()
