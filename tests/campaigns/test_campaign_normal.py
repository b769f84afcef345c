"""The normalised campaign: stable bytes, a hash that means what it says, exports, readings and copies."""

from __future__ import annotations

import hashlib
import json

import pytest
from campaign_files import CAMPAIGNS, faults_of

from services.campaigns.files import read_campaign
from services.campaigns.loader import UnknownChoiceError, load_campaign
from services.campaigns.models import Campaign, PriorWinnerRule
from services.campaigns.normal import campaign_hash, canonical_json
from services.campaigns.slots import Duration, FileSize, Resolution, Slot

# A hash stands in every verdict and receipt: a change here is a change of the rules or of the language, never by accident.
GOLDEN = {
    "s0-shanghai-2024-stories": "ca32bd8a6810f90780899bedb816f346272a24045526018176953f3eb189b5e0",
    "s0-rehearsal": "c758b8c59754e54300f33f8f1359bbdcc34fc8e227e5577f39c035c92fd1c721",
    "test-s2-photos": "133e721988daf6ae294761bd7c5ff06852abc7d57e46f1d2da7b348c634c0339",
    "jiangzhou-2025": "958e809290bdf756435e777c90d2c89924af072614fcd071c791f5957c0bd0ed",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_hash_of_a_campaign_is_stable(name: str) -> None:
    assert campaign_hash(read_campaign(CAMPAIGNS / f"{name}.yaml")) == GOLDEN[name]


@pytest.mark.parametrize("name", GOLDEN)
def test_an_export_read_again_is_the_same_campaign(name: str) -> None:
    campaign = read_campaign(CAMPAIGNS / f"{name}.yaml")
    exported = canonical_json(campaign)
    again = load_campaign(exported, "export.json")
    assert again == campaign
    assert canonical_json(again) == exported
    assert campaign_hash(again) == hashlib.sha256(exported).hexdigest()
    assert Campaign.model_validate_json(exported) == campaign


def test_the_order_of_keys_and_comments_do_not_matter(s0: Campaign, s0_text: str) -> None:
    head, tail = s0_text.split("terms:\n", 1)
    terms, rest = tail.split("\n\n", 1)
    shuffled = "\n".join(reversed(terms.split("\n")))
    moved = load_campaign(f"{head}terms:\n{shuffled}\n\n# a remark\n{rest}".encode(), "s0.yaml")
    assert campaign_hash(moved) == campaign_hash(s0)


def test_every_option_of_every_reading_changes_the_hash(s0: Campaign, s0_text: str) -> None:
    hashes = {campaign_hash(s0)}
    for reading in s0.readings:
        for option in reading.options:
            chosen = load_campaign(s0_text.encode(), "s0.yaml", choices={reading.id: option.id})
            assert (campaign_hash(chosen) == campaign_hash(s0)) == (option.id == reading.default)
            hashes.add(campaign_hash(chosen))
    assert len(hashes) == 7


def test_a_reading_is_resolved_into_the_rule_and_its_words(s0_text: str) -> None:
    decimal = load_campaign(s0_text.encode(), "s0.yaml", choices={"one-g": "decimal"})
    (size,) = [rule for rule in video(decimal).rules if isinstance(rule, FileSize)]
    assert (size.max_bytes, size.reading) == (1_000_000_000, "1G按1,000,000,000字节")
    assert size.asked() == "应在1G以内（本活动按1,000,000,000字节）"


def test_a_reading_says_what_it_resolves(s0: Campaign) -> None:
    places = {reading.id: reading.resolves for reading in s0.readings}
    assert places["by-july-15"] == ("deadlines.1.closes",)
    assert places["may-recommend"] == ("quotas.1.below_min", "quotas.2.below_min")
    assert all(places.values())


def test_a_reading_that_decides_nothing_is_a_fault(s0_text: str) -> None:
    unused = s0_text.replace("base: {by: one-g, binary: binary, decimal: decimal}", "base: binary")
    (fault,) = faults_of(unused)
    assert fault.message == "读法“one-g”没有被任何规则使用"


def test_an_export_has_its_readings_chosen(s0: Campaign) -> None:
    exported = canonical_json(s0)
    assert load_campaign(exported, "e.json", choices={"one-g": "binary"}) == s0
    with pytest.raises(UnknownChoiceError):
        load_campaign(exported, "e.json", choices={"one-g": "decimal"})


def test_an_export_is_checked_like_a_file(s0: Campaign) -> None:
    data = json.loads(canonical_json(s0))
    data["quotas"][0]["cite"] = "通知九"
    data["stages"][1]["opens"] = "2024-07-11T16:00:00Z"
    messages = [fault.message for fault in faults_of(json.dumps(data))]
    assert any("通知没有条款“通知九”" in message for message in messages)


def test_the_rehearsal_copies_everything_but_lengths_and_sizes(s0: Campaign) -> None:
    copy = read_campaign(CAMPAIGNS / "s0-rehearsal.yaml")
    assert (copy.rehearsal, copy.copy_of) == (True, s0.id)
    lengths = [rule for rule in video(copy).rules if isinstance(rule, Duration)]
    assert [(rule.min_s, rule.max_s, rule.cite) for rule in lengths] == [(5, 8, "附件1 二（一）")]
    assert [rule.min_short_side_px for rule in video(copy).rules if isinstance(rule, Resolution)] == [720]
    same = {"id", "title", "rehearsal", "copy_of", "tracks"}
    assert copy.model_dump(exclude=same) == s0.model_dump(exclude=same)
    assert [rule.kind for rule in video(copy).rules] == [rule.kind for rule in video(s0).rules]


def test_a_copy_may_add_to_a_list_by_name(s0_text: str) -> None:
    text = (
        "extends: base\nas: copy\nid: copy\nrehearsal: true\n"
        "awards: [{id: fourth, label: 鼓励奖, count: 2, measure: 名, stage: final, cite: 本活动约定}, {id: first, count: 3}]\n"
    )
    copy = load_campaign(text.encode(), "copy.yaml", bases={"base": s0_text.encode()}.get)
    assert [(award.id, award.count) for award in copy.awards][::4] == [("excellent", 20), ("fourth", 2)]
    assert [award.count for award in copy.awards if award.id == "first"] == [3]


def test_next_year_one_track_excludes_and_one_only_notes() -> None:
    campaign = read_campaign(CAMPAIGNS / "jiangzhou-2025.yaml")
    assert {track.id: rules(track.prior_winners) for track in campaign.tracks} == {
        "stories": [("note", "work", "any", None, "本活动约定")],
        "stars": [("exclude", "person", "at_least", "city", "一（二）")],
    }


def rules(prior: tuple[PriorWinnerRule, ...]) -> list[tuple[str, str, str, str | None, str]]:
    return [(rule.effect, rule.subject, rule.level.match, rule.level.level, rule.cite) for rule in prior]


def video(campaign: Campaign) -> Slot:
    slot = campaign.slot("video")
    assert slot is not None
    return slot


def test_a_campaign_cannot_be_changed(s0: Campaign) -> None:
    with pytest.raises(ValueError, match="frozen"):
        s0.title = "x"  # type: ignore[misc]
