"""What must hold on the files of a platform, whatever killed it; reads five databases and the object folder.

It imports nothing of the product; what it knows of tables, topics and states is written down here once more, on purpose.
`check` returns every sentence that does not hold; an empty list is good.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import invariants_of_review

SERVICES = ("intake", "media", "review", "notify", "search")
PLATFORM = {"clock.changed", "session.ended", "account.ended"}
HEARD = {
    "intake": {
        "asset.judged",
        "asset.failed",
        "asset.rendered",
        "asset.rendition-withdrawn",
        "exclusion.checked",
        "result.published",
        "clock.confirmed",
    },
    "media": {"campaign.published", "work.saved", "work.submitted", "work.accepted", "upload.completed", "upload.retired"},
    "review": {
        "campaign.published",
        "account.opened",
        "work.accepted",
        "asset.rendered",
        "asset.rendition-withdrawn",
        "work.rejected",
        "work.withdrawn",
    },
    "notify": {
        "campaign.published",
        "account.opened",
        "work.saved",
        "work.submitted",
        "work.accepted",
        "invitation.issued",
        "receipt.issued",
        "asset.judged",
        "work.returned",
        "ballots.assigned",
        "expert.reminded",
        "result.published",
        "record.advanced",
    },
    "search": {
        "account.opened",
        "asset.rendered",
        "asset.rendition-withdrawn",
        "campaign.published",
        "consent.recorded",
        "list.locked",
        "release.decided",
        "result.published",
        "work.accepted",
        "work.saved",
        "work.submitted",
        "work.withdrawn",
    },
}
ONCE = {  # facts that are told once for each of these fields
    "asset.judged": ("asset_id", "campaign_hash"),
    "receipt.issued": ("number",),
    "upload.completed": ("upload_id",),
    "account.opened": ("account_id",),
    "work.accepted": ("work_id",),
}
STATES = {  # the state in which a work is after its last event of these
    "work.submitted": {"submitted", "listed"},
    "work.listed": {"listed"},
    "work.unlisted": {"submitted"},
    "work.withdrawn": {"withdrawn"},
    "work.returned": {"returned"},
    "work.accepted": {"accepted"},
    "work.rejected": {"rejected"},
}
IN_PLACE = {"listed", "locked", "returned", "accepted", "rejected"}


def check(home: Path, *, receipts: Collection[str] = (), works: Collection[str] | None = None) -> list[str]:
    """Return what does not hold on an idle platform's home.

    `receipts` are the numbers that clients were given, `works` the ids of all works that anybody may have entered.
    """
    rows = {service: read(home, service) for service in SERVICES}
    told = [*_receipts(rows["intake"], receipts), *_works(rows["intake"], works), *_places(rows["intake"])]
    told += [*_uploads(rows["intake"], home / "objects"), *_states(rows["intake"]), *_lists(rows["intake"])]
    told += [*_messages(rows["notify"]), *invariants_of_review.check(rows["review"], rows["notify"])]
    for service in SERVICES:
        told += [*_sequences(service, rows[service]), *_once(service, rows[service]), *_jobs(service, rows[service])]
        told += _deliveries(service, rows)
    return told


Rows = dict[str, list[dict[str, Any]]]


def read(home: Path, service: str) -> Rows:
    """Return every table of a service as rows, read without a lock and without a write."""
    with closing(sqlite3.connect(f"file:{home / service}.db?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}
    tables["outbox"].sort(key=lambda row: row["id"])
    return tables


def fact(event: dict[str, Any]) -> str:
    """Return `work.saved` of `laurel.work.saved.v1`."""
    return str(event["type"]).removeprefix("laurel.").rpartition(".")[0]


def _data(event: dict[str, Any]) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(event["data"])
    except ValueError:
        return {}
    return told


def _receipts(intake: Rows, given: Collection[str]) -> Iterator[str]:
    kept = {row["number"]: row for row in intake["receipt"]}
    works = {row["id"] for row in intake["work"]}
    lists = {row["id"] for row in intake["unit_list"]}
    yield from (f"receipt {number} was given and is lost" for number in given if number not in kept)
    for number, row in kept.items():
        if (row["work_id"] or row["list_id"]) not in works | lists:
            yield f"receipt {number} speaks of nothing"
    told = {_data(event)["number"] for event in intake["outbox"] if fact(event) == "receipt.issued"}
    yield from (f"receipt {number} is only in one of rows and events" for number in told ^ set(kept))
    named = {row["receipt_number"] for row in [*intake["work"], *intake["unit_list"]]} - {None}
    yield from (f"receipt {number} is named and not kept" for number in named - set(kept))


def _works(intake: Rows, sent: Collection[str] | None) -> Iterator[str]:
    if sent is not None:
        yield from (f"work {row['id']} was sent by nobody" for row in intake["work"] if row["id"] not in sent)
        kept = {row["id"] for row in intake["work"]}
        yield from (f"work {work} was acknowledged and is lost" for work in sent if work not in kept)


def _caps(intake: Rows) -> dict[str, int]:
    """Return each list's places, over all tracks."""
    versions = sorted(intake["campaign_version"], key=lambda row: row["version"])
    caps: dict[tuple[str, str], int] = {}
    for row in versions:
        quotas, units = json.loads(row["normalised"])["quotas"], json.loads(row["units"])["units"]
        for unit in units:
            caps[row["campaign_id"], unit["id"]] = sum(each["max"] for each in quotas if each["unit_type"] == unit["type"])
    return {row["id"]: caps[row["campaign_id"], row["unit_id"]] for row in intake["unit_list"]}


