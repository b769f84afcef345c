"""The page on the record names every kind of entry with exactly its fields."""

import re
from pathlib import Path

from services.review.domain.payloads import PAYLOADS

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text("utf-8")


def test_every_kind_of_entry_is_described_with_its_fields() -> None:
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z]+)` \|([^|]*)\|", PAGE, re.MULTILINE))
    assert list(rows) == list(PAYLOADS)
    for kind, model in PAYLOADS.items():
        told = set(re.findall(r"`(\w+)`", re.sub(r"\[.*?\]", "", rows[kind])))
        assert told == set(model.model_fields) - {"round"}, kind
