"""The story of S0 from accepted works to the published result and its record, a test a step, on one platform."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flow_review import KNOWN, KNOWN_UNIT, TIED, Review
from flow_world import CAMPAIGN, CAMPAIGNS, World, refusal

ROOT = Path(__file__).parents[2]
AMENDED = "2024-10-17T17:29:59.999+08:00"
CLOSES = "2024-10-17T17:30:00+08:00"
TIE = "第29—31名3件作品总分同为265分（平均88.33分），可入选2件。请登记专家组复议结果和理由（评审细则第7条）。"
REASON = "专家组复议：这两件的表现力更突出。"
VERIFIED, NOT_WITNESSED, BROKEN = 0, 1, 2


@pytest.fixture(scope="module")
def declared(published: World, short_clip: Path) -> Review:
    """Every work is accepted, nine experts have accounts, the round is begun and has no 评审细则 yet."""
    review = Review(published)
    review.accept_works(short_clip)
    published.at("2024-10-02T09:00:00+08:00")
    review.invite_experts()
    review.round_id = published.clerk.post("/rounds", {"campaign_id": CAMPAIGN, "round": "second-round"})["round_id"]
    return review


@pytest.fixture(scope="module")
def opened(declared: Review) -> Review:
    """The campaign's 评审细则 is declared and the experts are drawn."""
    declared.world.clerk.put(f"{declared.path}/rubric", {"rubric": None})
    declared.world.clerk.post(f"{declared.path}/open", {"expert_ids": declared.expert_ids()})
    return declared


@pytest.fixture(scope="module")
def scored(opened: Review) -> Review:
    """All but four ballots are there."""
    opened.world.at("2024-10-17T17:00:00+08:00")
    opened.score_all_but_four()
    return opened


@pytest.fixture(scope="module")
def closing(scored: Review) -> Review:
    """The last ballots are there, and the round is to end at 17:30."""
    scored.world.at("2024-10-17T17:29:00+08:00")
    scored.receipts += [paper.submit() for paper in scored.left]
    scored.world.clerk.post(f"{scored.path}/close", {"at": CLOSES})
    return scored


@pytest.fixture(scope="module")
def tallied(closing: Review) -> Review:
    """The round has ended and its ballots are added up."""
    closing.world.at(CLOSES)
    closing.world.clerk.until(closing.path, lambda told: told["state"] in {"tallied", "decided"}, seconds=30)
    return closing


@pytest.fixture(scope="module")
def decided(tallied: Review) -> Review:
    """The panel's decision on the tie is registered: the last two of the three."""
    (tie,) = tallied.world.clerk.get(f"{tallied.path}/tally")["ties"]
    told = {"outcome": tie["outcome"], "chosen": tie["works"][1:], "reason": REASON}
    tallied.world.clerk.post(f"{tallied.path}/ties", told)
    return tallied


@pytest.fixture(scope="module")
def confirmed(decided: Review) -> Review:
    """The head has confirmed the result."""
    decided.world.at("2024-10-18T10:00:00+08:00")
    assert decided.world.head.post(f"{decided.path}/confirm")["chosen"] == 30
    return decided


@pytest.fixture(scope="module")
def public(confirmed: Review) -> Review:
    """The result is published."""
    confirmed.world.clerk.post(f"{confirmed.path}/publish", {"level": "city"})
    return confirmed


def test_step_26_experts_wait_for_the_rubric(declared: Review) -> None:
    clerk, ask = declared.world.clerk, {"expert_ids": declared.expert_ids()}
    refused = refusal(clerk.post, f"{declared.path}/open", ask)
    assert refused.status == 409
    assert refused.message.startswith("评审细则尚未确定。开始评分后不能修改。")
    assert refusal(declared.world.head.put, f"{declared.path}/rubric", {"rubric": None}).status == 403
    rubric = clerk.put(f"{declared.path}/rubric", {"rubric": None})["rubric"]
    assert [(each["label"], each["max"]) for each in rubric["criteria"]] == [
        ("真实性", "25"),
        ("主题性", "25"),
        ("创新性", "25"),
        ("表现力", "25"),
    ]
    assert (rubric["experts_per_work"], rubric["tie"]["method"]) == (3, "复议")
    assert {cut["label"]: cut["through"] for cut in rubric["slate"]} == {"入围决赛": 10, "优秀作品": 30}


