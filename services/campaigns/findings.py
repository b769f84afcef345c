"""What a rule says of a thing: findings, their severity, and the verdict over them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value of the campaign language: immutable, and closed to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Severity(StrEnum):
    """How much a finding weighs, lightest first."""

    WARN = "warn"
    ASK = "ask"
    BLOCK = "block"


class Verdict(StrEnum):
    """The worst severity among the findings; `clean` without any; `unjudged` when nothing could be measured."""

    CLEAN = "clean"
    WARN = "warn"
    ASK = "ask"
    BLOCK = "block"
    UNJUDGED = "unjudged"


class Rule(Frozen):
    """The part every rule has.

    A kind of rule is a subclass with `kind: Literal[...]` and parameters whose names carry their unit
    (`min_s`, `max_bytes`). `cite` is a clause of the notice, 本活动约定 or 平台要求.
    """

    severity: Severity = Severity.BLOCK
    cite: str
    reading: str | None = None


class Finding(Frozen):
    """One fault or question: what was measured, what is asked, by which clause.

    `message` is the whole Chinese sentence; `at_s` and `until_s` are seconds from the start of the medium.
    """

    check: str
    severity: Severity
    measured: str
    required: str
    reading: str | None = None
    cite: str
    message: str
    at_s: float | None = None
    until_s: float | None = None


def verdict(findings: Iterable[Finding]) -> Verdict:
    """Return the worst of the findings, `clean` when there is none."""
    order = list(Severity)
    worst = max((order.index(finding.severity) for finding in findings), default=-1)
    return Verdict.CLEAN if worst < 0 else Verdict(order[worst].value)
