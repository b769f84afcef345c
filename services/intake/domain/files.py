"""A work's files: what a slot still lacks, what of a report is still open, and the state of each in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Check(StrEnum):
    """How far the checking of a file is."""

    QUEUED = "queued"
    JUDGED = "judged"
    UNJUDGED = "unjudged"

    @property
    def label(self) -> str:
        """The state as people read it."""
        return {"queued": "核验中", "judged": "已核验", "unjudged": "未能核验"}[self.value]


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on a file and the keys of the findings that a person has ticked."""

    check: Check
    findings: Sequence[Mapping[str, Any]] = ()
    ticked: frozenset[str] = field(default_factory=frozenset)

    @property
    def blocks(self) -> list[Mapping[str, Any]]:
        """What must be mended."""
        return [found for found in self.findings if found["severity"] == "block"]

    @property
    def asks(self) -> list[Mapping[str, Any]]:
        """The questions that nobody has answered."""
        return [found for found in self.findings if found["severity"] == "ask" and found["key"] not in self.ticked]


def keyed(findings: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings, each with a key of its own within the report: its check, numbered where it occurs again."""
    counts: dict[str, int] = {}
    told = []
    for found in findings:
        number = counts[found["check"]] = counts.get(found["check"], 0) + 1
        told.append({"key": found["check"] if number == 1 else f"{found['check']}:{number}", **found})
    return told


def open_sentence(reports: Sequence[Report]) -> str | None:
    """Return what of the checking is not done yet, None when nothing is.

    “1项须修改，核验中1个，2项待人工核实。”
    """
    blocks = sum(len(report.blocks) for report in reports)
    asks = sum(len(report.asks) for report in reports)
    queued = sum(report.check is Check.QUEUED for report in reports)
    unjudged = sum(report.check is Check.UNJUDGED for report in reports)
    parts = [
        f"{blocks}项须修改" if blocks else "",
        f"核验中{queued}个" if queued else "",
        f"未能核验{unjudged}个" if unjudged else "",
        f"{asks}项待人工核实" if asks else "",
    ]
    told = "，".join(part for part in parts if part)
    return f"{told}。" if told else None