def test_step_27_places_are_drawn_evenly_and_never_of_ones_own_unit(opened: Review) -> None:
    told = opened.world.clerk.get(opened.path)
    assert (told["state_label"], told["works"], told["experts"]) == ("正在评审", 32, 9)
    assert told["outstanding"]["ballots"] == 96
    ballots = list(opened.ballots())
    assert Counter(ballot["title"] for _, ballot in ballots) == dict.fromkeys(opened.entries, 3)
    loads = Counter(expert.account["account_id"] for expert, _ in ballots)
    assert max(loads.values()) - min(loads.values()) <= 1
    own = [ballot["title"] for ballot in opened.experts[0].get("/ballots")["ballots"]]
    assert own
    assert KNOWN_UNIT not in {opened.entries[title].unit for title in own}


def test_step_27_an_expert_sees_the_work_and_not_whose_it_is(opened: Review) -> None:
    expert, ballot = next(opened.ballots())
    shown = expert.get(f"/ballots/{ballot['ballot_id']}")
    assert f"这里讲的是{ballot['title']}。" in shown["work"]["story"]
    (film,) = shown["work"]["files"]
    assert expert.call("GET", film["preview"])[4:8] == b"ftyp"
    assert opened.entries[ballot["title"]].unit not in json.dumps(shown["work"])
    for other in (*opened.experts[1:], opened.world.clerk, opened.world.visitor.other()):
        assert refusal(other.get, f"/ballots/{ballot['ballot_id']}").status in {401, 403, 404}


def test_step_27_a_recusal_finds_a_replacement_and_its_reason_stays_with_the_clerk(opened: Review) -> None:
    expert = opened.experts[4]
    ballot = next(ballot for other, ballot in opened.ballots() if other is expert)
    before = {who.account["account_id"] for who, each in opened.ballots() if each["title"] == ballot["title"]}
    told = expert.post(f"/ballots/{ballot['ballot_id']}/recuse", {"reason": "表演者是亲属。"})
    assert (told["state"], told["message"]) == ("recused", "已回避。")
    assert expert.get(f"/ballots/{ballot['ballot_id']}")["work"] is None
    refused = refusal(expert.post, f"/ballots/{ballot['ballot_id']}/submit", {"scores": {}})
    assert (refused.status, refused.message) == (409, "您已回避这件作品，评分表已关闭。")
    after = {who.account["account_id"] for who, each in opened.ballots() if each["title"] == ballot["title"]}
    assert (len(after), before - after) == (3, {expert.account["account_id"]})
    (reason,) = opened.world.clerk.get(f"{opened.path}/recusals")["recusals"]
    assert (reason["title"], reason["reason"]) == (ballot["title"], "表演者是亲属。")
    for other in (*opened.experts, opened.world.head, opened.world.liaison(KNOWN_UNIT)):
        assert refusal(other.get, f"{opened.path}/recusals").status == 403


