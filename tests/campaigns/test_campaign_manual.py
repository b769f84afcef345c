"""The manual's tables are made from the models, and its examples are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

from services.campaigns.evaluation.works import judge_work
from services.campaigns.loader import load_campaign, load_work
from services.campaigns.manual import filled
from services.campaigns.models import Campaign
from services.campaigns.slots import RULES

MANUAL = Path(__file__).parents[2] / "docs" / "campaigns.md"


def test_the_tables_are_those_of_the_models() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    renew = 'python -c \'from pathlib import Path; from services.campaigns.manual import filled; p = Path("docs/campaigns.md")'
    assert manual == filled(manual), f"renew with: {renew}; p.write_text(filled(p.read_text()))'"


def test_every_kind_stands_in_the_table() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| `{rule.model_fields['kind'].default}` | {rule.label} |" in manual


def test_the_example_of_a_copy_is_read(s0_text: str) -> None:
    example = block("yaml", "extends:")
    copy = load_campaign(example.encode(), "copy.yaml", bases={"s0-shanghai-2024-stories": s0_text.encode()}.get)
    assert copy.rehearsal


def test_the_example_of_a_work_lacks_nothing(s0: Campaign) -> None:
    work = load_work(block("json", "unit_type").encode(), "work.json")
    findings = judge_work(s0, work.track or "", work.unit_type, work.fields, work.counts())
    assert findings == ()
    assert json.loads(block("json", "unit_type"))["slots"] == {"video": ["story.mp4"]}


def block(language: str, part: str) -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.DOTALL)
    return next(each for each in blocks if part in each)
