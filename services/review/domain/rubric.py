"""评审细则: what experts score, how many read a work, how ties are decided and who is chosen.

Everything that decides a result is declared here, and hashed, before the first ballot (design §8).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.models.review import Round
from services.review.domain.canonical import Algorithm, canonical, digest
from services.review.domain.faults import NotNow, RubricFixed
from services.review.domain.points import Points, canonical_points, exact

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Label = Annotated[str, Field(min_length=1, max_length=60)]


class Criterion(Frozen):
    """One 评审标准 with its range and step in points, bounds included."""

    id: Slug
    label: Label
    min: Points = "0"
    max: Points
    step: Points = "1"

    @model_validator(mode="after")
    def _range_holds_whole_steps(self) -> Self:
        low, high, step = exact(self.min), exact(self.max), exact(self.step)
        if step <= 0 or low >= high or (high - low) % step:
            raise ValueError(f"{self.label}：{self.min}—{self.max}分不能按{self.step}分一档划分")
        return self


class Cut(Frozen):
    """The works ranked 1 to `through` that no tighter cut holds get this outcome; `label` is the campaign's word."""

    outcome: Slug
    label: Label
    through: int = Field(ge=1, le=100_000)


class TieMethod(StrEnum):
    """How people decide between works of the same score."""

    RECONSIDER = "复议"
    SECOND_VOTE = "二次评议"


_METHODS = {"panel": TieMethod.RECONSIDER, "second_ballot": TieMethod.SECOND_VOTE}


class TieRule(Frozen):
    """Who comes first among equals is a person's decision; `words` ask for it and name the article that says so."""

    method: TieMethod = TieMethod.RECONSIDER
    words: Label


class Calibration(StrEnum):
    """Whether an expert's level is taken out of the scores.

    `EXPERT_MEAN`: from each total the mean of that expert's totals is subtracted and the mean of all totals is
    added. It needs one pseudonym for an expert in the whole round, so that anybody can recompute it.
    """

    NONE = "none"
    EXPERT_MEAN = "expert-mean"


class Rubric(Frozen):
    """The 评审细则 of one round."""

    v: Literal[1] = 1
    title: Label = "评审细则"
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=40)
    experts_per_work: int = Field(ge=1, le=99)
    calibration: Calibration = Calibration.NONE
    tie: TieRule
    slate: tuple[Cut, ...] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _names_are_unique_and_cuts_grow(self) -> Self:
        if repeated := _repeated([criterion.id for criterion in self.criteria]):
            raise ValueError(f"评审标准的编号重复：{repeated}")
        if repeated := _repeated([cut.outcome for cut in self.slate]):
            raise ValueError(f"评审结果的编号重复：{repeated}")
        if any(wide.through <= tight.through for tight, wide in pairwise(self.slate)):
            raise ValueError("各档入选件数须从少到多，逐档累计")
        return self

    def label(self, outcome: str) -> str:
        """Return what an outcome is called: the widest cut's word, a tighter one in brackets (优秀作品（入围决赛）)."""
        widest = self.slate[-1]
        cut = next(cut for cut in self.slate if cut.outcome == outcome)
        return widest.label if cut is widest else f"{widest.label}（{cut.label}）"

    def hash(self, alg: Algorithm) -> str:
        """Return the hash of the canonical JSON, which the record and every tally name."""
        return digest(alg, canonical(self.model_dump(mode="json")))


def campaign_rubric(campaign_round: Round) -> Rubric:
    """Return the 评审细则 that a campaign's file proposes for a round; its outcomes stand widest first."""
    step = _spelt(campaign_round.rubric.step)
    return Rubric(
        criteria=tuple(
            Criterion(id=one.id, label=one.label, max=_spelt(one.points), step=step) for one in campaign_round.rubric.criteria
        ),
        experts_per_work=campaign_round.experts_per_work,
        tie=TieRule(method=_METHODS[campaign_round.tie.decided_by], words=campaign_round.tie.words),
        slate=tuple(Cut(outcome=one.id, label=one.label, through=one.count) for one in reversed(campaign_round.outcomes)),
    )


def _spelt(points: Decimal) -> str:
    return canonical_points(format(points, "f"))


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for index, name in enumerate(names) if name in names[:index]), None)


def require_declared(rubric: Rubric | None) -> Rubric:
    """Return the rubric; NotNow before there is one (story 26)."""
    if rubric is None:
        raise NotNow("评审细则尚未确定。开始评分后不能修改。请先登记评审细则，再分配专家。")
    return rubric


def refuse_change(*, ballots: int) -> None:
    """RubricFixed once a ballot was submitted; until then a rubric may be declared anew."""
    if ballots:
        raise RubricFixed(f"已收到{ballots}份评分表，评审细则不能再修改。")
