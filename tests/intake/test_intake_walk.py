"""Random walks of three people over works and a list, through the HTTP API: places are exact, and events tell all of it."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from world import World, begin_upload, enter, own_list

ON_LIST = {"listed", "locked", "returned", "accepted", "rejected"}
KINDS = ["机关", "企事业单位", "社区", "家庭"]


def steps(world: World, works: list[dict[str, Any]], row: dict[str, Any], rng: random.Random) -> int:
    """Take one random step; return the status of the answer."""
    liaison, head, path = world.people["沈禾"], world.people["韩思远"], f"/lists/{row['list_id']}"
    work = f"/works/{rng.choice(works)['work_id']}"
    acts = [
        lambda: liaison.post(f"{work}/submission"),
        lambda: liaison.post(f"{work}/listing"),
        lambda: liaison.post(f"{work}/listing"),
        lambda: liaison.post(f"{work}/listing"),
        lambda: liaison.delete(f"{work}/listing"),
        lambda: liaison.post(f"{work}/withdrawal") if rng.random() < 0.1 else liaison.post(f"{work}/submission"),
        lambda: liaison.patch(work, {"fields": {"title": f"故事{rng.randrange(1000)}"}}, liaison.get(work)["revision"]),
        lambda: liaison.post(f"{path}/lock"),
        lambda: head.post(f"{path}/lock/confirmation"),
        lambda: liaison.delete(f"{path}/lock"),
        lambda: world.clerk.post(f"{work}/return", {"items": [{"item": "title", "reason": "请核对"}]}),
        lambda: liaison.post(f"{work}/mending"),
    ]
    return rng.choice(acts)().status_code


@pytest.mark.parametrize("seed", range(3))
def test_places_stay_exact_and_the_events_fold_into_the_rows(world: World, seed: int, *, proving: bool) -> None:
    rng, liaison = random.Random(seed), world.people["沈禾"]
    works = [enter(liaison, f"故事{number}", KINDS[number % 4]) for number in range(9)]
    for work in works:
        assert begin_upload(liaison, work["work_id"]).status_code == 201
    world.clock("2024-09-25 09:00:00")
    row, seen = own_list(liaison), Counter[int]()
    for _ in range(400 if proving else 120):
        seen[steps(world, works, row, rng)] += 1
        now = own_list(liaison)
        states = {each["work_id"]: each["state"] for each in liaison.get("/works")["works"]}
        on_list = {work_id for work_id, state in states.items() if state in ON_LIST}
        assert now["places"][0]["used"] == len(on_list) <= 6
        assert {line["work_id"] for line in now["rows"]} == on_list
        assert [line["cells"][0] for line in now["rows"]] == list(range(1, len(on_list) + 1))
        assert (now["state"] in {"locked", "accepted"}) == any(state in {"locked", "returned"} for state in states.values())
    assert set(seen) <= {200, 404, 409, 412, 422}
    assert seen[200] > 20
    assert folded(world) == {row["id"]: (row["state"], row["title"]) for row in world.rows("SELECT id, state, title FROM work")}


def folded(world: World) -> dict[str, tuple[str, str]]:
    """Fold intake's events into state and title of each work, knowing nothing of its rows."""
    told: dict[str, tuple[str, str]] = {}
    after = {
        "submitted": "submitted",
        "withdrawn": "withdrawn",
        "listed": "listed",
        "unlisted": "submitted",
        "returned": "returned",
    }
    for event in world.rows("SELECT type, data FROM outbox WHERE type LIKE '%work.%' OR type LIKE '%list.%' ORDER BY id"):
        noun, fact = event["type"].removeprefix("laurel.").removesuffix(".v1").split(".")
        data = json.loads(event["data"])
        if noun == "list":
            state = "locked" if fact == "locked" else "listed"
            members = (
                [each["work_id"] for each in data["works"]]
                if fact == "locked"
                else [w for w, s in told.items() if s[0] == "locked"]
            )
            told.update({work_id: (state, told[work_id][1]) for work_id in members})
            continue
        state, title = told.get(data["work_id"], ("draft", ""))
        state = {"saved": "locked" if data.get("mended") else state}.get(fact) or after[fact]
        if fact == "submitted" and told[data["work_id"]][0] == "listed":
            state = "listed"
        told[data["work_id"]] = (state, data.get("title", title))
    return told
