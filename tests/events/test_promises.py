"""What each event version promised once, it keeps: no field removed, retyped, newly required or promised no more."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from pydantic import create_model

from scripts.freeze_events import broken, broken_promises, goldens, promised, shape
from services.kernel.contracts.envelope import Event, Payload
from services.kernel.contracts.topics import TOPICS, Tier

KEPT = goldens()
NOW = promised()


def test_every_event_is_frozen_and_none_was_removed():
    assert sorted(KEPT) == sorted(NOW), "run scripts/freeze_events.py"


@pytest.mark.parametrize("name", sorted(KEPT))
def test_no_promise_is_broken(name):
    assert broken_promises(KEPT[name], NOW[name]) == []


@pytest.mark.parametrize("name", sorted(KEPT))
def test_every_field_that_was_added_is_frozen_too(name):
    assert KEPT[name]["fields"] == shape(NOW[name]), "run scripts/freeze_events.py"


@pytest.mark.parametrize("name", sorted(KEPT))
def test_the_golden_example_is_still_read_and_nothing_of_it_is_lost(name):
    data = dict(KEPT[name]["example"]["data"])
    personal = data.pop("personal", None)
    read = NOW[name].read(json.dumps(data).encode(), None if personal is None else json.dumps(personal).encode())
    now = json.loads(read.model_dump_json())
    kept = data if personal is None else {**data, "personal": personal}
    assert {field: now[field] for field in kept} == kept


@pytest.mark.parametrize("name", sorted(KEPT))
def test_the_envelope_of_the_example_is_cloudevents(name):
    example = KEPT[name]["example"]
    required = {
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "datacontenttype",
        "dataschema",
        "sequence",
        "logepoch",
    }
    assert required <= set(example)
    assert (example["specversion"], example["type"]) == ("1.0", name)
    assert example["dataschema"] == f"urn:laurel:schema:{name}"
    assert datetime.fromisoformat(example["time"]).tzinfo is not None
    assert all(attribute.isalnum() and attribute == attribute.lower() for attribute in example)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_personal_fields_stand_in_their_own_part_and_on_internal_topics(name):
    kept = KEPT[name]
    has_personal = any(path.partition(".")[0].partition("{")[0] == "personal" for path in kept["fields"])
    assert has_personal == (kept["tier"] == "T2")
    if has_personal:
        assert TOPICS[kept["topic"]].tier is Tier.T2
        assert ".internal." in kept["topic"]


class Inner(Payload):
    a: int
    b: str | None = None


class Before(Payload):
    kept: str
    inner: tuple[Inner, ...]
    choice: int | None = None


def changed(**fields):
    return shape(create_model("Now", __base__=Payload, **fields))


SAME = {"kept": (str, ...), "inner": (tuple[Inner, ...], ...), "choice": (int | None, None)}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (SAME, []),
        (SAME | {"more": (int | None, None)}, []),
        (SAME | {"more": (tuple[Inner, ...], ())}, []),
        (SAME | {"more": (int, ...)}, ["more is new and required"]),
        ({name: SAME[name] for name in ("kept", "inner")}, ["choice was removed"]),
        (SAME | {"kept": (int, ...)}, ["kept was string, is integer"]),
        (SAME | {"kept": (str | None, ...)}, ["kept was string, is string | null"]),
        (SAME | {"kept": (str, "")}, ["kept is no longer always there"]),
        (SAME | {"choice": (int | None, ...)}, ["choice is required now"]),
        (
            SAME | {"inner": (tuple[create_model("I", __base__=Inner, c=(int, ...)), ...], ...)},
            ["inner[].c is new and required"],
        ),
        (
            SAME | {"inner": (tuple[create_model("I", __base__=Payload, a=(str, ...)), ...], ...)},
            ["inner[].b was removed", "inner[].a was integer, is string"],
        ),
    ],
)
def test_a_planted_change_is_told_exactly_when_it_breaks_a_promise(fields, told):
    assert broken(shape(Before), changed(**fields)) == told


def test_a_moved_event_breaks_its_promise():
    name = "laurel.work.listed.v1"
    kept = KEPT[name] | {"topic": "laurel.internal.intake.other.v1", "subject": "work/{other}"}
    assert [told.partition(" was ")[0] for told in broken_promises(kept, NOW[name])] == ["topic", "subject"]


def test_an_event_above_its_topics_tier_cannot_be_declared():
    with pytest.raises(TypeError, match="T2"):

        class Leak(Event, fact="test.leak", topic=TOPICS["laurel.public.review.result.v1"], subject="x"):
            personal: Inner
