"""Blind means blind: two worlds that differ only in who gave which score look alike to everybody.

Chance is made equal in both, so that whatever still differs comes from the scores. Hashes are masked, the openings of
the record compared as a set with pseudonyms and nonces masked; every other byte, every order and every ETag is equal.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from review_world import CAMPAIGN, CLERK, HEAD, LIAISON, World, expert, scored, world_in

from services.kernel.auth import Principal
from services.kernel.contracts.events import AssetRendered
from services.review.actions import ballots, rounds, seats
from services.review.actions import results as result_acts

EXPERTS, WORKS = 4, 4
SWAPPED = (0, 1)
SLATE = [{"outcome": "finalist", "label": "入围决赛", "through": 1}, {"outcome": "selected", "label": "优秀作品", "through": 2}]
HASH = re.compile(r"\b[0-9a-f]{64}\b")
VOLATILE = re.compile(r"urn:laurel:trace:[0-9a-f]+|kid=[0-9a-f]+|exp=\d+|sig=[\w-]+")
Seen = list[tuple[str, int, str, str]]


class EqualChance:
    """The same bytes and ids in the same order in both worlds."""

    def __init__(self) -> None:
        self.drawn = 0

    def token_bytes(self, count: int) -> bytes:
        self.drawn += 1
        return hashlib.sha256(str(self.drawn).encode()).digest()[:count]

    def new_id(self) -> str:
        return "id-" + self.token_bytes(8).hex()


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> Iterator[EqualChance]:
    equal = EqualChance()
    for module in (rounds, seats, ballots):
        monkeypatch.setattr(module, "secrets", equal)
    for module in (rounds, result_acts):
        monkeypatch.setattr(module, "new_id", equal.new_id)
    monkeypatch.setattr(seats, "uuid4", equal.new_id)
    return equal


def masked(text: str) -> str:
    return VOLATILE.sub("-", HASH.sub("#", text))


def look(world: World, seen: Seen, who: Principal | None, path: str) -> None:
    answer = world.ask(who, "GET", path)
    seen.append((path, answer.status_code, answer.headers.get("etag", ""), masked(answer.text)))


def look_around(world: World, seen: Seen, round_id: str, theirs: list[str]) -> None:
    """Everything that anybody but the two experts can ask for."""
    for who in (None, LIAISON, expert(2), expert(3), CLERK, HEAD):
        for path in ("/rounds", f"/rounds/{round_id}", f"/rounds/{round_id}/tally", "/ballots", "/results", "/experts"):
            look(world, seen, who, path + ("?campaign_id=" + CAMPAIGN.id if path == "/experts" else ""))
        for ballot_id in theirs:
            look(world, seen, who, f"/ballots/{ballot_id}")
    for number in (2, 3):
        for ballot in world.ballots_of(number):
            look(world, seen, expert(number), f"/ballots/{ballot['ballot_id']}")
    look(world, seen, CLERK, f"/rounds/{round_id}/recusals")
    counts = [line for line in world.http_metrics() if "outstanding" in line]
    seen.append(("metrics", 200, "", "\n".join(counts)))


def scores(number: int, title: str) -> dict[str, str]:
    """Every expert gives other scores, so that a score names its expert."""
    return scored((5 + number, 6 + int(title[-1]), 10 + number, 11))


def play(home: Path, *, swap: bool) -> tuple[Seen, list[str], list[dict[str, Any]]]:
    """Review a round; return what was seen, the events, and the exported record."""
    seen: Seen = []
    with world_in(home) as world:
        world.stop_clock(datetime(2024, 10, 17, 9, 30, tzinfo=UTC))
        world.invite_experts(EXPERTS)
        world.accept_works(WORKS)
        world.emit(
            *(
                AssetRendered(
                    asset_id=f"asset-{n:03}", work_id=f"work-{n:03}", campaign_id=CAMPAIGN.id, sha256="ab" * 32, preview_key="p"
                )
                for n in range(WORKS)
            )
        )
        round_id = world.open(EXPERTS, slate=SLATE)
        theirs = [ballot["ballot_id"] for number in SWAPPED for ballot in world.ballots_of(number)]
        both = Counter(ballot["title"] for number in SWAPPED for ballot in world.ballots_of(number))
        for number in range(EXPERTS):
            for ballot in world.ballots_of(number):
                cast_by = number
                if swap and number in SWAPPED and both[ballot["title"]] == len(SWAPPED):
                    cast_by = 1 - number
                body = {"scores": scores(cast_by, ballot["title"])}
                world.did(expert(number), "PUT", f"/ballots/{ballot['ballot_id']}/draft", body)
                world.did(expert(number), "POST", f"/ballots/{ballot['ballot_id']}/submit", body)
                look_around(world, seen, round_id, theirs[:2])
        look(world, seen, CLERK, f"/rounds/{round_id}/record")
        world.close(round_id)
        look_around(world, seen, round_id, theirs)
        world.did(HEAD, "POST", f"/rounds/{round_id}/confirm")
        result_id = world.did(CLERK, "POST", f"/rounds/{round_id}/publish", {"level": "city"})["result_id"]
        look(world, seen, None, f"/results/{result_id}")
        look_around(world, seen, round_id, theirs)
        record = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
        return seen, outbox(world), [json.loads(line) for line in record.splitlines()]


def outbox(world: World) -> list[str]:
    rows = world.rows("SELECT type, subject, sequence, data, personal FROM outbox ORDER BY id")
    return [masked(" ".join(str(part) for part in row)) for row in rows]


def opened(lines: list[dict[str, Any]]) -> Counter[str]:
    """The openings as a set: whole lines, with hash, nonce and pseudonym masked."""
    told = [{**line, "nonce": "*", "ballot": {**line["ballot"], "pseudonym": "*"}} for line in lines if "opens" in line]
    return Counter(masked(json.dumps(line, sort_keys=True)) for line in told)


def test_swapping_who_gave_which_score_changes_nothing_that_anybody_sees(tmp_path: Path, chance: EqualChance) -> None:
    one, one_events, one_record = play(tmp_path / "one", swap=False)
    drawn, chance.drawn = chance.drawn, 0
    other, other_events, other_record = play(tmp_path / "other", swap=True)
    assert chance.drawn == drawn
    assert [line for line in one_record if "opens" in line] != [line for line in other_record if "opens" in line]
    assert len(one) == len(other) > 400
    for left, right in zip(one, other, strict=True):
        assert left == right
    assert one_events == other_events
    assert opened(one_record) == opened(other_record)
    for left, right in zip(one_record, other_record, strict=True):
        if "kind" in left:
            assert masked(json.dumps(left)) == masked(json.dumps(right))


def test_nothing_in_the_record_follows_the_order_in_which_ballots_came(tmp_path: Path, chance: EqualChance) -> None:
    _, _, record = play(tmp_path, swap=False)
    opens = [line["opens"] for line in record if "opens" in line]
    committed = [line["payload"]["commitment"] for line in record if line.get("kind") == "ballot.committed"]
    assert opens == sorted(opens)
    assert committed == sorted(committed)
    assert len({line["at"] for line in record if line.get("kind") == "ballot.committed"}) == 1
    assert chance.drawn


def test_ids_that_others_may_meet_carry_no_time(tmp_path: Path) -> None:
    with world_in(tmp_path) as world:
        world.invite_experts(3)
        world.accept_works(3)
        world.open(3, slate=SLATE[1:])
        ids = [row[0] for row in world.rows("SELECT seat_id FROM seat ORDER BY rowid")]
    versions = {one[14] for one in ids}
    assert versions == {"4"}
    assert ids != sorted(ids)
