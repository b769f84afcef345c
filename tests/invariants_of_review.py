"""What must hold of rounds of review: the tally, the record and who was counted, computed once more from the stored rows.

Like `invariants`, it imports nothing of the product. A rule that needs a round says nothing on a home without one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]
TALLIED = {"tallied", "decided", "confirmed", "published"}


def check(review: Rows, notify: Rows) -> list[str]:
    """Return every sentence that does not hold."""
    told = [*_record(review), *_witness(review, notify), *_ballots(review)]
    for row in review["round"]:
        told += _counted(review, row)
        if row["state"] in TALLIED:
            told += [*_tally(review, row), *_told_tally(review, row)]
    return [*told, *_result(review)]


def canonical(value: Any) -> bytes:
    """Return RFC 8785 bytes; names and numbers of the record are simple enough for the standard library."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _chain(review: Rows, round_id: str) -> list[Row]:
    return sorted((row for row in review["record_entry"] if row["round_id"] == round_id), key=lambda row: row["seq"])


def _record(review: Rows) -> Iterator[str]:
    """Each entry hashes to what it says, names the one before, and the last one is the round's head."""
    for row in review["round"]:
        chain = _chain(review, row["round_id"])
        links = [entry["prev"] for entry in chain] == ["0" * 64, *(entry["hash"] for entry in chain)][: len(chain)]
        counted = [entry["seq"] for entry in chain] == list(range(1, row["height"] + 1))
        if not (links and counted and chain and chain[-1]["hash"] == row["record_head"]):
            yield f"record of {row['round_id']} is broken"
        for entry in chain:
            said = {name: entry[name] for name in ("alg", "at", "kind", "prev", "seq")}
            said["payload"] = json.loads(entry["payload"])
            if hashlib.new(entry["alg"], canonical(said)).hexdigest() != entry["hash"]:
                yield f"record of {row['round_id']}: entry {entry['seq']} does not hash to what it says"


def _witness(review: Rows, notify: Rows) -> Iterator[str]:
    """What another service kept of the heads is what the chain says now."""
    hashes = {(entry["round_id"], entry["seq"]): entry["hash"] for entry in review["record_entry"]}
    for kept in notify["head"]:
        if hashes.get((kept["round_id"], kept["height"])) != kept["head"]:
            yield f"record of {kept['round_id']} is not the one that was witnessed at {kept['height']}"
    highest: dict[str, int] = defaultdict(int)
    for kept in notify["head"]:
        highest[kept["round_id"]] = max(highest[kept["round_id"]], kept["height"])
    for row in review["round"]:
        if row["height"] != highest[row["round_id"]]:
            yield f"record of {row['round_id']} has {row['height']} entries, witnessed are {highest[row['round_id']]}"


def _ballots(review: Rows) -> Iterator[str]:
    """A ballot is what was committed to; one in a batch stands in the record, once, and no late one does."""
    seats = {seat["seat_id"]: seat for seat in review["seat"]}
    algorithms = {row["round_id"]: row["alg"] for row in review["round"]}
    committed: Counter[tuple[str, str]] = Counter()
    for entry in review["record_entry"]:
        if entry["kind"] == "ballot.committed":
            committed[entry["round_id"], json.loads(entry["payload"])["commitment"]] += 1
    entered = set()
    for ballot in review["ballot"]:
        seat = seats.get(ballot["seat_id"], {"pseudonym": "", "work_id": ""})
        content = {
            "pseudonym": seat["pseudonym"],
            "replaces": ballot["replaces"],
            "scores": json.loads(ballot["scores"]),
            "work": seat["work_id"],
        }
        digest = hashlib.new(algorithms[ballot["round_id"]], ballot["nonce"] + canonical(content)).hexdigest()
        if digest != ballot["commitment"]:
            yield f"ballot {ballot['commitment']} is not what was committed to"
        if ballot["late"] and ballot["batch"] is not None:
            yield f"ballot {ballot['commitment']} came late and is in the record"
        if ballot["batch"] is not None:
            entered.add((ballot["round_id"], ballot["commitment"]))
    yield from (f"ballot {name} is in the record {count} times" for (_, name), count in committed.items() if count > 1)
    yield from (f"ballot {name} is only in one of rows and record" for _, name in entered ^ set(committed))


def _standing(review: Rows, round_id: str) -> dict[str, list[Row]]:
    """Return the ballots that count by work: the last of each held seat, of a work that is still there."""
    there = {row["work_id"] for row in review["round_work"] if row["round_id"] == round_id and not row["gone"]}
    ballots = {ballot["commitment"]: ballot for ballot in review["ballot"]}
    found: dict[str, list[Row]] = {work: [] for work in there}
    for seat in review["seat"]:
        if seat["round_id"] == round_id and seat["state"] == "submitted" and seat["work_id"] in there:
            found[seat["work_id"]].append({**seat, "ballot": ballots.get(seat["standing"])})
    return found