def test_step_27_a_draft_becomes_a_ballot_that_can_be_changed_until_the_end(opened: Review) -> None:
    paper = next(paper for paper, _ in opened.papers() if paper.expert is opened.experts[2])
    path, expert = f"/ballots/{paper.ballot_id}", paper.expert
    drafted = expert.put(f"{path}/draft", {"scores": {"truth": "21"}})
    stale = {"If-Match": f'"{drafted["revision"] - 1}"'}
    assert expert.get(path)["draft"] == {"truth": "21"}
    assert refusal(expert.put, f"{path}/draft", {"scores": {"truth": "22"}}, headers=stale).status == 412
    assert refusal(expert.post, f"{path}/submit", {"scores": {"truth": "21"}}).status == 422
    assert refusal(paper.submit, truth="26").status == 422
    first = paper.submit(truth="1")
    assert (first["counted"], expert.get(path)["submitted"]["truth"]) == (True, "1")
    second = paper.submit(truth="2")
    assert second["ballot"]["replaces"] == first["commitment"]
    opened.receipts += [first, second]
    assert opened.world.clerk.get(opened.path)["outstanding"]["ballots"] == 95


def test_step_26_the_rubric_is_frozen_by_the_first_ballot(scored: Review) -> None:
    refused = refusal(scored.world.clerk.put, f"{scored.path}/rubric", {"rubric": None})
    assert refused.status == 409
    assert "评审细则不能再修改" in refused.message


def test_step_29_missing_ballots_hold_the_closing_and_are_asked_for(scored: Review) -> None:
    clerk = scored.world.clerk
    refused = refusal(clerk.post, f"{scored.path}/close")
    assert (refused.status, refused.message) == (409, "还有4份评分未提交，涉及3件作品，暂不能结束。")
    missing = Counter(str(paper.expert.account["account_id"]) for paper in scored.left)
    told = clerk.post(f"{scored.path}/reminders")
    assert (told["experts"], told["ballots"], told["unheld"], told["works"]) == (len(missing), 4, 0, [])
    assert told["message"] == f"已向{len(missing)}名评审专家催评，共4份评分表未提交。"
    for expert in scored.experts:
        count = missing[expert.account["account_id"]]
        told = expert.until(
            "/messages", lambda told, count=count: len(told["messages"]) == bool(count), template="ballots_reminder"
        )
        assert [f"催评：还有{count}份评分表未提交" in each["subject"] for each in told["messages"]] == [True] * bool(count)
    assert clerk.get("/messages", template="ballots_reminder")["messages"] == []


def test_step_29_the_last_millisecond_counts_and_the_closing_instant_does_not(closing: Review) -> None:
    paper, late = closing.left[0], closing.left[-1]
    closing.world.at(AMENDED)
    amended = paper.submit()
    assert amended["counted"]
    assert amended["message"] == "评分表已收到，收到时间10月17日17:29:59.999。评审结束前可以修改。"
    closing.world.at(CLOSES)
    kept = late.submit(truth="1")
    assert not kept["counted"]
    assert kept["message"] == "评审已于10月17日17:30结束，收到时间10月17日17:30:00.000。评分表已保存，不计入汇总。"
    closing.receipts.append(amended)
    closing.world.clerk.until(closing.path, lambda told: told["state"] == "tallied", seconds=30)
    assert late.expert.get(f"/ballots/{late.ballot_id}")["submitted"] == late.scores
    record = closing.world.clerk.call("GET", f"{closing.path}/record").decode()
    assert amended["commitment"] in record
    assert kept["commitment"] not in record
    refused = refusal(late.expert.put, f"/ballots/{late.ballot_id}/draft", {"scores": {}})
    assert (refused.status, refused.message) == (409, "评审已于10月17日17:30结束，草稿不再保存。")


