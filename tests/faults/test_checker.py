"""The checker itself: each planted harm to a good home is found, and a good home has none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from life import Life, invariants

HARMS = {
    "a lost receipt": ("intake", "DELETE FROM receipt", "is lost"),
    "a lost work": ("intake", "DELETE FROM work", "was acknowledged and is lost"),
    "a place too many": ("intake", "UPDATE place SET taken = taken + 1", "places 1, works []"),
    "a gap in a sequence": ("intake", "UPDATE outbox SET sequence = 9 WHERE type LIKE '%submitted%'", "goes from 1 to 9"),
    "a file of another size": ("intake", "UPDATE upload SET length_bytes = 1", "its object is not what was sent"),
    "an object of nobody": ("intake", "DELETE FROM upload", "belongs to no upload"),
    "a state that was not told": ("intake", "UPDATE work SET state = 'draft'", "is draft after list.locked"),
    "an event nobody took": ("search", "DELETE FROM inbox", "search has not taken work.saved"),
    "a verdict told twice": (
        "media",
        (
            "UPDATE outbox SET type = 'laurel.asset.judged.v1', data = (SELECT data FROM outbox WHERE type LIKE '%judged%') "
            "WHERE type LIKE '%rendered%'"
        ),
        "is told",
    ),
    "a failed job": ("media", "UPDATE job SET state = 'failed'", "failed"),
}


def found(life: Life) -> list[str]:
    return invariants.check(life.home, receipts=life.receipts, works=life.works)


def test_a_good_home_has_nothing_to_say(finished: Life) -> None:
    assert len(finished.receipts) == 2
    assert found(finished) == []


@pytest.mark.parametrize("harm", HARMS)
def test_each_harm_is_found(finished: Life, harm: str) -> None:
    service, statement, sentence = HARMS[harm]
    with closing(sqlite3.connect(finished.home / f"{service}.db")) as rows, rows:
        assert rows.execute(statement).rowcount
    assert any(sentence in told for told in found(finished)), found(finished)[:5]
