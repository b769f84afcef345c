"""评分表: scores as text against the 评审细则, and the commitment under which a ballot enters the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from services.review.domain.canonical import Algorithm, Json, commit
from services.review.domain.faults import BallotFault
from services.review.domain.points import canonical_points, exact
from services.review.domain.rubric import Criterion, Rubric

SHOWN_LIMIT = 20


class SeatState(StrEnum):
    """Where an expert's reading of one work stands."""

    ASSIGNED = "assigned"
    SUBMITTED = "submitted"
    RECUSED = "recused"


def submitted_scores(rubric: Rubric, given: Mapping[str, object]) -> dict[str, str]:
    """Return the canonical scores, one for each criterion; BallotFault with a sentence for every fault at once."""
    scores, faults = _read(rubric, given)
    if missing := [criterion.label for criterion in rubric.criteria if criterion.id not in given]:
        faults.append(f"还缺{len(missing)}项评分：{'、'.join(missing)}。请补全后提交。")
    return _or_raise(scores, faults)


def draft_scores(rubric: Rubric, given: Mapping[str, object]) -> dict[str, str]:
    """Return the canonical scores of a draft, which may lack criteria; BallotFault as for a ballot."""
    return _or_raise(*_read(rubric, given))


def _or_raise(scores: dict[str, str], faults: list[str]) -> dict[str, str]:
    if faults:
        raise BallotFault(faults)
    return scores


def _read(rubric: Rubric, given: Mapping[str, object]) -> tuple[dict[str, str], list[str]]:
    known = {criterion.id: criterion for criterion in rubric.criteria}
    faults = [f"“{name[:SHOWN_LIMIT]}”不是{rubric.title}的评审标准，请删去。" for name in given if name not in known]
    scores: dict[str, str] = {}
    for criterion in rubric.criteria:
        if criterion.id not in given:
            continue
        try:
            scores[criterion.id] = _score(rubric, criterion, given[criterion.id])
        except BallotFault as fault:
            faults.extend(fault.sentences)
    return scores, faults


def _score(rubric: Rubric, criterion: Criterion, value: object) -> str:
    if not isinstance(value, str):
        raise BallotFault(f"{criterion.label}的评分须写成文字，如“{criterion.max}”。请改写后提交。")
    try:
        text = canonical_points(value)
    except ValueError:
        found = value[:SHOWN_LIMIT]
        raise BallotFault(f"{criterion.label}的评分“{found}”不是{_asked(rubric, criterion)}") from None
    points = exact(text)
    if not exact(criterion.min) <= points <= exact(criterion.max):
        raise BallotFault(f"{criterion.label}{text}分，应为{_asked(rubric, criterion)}")
    if (points - exact(criterion.min)) % exact(criterion.step):
        raise BallotFault(f"{criterion.label}{text}分，应以{criterion.step}分为一档（{rubric.title}）。请修改后提交。")
    return text


def _asked(rubric: Rubric, criterion: Criterion) -> str:
    return f"{criterion.min}—{criterion.max}分的数（{rubric.title}）。请修改后提交。"


def total(scores: Mapping[str, str]) -> Fraction:
    """Return the exact sum of the points."""
    return sum((exact(points) for points in scores.values()), Fraction(0))


@dataclass(frozen=True)
class Ballot:
    """What is committed: the work, the pseudonym, the scores and the commitment of the ballot it replaces (§8)."""

    work: str
    pseudonym: str
    scores: Mapping[str, str]
    replaces: str | None = None

    def content(self) -> Json:
        """Return the JSON value that is hashed with the nonce."""
        return {
            "pseudonym": self.pseudonym,
            "replaces": self.replaces,
            "scores": dict(self.scores),
            "work": self.work,
        }

    def commitment(self, alg: Algorithm, nonce: bytes) -> str:
        """Return the commitment that stands in the record for this ballot."""
        return commit(alg, nonce, self.content())


def panel_tie(work: str, name: str, expert: str) -> Json:
    """Return the JSON value of the second commitment, which ties a pseudonym to an expert for the supervisor alone."""
    return {"expert": expert, "pseudonym": name, "work": work}