def test_step_30_a_tie_waits_for_persons_and_their_reason(tallied: Review) -> None:
    clerk, head = tallied.world.clerk, tallied.world.head
    told = clerk.get(f"{tallied.path}/tally")
    assert {row["title"]: row["sum"] for row in told["rows"]} == {
        title: str(entry.total) for title, entry in tallied.entries.items()
    }
    (tie,) = told["ties"]
    assert (tie["message"], tie["places"], tie["outcome"]) == (TIE, 2, "selected")
    assert {row["work_id"] for row in told["rows"] if row["rank"] == 29} == set(tie["works"])
    assert {tallied.entries[row["title"]].total for row in told["rows"] if row["rank"] == 29} == {TIED}
    refused = refusal(head.post, f"{tallied.path}/confirm")
    assert (refused.status, refused.message) == (409, TIE)
    decision = {"outcome": "selected", "chosen": tie["works"][1:]}
    assert refusal(clerk.post, f"{tallied.path}/ties", {**decision, "reason": ""}).message == "请填写复议理由。"
    everybody = {**decision, "chosen": tie["works"], "reason": REASON}
    assert refusal(clerk.post, f"{tallied.path}/ties", everybody).message == "选了3件，应为2件。"
    assert refusal(head.post, f"{tallied.path}/ties", {**decision, "reason": REASON}).status == 403


def test_step_30_the_head_confirms_and_only_then_is_anything_published(decided: Review) -> None:
    clerk, visitor = decided.world.clerk, decided.world.visitor
    (tie,) = clerk.get(f"{decided.path}/tally")["ties"]
    assert tie["chosen"] == sorted(tie["works"][1:])
    assert refusal(clerk.post, f"{decided.path}/confirm").status == 403
    refused = refusal(clerk.post, f"{decided.path}/publish", {"level": "city"})
    assert (refused.status, refused.message) == (409, "本轮次已汇总评分，等待负责人确认结果，现在不能公布结果。")
    assert visitor.get("/results", campaign_id=CAMPAIGN)["results"] == []
    assert refusal(visitor.get, "/record/heads", round=decided.round_id).status == 404


def test_step_30_thirty_are_chosen_and_ten_go_to_the_final(public: Review) -> None:
    chosen = public.chosen()
    assert Counter(chosen.values()) == {"优秀作品（入围决赛）": 10, "优秀作品": 20}
    rows = public.world.clerk.get(f"{public.path}/tally")["rows"]
    assert {row["work_id"]: row["outcome_label"] for row in rows if row["outcome"]} == chosen
    best = sorted(public.entries.values(), key=lambda entry: -entry.total)
    assert [chosen[entry.work_id] for entry in best[:28]] == ["优秀作品（入围决赛）"] * 10 + ["优秀作品"] * 18
    (tie,) = public.world.clerk.get(f"{public.path}/tally")["ties"]
    assert {entry.work_id for entry in best[28:]} - chosen.keys() == {tie["works"][0], best[31].work_id}
    assert public.state() == "published"


def test_step_30_the_result_reaches_every_unit_and_no_expert(public: Review) -> None:
    told = public.world.clerk.until("/messages", lambda told: len(told["messages"]) == 20, template="result")
    assert {each["recipient"].partition("/")[0] for each in told["messages"]} == {"unit"}
    chosen = public.chosen()
    for unit in ("yunzhan", "tongdu"):
        (letter,) = public.world.liaison(unit).get("/messages", template="result")["messages"]
        named = [entry for entry in public.entries.values() if f"《{entry.title}》" in letter["text"]]
        assert {entry.work_id for entry in named} == {
            entry.work_id for entry in public.entries.values() if entry.unit == unit and entry.work_id in chosen
        }
    (other,) = public.world.liaison("shiqiao").get("/messages", template="result")["messages"]
    assert "公布的名单请在平台上查看。" in other["text"]
    for expert in public.experts:
        assert expert.get("/messages", template="result")["messages"] == []
        assert expert.get("/messages", template="ballots_assigned")["messages"]