def _places(intake: Rows) -> Iterator[str]:
    caps, listed = _caps(intake), defaultdict[str, set[str]](set)
    for event in intake["outbox"]:
        if fact(event) not in {"work.listed", "work.unlisted"}:
            continue
        data = _data(event)
        on, work = listed[data["list_id"]], data["work_id"]
        if (work in on) == (fact(event) == "work.listed"):
            yield f"{fact(event)} of {work} is told twice in a row"
        (on.add if fact(event) == "work.listed" else on.discard)(work)
        if len(on) > caps[data["list_id"]]:
            yield f"list {data['list_id']} has {len(on)} works of {caps[data['list_id']]} at event {event['id']}"
    taken = Counter[str]()
    for row in intake["place"]:
        taken[row["list_id"]] += row["taken"]
    for row in intake["unit_list"]:
        kept = {work["id"] for work in intake["work"] if work["list_id"] == row["id"] and work["state"] in IN_PLACE}
        if taken[row["id"]] != len(kept) or kept != listed[row["id"]]:
            yield f"list {row['id']}: places {taken[row['id']]}, works {sorted(kept)}, told {sorted(listed[row['id']])}"


def _states(intake: Rows) -> Iterator[str]:
    last: dict[str, str] = {}
    for event in intake["outbox"]:
        data, name = _data(event), fact(event)
        if name in STATES or name == "work.saved":
            last[data["work_id"]] = name if name != "work.saved" else last.get(data["work_id"], name)
        elif name in {"list.locked", "list.unlocked"}:
            on = data["works"] if name == "list.locked" else []
            last |= {work["work_id"]: name for work in on}
    states = STATES | {"work.saved": {"draft"}, "list.locked": {"locked", "listed"}}
    for row in intake["work"]:
        if row["state"] not in states.get(last.get(row["id"], ""), set()):
            yield f"work {row['id']} is {row['state']} after {last.get(row['id'])}"
    yield from (f"work {work} is told and not kept" for work in last.keys() - {row["id"] for row in intake["work"]})


def _lists(intake: Rows) -> Iterator[str]:
    last = {event["subject"]: fact(event) for event in intake["outbox"] if fact(event) in {"list.locked", "list.unlocked"}}
    for row in intake["unit_list"]:
        told = last.get(f"list/{row['id']}") == "list.locked"
        if told != (row["state"] in {"locked", "accepted"}) or told != (row["receipt_number"] is not None):
            yield f"list {row['id']} is {row['state']}, last told {last.get('list/' + row['id'])}"