def _counted(review: Rows, row: Row) -> Iterator[str]:
    """Who is counted was on the panel, is not of the work's unit, has not recused, and read the work once."""
    round_id = row["round_id"]
    panel = {each["account_id"]: each for each in review["panelist"] if each["round_id"] == round_id}
    units = {each["work_id"]: set(json.loads(each["units"])) for each in review["round_work"] if each["round_id"] == round_id}
    for work, seats in _standing(review, round_id).items():
        for seat in seats:
            if seat["account_id"] not in panel:
                yield f"a ballot on {work} counts of somebody who is not on the panel"
            elif units[work] & set(json.loads(panel[seat["account_id"]]["units"])):
                yield f"a ballot on {work} counts of somebody of its own unit"
            if seat["ballot"] is None or seat["ballot"]["late"] or seat["ballot"]["seat_id"] != seat["seat_id"]:
                yield f"a seat at {work} counts without a ballot of its own in time"
    kept = {(s["work_id"], s["pseudonym"]) for s in review["seat"] if (s["round_id"], s["state"]) == (round_id, "recused")}
    told = [json.loads(entry["payload"]) for entry in _chain(review, round_id) if entry["kind"] == "seat.recused"]
    if kept != {(one["work"], one["pseudonym"]) for one in told}:
        yield f"recusals of {round_id} are not those of its record"


def _points(ballot: Row | None) -> Fraction:
    return sum(map(Fraction, json.loads(ballot["scores"]).values()), Fraction(0)) if ballot else Fraction(0)


def _tally(review: Rows, row: Row) -> Iterator[str]:
    """The stored tally is the exact sum, mean and rank of the ballots that count. Calibrated rounds are left to the record."""
    rubric = json.loads(row["rubric"])
    if rubric["calibration"] != "none":
        return
    standing = _standing(review, row["round_id"])
    totals = {work: sum((_points(each["ballot"]) for each in seats), Fraction(0)) for work, seats in standing.items()}
    means = {work: totals[work] / max(len(seats), 1) for work, seats in standing.items()}
    stored = {each["work_id"]: each for each in review["tally_row"] if each["round_id"] == row["round_id"]}
    if stored.keys() != means.keys():
        yield f"tally of {row['round_id']} has other works than the round"
    for work, seats in standing.items():
        if len(seats) != rubric["experts_per_work"]:
            yield f"tally of {work} is of {len(seats)} ballots, not of {rubric['experts_per_work']}"
        kept, rank = stored.get(work), 1 + sum(other > means[work] for other in means.values())
        found = (totals[work], means[work], rank)
        if kept and (Fraction(kept["total"]), Fraction(kept["mean"]), kept["rank"]) != found:
            yield f"tally of {work} is {kept['total']} at rank {kept['rank']}, recomputed {totals[work]} at {rank}"


def _told_tally(review: Rows, row: Row) -> Iterator[str]:
    """The record's last tally is the stored one."""
    told = [json.loads(entry["payload"]) for entry in _chain(review, row["round_id"]) if entry["kind"] == "tally.computed"]
    said = {each["work"]: (Fraction(each["mean"]), each["rank"]) for each in told[-1]["rows"]} if told else {}
    kept = {e["work_id"]: (Fraction(e["mean"]), e["rank"]) for e in review["tally_row"] if e["round_id"] == row["round_id"]}
    if said != kept:
        yield f"tally of {row['round_id']} is not the one in its record"


def _result(review: Rows) -> Iterator[str]:
    """What was published, told and recorded are the same works."""
    told = {}
    for event in review["outbox"]:
        if event["type"] == "laurel.result.published.v1":
            data = json.loads(event["data"])
            told[data["result_id"]] = {work["work_id"]: work["outcome"] for work in data["works"]}
    rounds = {row["round_id"]: row for row in review["round"]}
    for row in review["result"]:
        document = {work["work_id"]: work["outcome"] for work in json.loads(row["document"])["works"]}
        if told.get(row["result_id"]) != document:
            yield f"result {row['result_id']} was told otherwise than it is shown"
        chosen = {each["work_id"] for each in review["tally_row"] if each["round_id"] == row["round_id"] and each["outcome"]}
        entries = [json.loads(e["payload"]) for e in _chain(review, row["round_id"]) if e["kind"] == "result.confirmed"]
        if document.keys() != chosen or [{each["work"] for each in entry["chosen"]} for entry in entries] != [chosen]:
            yield f"result {row['result_id']} is not the one that was confirmed"
        if rounds[row["round_id"]]["state"] != "published":
            yield f"result {row['result_id']} is out and its round is {rounds[row['round_id']]['state']}"
    published = {row["round_id"] for row in review["round"] if row["state"] == "published"}
    yield from (
        f"round {one} is published without a result" for one in published - {row["round_id"] for row in review["result"]}
    )
    yield from (
        f"result {one} was told and is not kept" for one in told.keys() - {row["result_id"] for row in review["result"]}
    )