def test_step_35_the_public_finds_what_was_released_and_nothing_tells_of_the_rest(public: Review) -> None:
    chosen, visitor = public.chosen(), public.world.visitor
    winners = [entry for entry in public.entries.values() if entry.work_id in chosen]
    loser = next(entry for entry in public.entries.values() if entry.work_id not in chosen)
    unreleased, taken_back, *shown = winners[:4]
    assert refusal(public.world.head.post, f"/works/{unreleased.work_id}/release", {"released": True}).status == 409
    for entry, given, released in (
        (loser, True, True),
        (unreleased, True, False),
        (taken_back, True, True),
        (taken_back, False, False),
        *((entry, True, True) for entry in shown),
    ):
        consent = {"given": given, "given_by": "申报人", "form": "paper"}
        public.world.liaison(entry.unit).post(f"/works/{entry.work_id}/consent", consent)
        if released:
            public.world.head.post(f"/works/{entry.work_id}/release", {"released": True, "note": "终审"})
    found = visitor.until("/stories", lambda told: told["total"] == len(shown), q="夜校", seconds=20)
    for told in (found, visitor.get("/stories", q="夜校", order="newest"), visitor.get("/stories")):
        assert {hit["work_id"] for hit in told["hits"]} == {entry.work_id for entry in shown}
        assert told["total"] == len(shown)
        assert {sum(counts.values()) for counts in told["facets"].values()} == {len(shown)}
    for hidden in (loser, unreleased, taken_back):
        assert hidden.work_id not in {hit["work_id"] for hit in visitor.get("/stories", q=hidden.title)["hits"]}
        assert refusal(visitor.get, f"/stories/{hidden.work_id}").status == 404
    assert visitor.get(f"/stories/{shown[0].work_id}")["films"]


def test_step_40_a_stranger_recomputes_the_result_from_the_record(public: Review, tmp_path: Path) -> None:
    record, head = exported(public, tmp_path)
    kept = {(line["opens"], line["nonce"]) for line in lines(record) if "opens" in line}
    counted = {(receipt["commitment"], receipt["nonce"]) for receipt in public.receipts}
    assert counted == kept
    for program in (script, ledger):
        code, told = program(record, head)
        assert (code, told["verified"], told["witnessed"], told["head"]) == (VERIFIED, True, True, head)
        (computed,) = told["rounds"]
        assert computed["published"]
        assert {row["work"]: row["label"] for row in computed["placed"] if row["outcome"]} == public.chosen()
        assert program(record)[0] == NOT_WITNESSED


def test_step_40_every_change_of_the_record_is_found(public: Review, tmp_path: Path) -> None:
    record, head = exported(public, tmp_path)
    changes: dict[str, Callable[[list[Any]], None]] = {
        "a score": lambda told: told[-1]["ballot"]["scores"].update(truth="0"),
        "a reason": lambda told: entry_of(told, "tie.decided")["payload"].update(reason="另有原因。"),
        "a missing ballot": lambda told: told.pop(),
        "a missing entry": lambda told: told.remove(entry_of(told, "seat.recused")),
        "a tail cut off": lambda told: told.remove(entry_of(told, "result.published")),
        "a result written anew": swap_chosen,
        "all written anew": rewrite_reason,
    }
    for name, change in changes.items():
        told = lines(record)
        change(told)
        changed = tmp_path / "changed.jsonl"
        changed.write_text("".join(f"{canonical(line)}\n" for line in told), encoding="utf-8")
        assert script(changed, head)[0] == BROKEN, name
    assert ledger(changed, head)[0] == BROKEN


def test_step_40_what_is_written_anew_deceives_only_who_kept_no_head(public: Review, tmp_path: Path) -> None:
    record, _ = exported(public, tmp_path)
    told = lines(record)
    rewrite_reason(told)
    record.write_text("".join(f"{canonical(line)}\n" for line in told), encoding="utf-8")
    assert script(record)[0] == NOT_WITNESSED


