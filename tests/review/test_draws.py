"""What the service kept is enough for a supervisor to draw every seat again: from the seed, the panel and the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from record_maker import load_script
from review_world import CLERK, UNITS, World, expert

from services.review.domain.reading import read_record
from services.review.domain.supervision import Opening
from services.review.domain.verification import verify

script = load_script()


def opening_of(world: World, round_id: str) -> dict[str, Any]:
    (seed,) = world.rows("SELECT hex(seed) FROM round WHERE round_id = ?", round_id)[0]
    panels = [
        {
            "nonce": nonce.lower(),
            "panel": [
                {"expert": account, "units": json.loads(units)}
                for account, units in world.rows(
                    "SELECT account_id, units FROM panelist WHERE round_id = ? AND number = ? ORDER BY account_id",
                    round_id,
                    number,
                )
            ],
        }
        for number, nonce in world.rows("SELECT number, hex(nonce) FROM panel WHERE round_id = ? ORDER BY number", round_id)
    ]
    seats = [
        {"work": work, "pseudonym": name, "expert": account, "nonce": nonce.lower()}
        for work, name, account, nonce in world.rows(
            "SELECT work_id, pseudonym, account_id, hex(nonce) FROM seat WHERE round_id = ?", round_id
        )
    ]
    opening = {"format": "laurel-record-opening/1", "round": round_id, "seed": seed.lower()}
    return {**opening, "panels": panels, "seats": seats}


def test_every_draw_can_be_made_again(world: World, tmp_path: Path) -> None:
    world.invite_experts(8, lambda number: UNITS[number].id)
    world.accept_works(9)
    round_id = world.open(4, slate=[{"outcome": "selected", "label": "优秀作品", "through": 2}])
    left: set[str] = set()
    for number in (0, 2, 3):
        mine = next(ballot for ballot in world.ballots_of(number) if ballot["title"] not in left)
        left.add(mine["title"])  # one work each: two added experts are enough for all of them
        world.did(expert(number), "POST", f"/ballots/{mine['ballot_id']}/recuse", {"reason": "亲属参演"})
    world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-4", "expert-5"]})
    world.did(expert(1), "POST", f"/ballots/{world.ballots_of(1)[0]['ballot_id']}/recuse", {"reason": "亲属参演"})
    world.did(CLERK, "POST", f"/rounds/{round_id}/experts", {"expert_ids": ["expert-6", "expert-7"]})
    for number in range(8):
        world.vote(number, lambda _expert, title: (int(title[-3:]), 1, 1, 1))
    world.close(round_id)
    text = world.ask(CLERK, "GET", f"/rounds/{round_id}/record").text
    value = opening_of(world, round_id)
    assert len(value["panels"]) == 3
    assert world.rows("SELECT draws FROM round")[0][0] >= 3
    assert verify(read_record(text), [], Opening.model_validate(value)).problems == ()
    record, opening = tmp_path / "record.jsonl", tmp_path / "opening.json"
    record.write_text(text, encoding="utf-8")
    opening.write_text(json.dumps(value), encoding="utf-8")
    assert script.main([str(record), "--opening", str(opening)]) == 1, "it verifies; no head was given"
    value["seed"] = "00" * 32
    problems = verify(read_record(text), [], Opening.model_validate(value)).problems
    assert "监督公开件：种子与其承诺不符" in problems
    assert "监督公开件：第0次抽签与种子不符" in problems
