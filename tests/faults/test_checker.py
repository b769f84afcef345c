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
    "a receipt of nothing": ("intake", "UPDATE receipt SET work_id = NULL, list_id = NULL", "speaks of nothing"),
    "a receipt nobody was told of": (
        "intake",
        "DELETE FROM outbox WHERE type LIKE '%receipt.issued%'",
        "is only in one of rows and events",
    ),
    "a receipt that is named alone": ("intake", "UPDATE work SET receipt_number = 'JZ-2024-9999'", "is named and not kept"),
    "a work of nobody": ("intake", "UPDATE work SET id = 'w-phantom'", "was sent by nobody"),
    "a place taken twice": (
        "intake",
        (
            "UPDATE outbox SET type = 'laurel.work.listed.v1', "
            "data = (SELECT data FROM outbox WHERE type LIKE '%work.listed%') WHERE type LIKE '%work.submitted%'"
        ),
        "is told twice in a row",
    ),
    "a list beyond its cap": (
        "intake",
        "UPDATE campaign_version SET normalised = replace(normalised, '\"max\":2', '\"max\":0')",
        "works of 0 at event",
    ),
    "a list in another state": ("intake", "UPDATE unit_list SET state = 'open'", "last told list.locked"),
    "an upload that was told and is not whole": ("intake", "UPDATE upload SET state = 'receiving'", "its event is there"),
    "a counter that went on": ("media", "UPDATE sequence SET last = last + 1", "sequences are not those of the outbox"),
    "a reader that fell behind": ("notify", "UPDATE position SET position = 0", "notify has not taken"),
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


OF_REVIEW = {
    "a total that is another": ("review", "UPDATE tally_row SET total = '999'", "is 999 at rank"),
    "a rank that is another": ("review", "UPDATE tally_row SET rank = 3 - rank", "recomputed"),
    "a work out of the tally": ("review", "DELETE FROM tally_row WHERE rank = 2", "has other works than the round"),
    "a changed score": (
        "review",
        "UPDATE ballot SET scores = replace(scores, '\"25\"', '\"24\"')",
        "is not what was committed to",
    ),
    "a late ballot that counts": (
        "review",
        (
            "UPDATE seat SET standing = (SELECT commitment FROM ballot WHERE late AND ballot.seat_id = seat.seat_id) "
            "WHERE seat_id IN (SELECT seat_id FROM ballot WHERE late)"
        ),
        "counts without a ballot of its own in time",
    ),
    "a late ballot in the record": ("review", "UPDATE ballot SET batch = 1 WHERE late", "came late and is in the record"),
    "an earlier ballot that counts": (
        "review",
        (
            "UPDATE seat SET standing = (SELECT replaces FROM ballot WHERE commitment = seat.standing) "
            "WHERE standing IN (SELECT commitment FROM ballot WHERE replaces IS NOT NULL)"
        ),
        "recomputed",
    ),
    "a ballot out of the record": ("review", "UPDATE ballot SET batch = NULL", "is only in one of rows and record"),
    "a recusal taken back": ("review", "UPDATE seat SET state = 'submitted' WHERE state = 'recused'", "recusals of"),
    "somebody who was never on the panel": ("review", "DELETE FROM panelist", "who is not on the panel"),
    "somebody of the work's own unit": (
        "review",
        "UPDATE panelist SET units = (SELECT units FROM round_work LIMIT 1)",
        "counts of somebody of its own unit",
    ),
    "an entry that says something else": (
        "review",
        "UPDATE record_entry SET payload = replace(payload, '\"rank\":1', '\"rank\":2') WHERE kind = 'tally.computed'",
        "does not hash to what it says",
    ),
    "a tally that the record does not tell": (
        "review",
        "UPDATE record_entry SET payload = replace(payload, '\"rank\":1', '\"rank\":2') WHERE kind = 'tally.computed'",
        "is not the one in its record",
    ),
    "an entry taken out": ("review", "DELETE FROM record_entry WHERE seq = 3", "is broken"),
    "a tail cut off": (
        "review",
        "DELETE FROM record_entry WHERE seq = (SELECT max(seq) FROM record_entry)",
        "is not the one that was witnessed",
    ),
    "a head that was witnessed otherwise": (
        "notify",
        f"UPDATE head SET head = '{'a' * 64}'",
        "is not the one that was witnessed",
    ),
    "a head that nobody witnessed": (
        "notify",
        "DELETE FROM head WHERE height = (SELECT max(height) FROM head)",
        "entries, witnessed are",
    ),
    "a result of another work": (
        "review",
        "UPDATE result SET document = replace(document, '优秀作品', '一等奖')",
        "was told otherwise than it is shown",
    ),
    "a result that nobody confirmed": (
        "review",
        "UPDATE tally_row SET outcome = 'selected'",
        "is not the one that was confirmed",
    ),
    "a result without its round": ("review", "UPDATE round SET state = 'confirmed'", "is out and its round is confirmed"),
    "a round without its result": ("review", "DELETE FROM result", "is published without a result"),
    "a result that nobody heard": ("search", "DELETE FROM inbox", "search has not taken result.published"),
    "a mail without its message": ("notify", "DELETE FROM message WHERE template = 'result'", "has no message"),
}


def test_a_good_review_has_nothing_to_say(decided: Life) -> None:
    assert found(decided) == []
    with closing(sqlite3.connect(decided.home / "review.db")) as rows:
        counted = {
            table: rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("round", "tally_row", "result", "ballot", "seat")
        }
    assert counted == {"round": 1, "tally_row": 2, "result": 1, "ballot": 9, "seat": 7}, "each rule has met something"


@pytest.mark.parametrize("harm", OF_REVIEW)
def test_each_harm_to_a_review_is_found(decided: Life, harm: str) -> None:
    service, statement, sentence = OF_REVIEW[harm]
    with closing(sqlite3.connect(decided.home / f"{service}.db")) as rows, rows:
        assert rows.execute(statement).rowcount
    assert any(sentence in told for told in found(decided)), found(decided)[:5]