def _uploads(intake: Rows, objects: Path) -> Iterator[str]:
    told = {_data(event)["upload_id"] for event in intake["outbox"] if fact(event) == "upload.completed"}
    keys = set()
    for row in intake["upload"]:
        if (row["state"] == "completed") != (row["id"] in told):
            yield f"upload {row['id']} is {row['state']}, its event {'is' if row['id'] in told else 'is not'} there"
        if row["state"] != "completed":
            continue
        keys.add(row["object_key"])
        path = objects / row["object_key"]
        if not path.is_file() or path.stat().st_size != row["length_bytes"] or _sha256(path) != row["sha256"]:
            yield f"upload {row['id']}: its object is not what was sent"
    found = {str(path.relative_to(objects)) for path in (objects / "uploads").rglob("*") if path.is_file()}
    yield from (f"object {key} belongs to no upload" for key in found - keys)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sequences(service: str, rows: Rows) -> Iterator[str]:
    last: Counter[tuple[str, str]] = Counter()
    for event in rows["outbox"]:
        key = (event["subject"], event["topic"].split(".")[1])
        if event["sequence"] != last[key] + 1:
            yield f"{service}: {key} goes from {last[key]} to {event['sequence']}"
        last[key] = event["sequence"]
    kept = {(row["subject"], row["visibility"]): row["last"] for row in rows["sequence"]}
    if kept != dict(last):
        yield f"{service}: sequences are not those of the outbox: {sorted(set(kept.items()) ^ set(last.items()))[:4]}"


def _once(service: str, rows: Rows) -> Iterator[str]:
    told: Counter[tuple[str, ...]] = Counter()
    for event in rows["outbox"]:
        if fields := ONCE.get(fact(event)):
            told[fact(event), *(str(_data(event)[name]) for name in fields)] += 1
    yield from (f"{service}: {what} is told {count} times" for what, count in told.items() if count > 1)


def _jobs(service: str, rows: Rows) -> Iterator[str]:
    seen = Counter((row["kind"], row["key"]) for row in rows["job"])
    yield from (f"{service}: job {what} is there {count} times" for what, count in seen.items() if count > 1)
    yield from (f"{service}: job {row['kind']} {row['key']} failed" for row in rows["job"] if row["state"] == "failed")


def _deliveries(service: str, rows: dict[str, Rows]) -> Iterator[str]:
    mine = rows[service]
    taken = Counter((row["consumer"], row["event_id"]) for row in mine["inbox"])
    yield from (f"{what} was taken {count} times" for what, count in taken.items() if count > 1)
    place = {(row["consumer"], row["partition"]): row["position"] for row in mine["position"]}
    for owner in SERVICES:
        for event in rows[owner]["outbox"]:
            if fact(event) not in HEARD[service] | PLATFORM:
                continue
            if (service, event["event_id"]) not in taken or place.get((service, owner), 0) < event["id"]:
                yield f"{service} has not taken {fact(event)} {event['event_id']} of {owner}"


def _messages(notify: Rows) -> Iterator[str]:
    seen = Counter((row["event_id"], row["recipient"], row["template"]) for row in notify["message"])
    yield from (f"message {what} is there {count} times" for what, count in seen.items() if count > 1)
    handed = Counter(row["message_id"] for row in notify["sending"])
    told = {row["id"] for row in notify["message"]}
    yield from (f"sending of {message} has no message" for message in handed.keys() - told)


def unfinished(home: Path) -> list[str]:
    """Return what still goes on: events that nobody has taken yet, jobs that are due or run, deferred events that wait."""
    rows = {service: read(home, service) for service in SERVICES}
    told = [line for service in SERVICES for line in _deliveries(service, rows)]
    for service in SERVICES:
        now = [
            row
            for row in rows[service]["job"]
            if row["state"] == "running" or (row["state"] == "queued" and (row["attempts"] or row["due"] <= time.time() * 1e6))
            if not row["kind"].startswith("stage.")
        ]
        told += [f"{service}: job {row['kind']} is {row['state']}" for row in now]
        told += [
            f"{service}: {row['type']} waits: {row['reason']}" for row in rows[service]["deferred"] if row["state"] == "waiting"
        ]
    return told
