"""Whatever is done to a record is found: by the product and by the script that knows nothing of it."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_maker import SCRIPT, Campaign, load_script, s0_rubric

from services.review.domain.canonical import Algorithm, canonical, commit, digest
from services.review.domain.reading import UnreadableError, read_record
from services.review.domain.verification import verify

script = load_script()
Lines = list[dict[str, Any]]


def campaign_of(seed: int, alg: Algorithm = "sha256", **values: Any) -> Campaign:
    shape: dict[str, Any] = {"works": 7, "experts": 8, "recusals": 1, "leaving": 1, "changes": 2, "spread": 3}
    return Campaign(s0_rubric((2, 4)), random.Random(seed), alg=alg, **{**shape, **values}).play()


def text_of(lines: Lines) -> str:
    return "".join(canonical(line).decode() + "\n" for line in lines)


def by_script(text: str, heads: list[str], opening: Any = None) -> dict[str, Any]:
    lines = [json.loads(line) for line in text.splitlines()]
    verifier = script.Verifier([line for line in lines if "seq" in line], [line for line in lines if "opens" in line])
    verifier.run()
    if opening is not None:
        script.supervise(verifier, opening)
    answer: dict[str, Any] = script.report(verifier, heads)
    return answer


def rewritten(lines: Lines) -> Lines:
    """The chain as an insider with the database would write it anew: every number, link and hash fits."""
    entries = [line for line in lines if "seq" in line]
    head = "0" * 64
    for number, entry in enumerate(entries, start=1):
        entry["seq"], entry["prev"] = number, head
        entry["hash"] = digest(entry["alg"], canonical({name: value for name, value in entry.items() if name != "hash"}))
        head = entry["hash"]
    return lines


def entries_of(lines: Lines, kind: str) -> Lines:
    return [line for line in lines if line.get("kind") == kind]


def changed_score(lines: Lines, chance: random.Random) -> Lines:
    ballot = chance.choice([line for line in lines if "opens" in line])["ballot"]
    name = chance.choice(sorted(ballot["scores"]))
    ballot["scores"][name] = str((int(ballot["scores"][name]) + chance.randint(1, 25)) % 26)
    return lines


def recommitted_score(lines: Lines, chance: random.Random) -> Lines:
    """A changed score whose commitment was changed with it."""
    opening = chance.choice([line for line in lines if "opens" in line])
    old = opening["opens"]
    changed_score([opening], chance)
    entry = next(line for line in entries_of(lines, "ballot.committed") if line["payload"]["commitment"] == old)
    opening["opens"] = commit(entry["alg"], bytes.fromhex(opening["nonce"]), opening["ballot"])
    entry["payload"]["commitment"] = opening["opens"]
    return lines


def removed_entry(lines: Lines, chance: random.Random) -> Lines:
    entries = [line for line in lines if "seq" in line]
    lines.remove(chance.choice(entries[:-1]))
    return lines


def removed_opening(lines: Lines, chance: random.Random) -> Lines:
    lines.remove(chance.choice([line for line in lines if "opens" in line]))
    return lines


def doubled_entry(lines: Lines, chance: random.Random) -> Lines:
    again = [place for place, line in enumerate(lines) if line.get("kind", "rubric.declared") != "rubric.declared"]
    place = chance.choice(again)
    lines.insert(place, json.loads(json.dumps(lines[place])))
    return lines


def foreign_ballot(lines: Lines, chance: random.Random) -> Lines:
    """A ballot more, well-formed and committed, for a seat that another holds."""
    opening = json.loads(json.dumps(chance.choice([line for line in lines if "opens" in line])))
    opening["nonce"] = chance.randbytes(16).hex()
    entry = json.loads(json.dumps(entries_of(lines, "ballot.committed")[-1]))
    opening["opens"] = entry["payload"]["commitment"] = commit(entry["alg"], bytes.fromhex(opening["nonce"]), opening["ballot"])
    entry["payload"]["batch"] += 1
    lines.insert(entry["seq"], entry)
    lines.append(opening)
    for closed in entries_of(lines, "round.closed"):
        closed["payload"]["ballots"] += 1
    return lines


def swapped_entries(lines: Lines, chance: random.Random) -> Lines:
    one, other = chance.sample(range(sum("seq" in line for line in lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def truncated_tail(lines: Lines, chance: random.Random) -> Lines:
    count = sum("seq" in line for line in lines)
    keep = chance.randrange(1, count)
    return [line for line in lines if "opens" in line or line["seq"] <= keep]


def changed_payload(lines: Lines, chance: random.Random) -> Lines:
    entry = chance.choice([line for line in lines if "seq" in line])
    name = chance.choice(sorted(entry["payload"]))
    entry["payload"][name] = altered(entry["payload"][name])
    return lines


def altered(value: Any) -> Any:
    if isinstance(value, str):
        return ("0" if value[:1] != "0" else "1") + value[1:]
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return value[:-1] if value else ["0" * 64]
    return {**value, "title": "另一份细则"}


def changed_instant(lines: Lines, chance: random.Random) -> Lines:
    entry = chance.choice([line for line in lines if "seq" in line])
    entry["at"] = entry["at"].replace("2024", "2023")
    return lines


def changed_outcome(lines: Lines, chance: random.Random) -> Lines:
    chosen = entries_of(lines, "result.confirmed")[0]["payload"]["chosen"]
    chance.choice(chosen)["outcome"] = "cut-9"
    return lines


def changed_tally(lines: Lines, chance: random.Random) -> Lines:
    rows = entries_of(lines, "tally.computed")[0]["payload"]["rows"]
    one, other = chance.sample(range(len(rows)), 2)
    rows[one]["work"], rows[other]["work"] = rows[other]["work"], rows[one]["work"]
    return lines


TAMPERINGS: list[Callable[[Lines, random.Random], Lines]] = [
    changed_score,
    recommitted_score,
    removed_entry,
    removed_opening,
    doubled_entry,
    foreign_ballot,
    swapped_entries,
    truncated_tail,
    changed_payload,
    changed_instant,
    changed_outcome,
    changed_tally,
]
# What an insider can only do unnoticed when nobody has kept a head.
NEEDS_A_WITNESS = {truncated_tail, recommitted_score, changed_instant, changed_payload, removed_entry, swapped_entries}


@settings(max_examples=600)
@given(
    st.integers(0, 2**32),
    st.sampled_from(TAMPERINGS),
    st.booleans(),
    st.sampled_from(["sha256", "sm3"]),
)
def test_planted_tampering_is_found_every_time_against_a_witnessed_head(
    seed: int, tamper: Callable[[Lines, random.Random], Lines], rewrite: bool, alg: Algorithm
) -> None:
    campaign = campaign_of(seed, alg)
    whole = campaign.export()
    lines = tamper([json.loads(line) for line in whole.splitlines()], random.Random(seed))
    text = text_of(rewritten(lines) if rewrite else lines)
    if text == whole:
        return
    report = verify(read_record(text), [campaign.head])
    assert report.problems, tamper.__name__
    assert by_script(text, [campaign.head])["problems"], tamper.__name__
    alone, alone_by_script = verify(read_record(text)), by_script(text, [])
    assert not alone.witnessed
    assert bool(alone.problems) == bool(alone_by_script["problems"]), tamper.__name__
    assert alone.problems or tamper in NEEDS_A_WITNESS, tamper.__name__


@pytest.mark.parametrize("alg", ["sha256", "sm3"])
def test_an_untouched_record_verifies_and_both_verifiers_see_the_same_result(alg: Algorithm) -> None:
    for seed in range(25):
        campaign = campaign_of(seed, alg)
        text = campaign.export()
        report = verify(read_record(text), [campaign.head], campaign.opening())
        answer = by_script(text, [campaign.head], campaign.opening().model_dump(mode="json"))
        assert (report.problems, answer["problems"]) == ((), [])
        assert report.witnessed
        assert answer["witnessed"]
        assert [row._asdict() | {"sum": row.total} for row in report.rounds[0].placed] == [
            row | {"total": row["sum"]} for row in answer["rounds"][0]["placed"]
        ]
        chosen = {row.work: row.outcome for row in report.rounds[0].placed if row.outcome}
        assert chosen == campaign.outcomes


def test_without_a_head_it_is_not_witnessed_and_an_older_head_covers_only_its_part() -> None:
    campaign = campaign_of(1)
    record = read_record(campaign.export())
    alone = verify(record)
    assert alone.verified
    assert not alone.witnessed
    assert alone.warnings[0].startswith("未见证")
    older = verify(record, [record.entries[4].hash])
    assert older.witnessed_through == 5
    assert older.warnings == (f"第5条以后的{len(record.entries) - 5}条未见证",)
    assert verify(record, [record.entries[4].hash, campaign.head]).witnessed


def test_a_record_still_being_made_has_warnings_only() -> None:
    campaign = campaign_of(1)
    for keep in range(1, len(campaign.entries)):
        entries = campaign.entries[:keep]
        if entries[-1].kind in {"round.closed", "tally.computed", "tie.decided"}:
            continue
        if any(entry.kind == "round.closed" for entry in entries):
            continue
        lines = [dict(entry.line()) for entry in entries]
        report = verify(read_record(text_of(lines)), [entries[-1].hash()])
        assert report.problems == ()
        assert by_script(text_of(lines), [entries[-1].hash()])["problems"] == []


def test_the_ballots_of_one_who_recused_stay_shut() -> None:
    campaign = campaign_of(3, recusals=3)
    void = {one for entry in campaign.entries for one in entry.payload.get("void", ())}
    assert void
    opened = {line.opens for line in read_record(campaign.export()).openings}
    assert not opened & void
    shut = [(ballot, nonce, one) for ballot, nonce, one in campaign.cast if one in void]
    line = {"ballot": shut[0][0].content(), "nonce": shut[0][1].hex(), "opens": shut[0][2]}
    text = campaign.export() + text_of([line])
    assert any("不应公开" in problem for problem in verify(read_record(text), [campaign.head]).problems)
    assert by_script(text, [campaign.head])["problems"]


def test_no_expert_is_named_in_the_export() -> None:
    text = campaign_of(4).export()
    assert "expert-" not in text
    assert campaign_of(4).seed.hex() not in text


@pytest.mark.parametrize("part", ["seed", "panel", "expert", "pseudonym", "missing", "round"])
def test_a_supervisor_sees_a_draw_that_was_not_the_seeds(part: str) -> None:
    campaign = campaign_of(5)
    value = campaign.opening().model_dump(mode="json")
    if part == "seed":
        value["seed"] = "00" * 32
    elif part == "panel":
        value["panels"][0]["panel"][0]["units"] = ["别的单位"]
    elif part == "expert":
        value["seats"][0]["expert"], value["seats"][3]["expert"] = value["seats"][3]["expert"], "expert-x"
    elif part == "pseudonym":
        value["seats"][0]["pseudonym"] = "Z" * 16
    elif part == "missing":
        value["seats"].pop()
    else:
        value["round"] = "another"
    opening = type(campaign.opening()).model_validate(value)
    record = read_record(campaign.export())
    assert any("监督公开件" in problem for problem in verify(record, [campaign.head], opening).problems)
    assert by_script(campaign.export(), [campaign.head], value)["problems"]


def test_a_draw_arranged_by_hand_is_found_though_every_commitment_fits() -> None:
    campaign = campaign_of(6, recusals=0)
    other = campaign_of(6, recusals=0)
    (work, name), (expert, nonce) = next(iter(other.seats.items()))
    reading = next(one for one in other.readings if one.work == work)
    readers = {held for key, (held, _) in other.seats.items() if key[0] == work}
    friend = next(one.expert for one in other.panel if reading.accepts(one) and one.expert not in readers)
    other.seats[work, name] = (friend, nonce)
    tie = commit("sha256", nonce, {"expert": friend, "pseudonym": name, "work": work})
    lines = [json.loads(line) for line in campaign.export().splitlines()]
    for seat in entries_of(lines, "seats.drawn")[0]["payload"]["seats"]:
        if seat["pseudonym"] == name:
            assert seat["expert"] == commit("sha256", nonce, {"expert": expert, "pseudonym": name, "work": work})
            seat["expert"] = tie
    text = text_of(rewritten(lines))
    head = json.loads(text.splitlines()[len(campaign.entries) - 1])["hash"]
    report = verify(read_record(text), [head], other.opening())
    assert report.problems == ("监督公开件：第0次抽签与种子不符",)
    assert by_script(text, [head], other.opening().model_dump(mode="json"))["problems"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "not json",
        "[]",
        "{}",
        '{"a":1,"a":2}',
        '{"x":1.5}',
        '{"x":NaN}',
        "[" * 100_000,
        '{"opens":"zz","nonce":"","ballot":{}}',
        '{"x":"\\ud800"}',
    ],
)
def test_what_is_no_record_cannot_be_read(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        read_record(text)
    path = tmp_path / "record.jsonl"
    path.write_text(text, encoding="utf-8")
    assert run(path).returncode == 3


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", SCRIPT, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_script_stands_alone_and_its_exit_codes_mean_something(tmp_path: Path) -> None:
    assert "services" not in SCRIPT.read_text("utf-8")
    campaign = campaign_of(7)
    path, opening = tmp_path / "record.jsonl", tmp_path / "opening.json"
    path.write_text(campaign.export(), encoding="utf-8")
    opening.write_text(campaign.opening().model_dump_json(), encoding="utf-8")
    assert run(path, "--head", campaign.head, "--opening", opening).returncode == 0
    alone = run(path)
    assert (alone.returncode, alone.stdout.count("未见证")) == (1, 2)
    assert run(path, "--head", "0" * 64).returncode == 2
    answer = json.loads(run(path, "--head", campaign.head, "--json").stdout)
    assert (answer["verified"], answer["witnessed"], answer["head"]) == (True, True, campaign.head)
    assert run(tmp_path / "absent").returncode == 3
    assert run().returncode == 64
    assert run(path, "--head", "short").returncode == 64
    path.write_bytes(b"\xff\xfe")
    assert run(path).returncode == 3