def test_step_39_next_year_the_work_is_known_and_nothing_is_blocked(public: Review) -> None:
    world, campaign = public.world, "jiangzhou-2025"
    world.at("2025-03-12T09:00:00+08:00")
    files = {"campaign": f"{campaign}.yaml", "units": "units/jiangzhou.yaml"}
    drafted = world.clerk.post("/campaigns", {name: (CAMPAIGNS / path).read_text() for name, path in files.items()})
    for reading in drafted["readings"]:
        world.clerk.put(f"/campaigns/{campaign}/readings/{reading['id']}", {"option": reading["default"]})
    world.clerk.post(f"/campaigns/{campaign}/publication")
    world.head.post(f"/campaigns/{campaign}/publication/confirmation")
    issued = world.clerk.get("/invitations", campaign_id=campaign)["invitations"]
    code = next(each["code"] for each in issued if (each["unit_id"], each["role"]) == (KNOWN_UNIT, "liaison"))
    liaison = world.liaison(KNOWN_UNIT)
    liaison.post("/invitations/redemption", {"code": code})
    fields = {"title": KNOWN, "entrant": f"{KNOWN}学习小组", "story": "一年以后，第四代人也坐到了灯下。"}
    entered = liaison.post("/works", {"campaign_id": campaign, "track": "stories", "fields": fields})
    told = liaison.until(f"/works/{entered['work_id']}", lambda told: told["hint"] is not None, seconds=20)
    said = "往年记录：2024年市级优秀作品（入围决赛），申报单位同名。本通知未规定往年作品不得再报，仅作提示。"
    assert (told["hint"]["answer"], told["hint"]["sentence"], told["state"]) == ("clear", said, "draft")


def exported(review: Review, folder: Path) -> tuple[Path, str]:
    """Write the exported record and return it with the last head that notify witnessed, as everybody may read it."""
    file = folder / "record.jsonl"
    file.write_bytes(review.world.clerk.call("GET", f"{review.path}/record"))
    height = review.world.clerk.get(review.path)["record"]["height"]
    told = review.world.visitor.until(
        "/record/heads", lambda told: told["heads"][-1]["height"] == height, round=review.round_id
    )
    assert told["contradictory_heights"] == []
    return file, str(told["heads"][-1]["head"])


def script(record: Path, *heads: str) -> tuple[int, dict[str, Any]]:
    """Verify by the file that stands alone, in a Python that sees nothing else."""
    return _verified([sys.executable, "-I", str(ROOT / "docs/verify_record.py"), str(record)], *heads)


def ledger(record: Path, *heads: str) -> tuple[int, dict[str, Any]]:
    """Verify by the product's own command."""
    return _verified([sys.executable, "-m", "services", "ledger", "verify", str(record)], *heads)


def _verified(command: list[str], *heads: str) -> tuple[int, dict[str, Any]]:
    given = [word for head in heads for word in ("--head", head)]
    done = subprocess.run([*command, *given, "--json"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, dict(json.loads(done.stdout))


def lines(record: Path) -> list[Any]:
    return [json.loads(line) for line in record.read_text("utf-8").splitlines()]


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def entry_of(told: list[Any], kind: str) -> Any:
    return next(line for line in told if line.get("kind") == kind)


def swap_chosen(told: list[Any]) -> None:
    """Exchange a chosen and a rejected work in the confirmed result."""
    chosen = entry_of(told, "result.confirmed")["payload"]["chosen"]
    rows = entry_of(told, "tally.computed")["payload"]["rows"]
    rejected = next(row["work"] for row in rows if row["work"] not in {each["work"] for each in chosen})
    chosen[-1]["work"] = rejected
    chosen.sort(key=lambda each: each["work"])
    rehash(told)


def rewrite_reason(told: list[Any]) -> None:
    """Change a word of a reason, and write all that follows anew so that the chain is whole."""
    entry_of(told, "tie.decided")["payload"]["reason"] = "另有原因，不便说明。"
    rehash(told)


def rehash(told: list[Any]) -> None:
    before = "0" * 64
    for line in told:
        if "seq" in line:
            line["prev"] = before
            body = {name: value for name, value in line.items() if name != "hash"}
            before = line["hash"] = hashlib.sha256(canonical(body).encode()).hexdigest()
