"""One life of the platform: goes on with the round in a home until it is tallied, or until the fault point ends it.

Prints `ACK <commitment>` for each ballot that was acknowledged. `python kill_child.py HOME [FAULT]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from review_world import CLERK, World, expert, scored

from services.kernel import faults

EXPERTS = 4


def main(home: str, fault: str = "") -> None:
    world = World(Path(home))
    faults.arm(fault)
    round_id = world.got(CLERK, "/rounds")["rounds"][0]["round_id"]
    for number in range(EXPERTS):
        vote(world, number)
    if world.got(CLERK, f"/rounds/{round_id}")["state"] == "open":
        world.did(CLERK, "POST", f"/rounds/{round_id}/close", {})
    world.wait_for(round_id, "tallied", "decided")
    Path(home, "record.jsonl").write_text(world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text, encoding="utf-8")
    world.stop()


def vote(world: World, number: int) -> None:
    for ballot in world.ballots_of(number):
        if ballot["state"] == "assigned" and ballot["open"]:
            path = f"/ballots/{ballot['ballot_id']}/submit"
            body = {"scores": scored((int(ballot["title"][-3:]) + 1, 20, 20, 20))}
            receipt = world.did(expert(number), "POST", path, body, **{"Idempotency-Key": ballot["ballot_id"]})
            sys.stdout.write(f"ACK {receipt['commitment']}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
