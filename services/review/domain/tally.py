"""评分汇总: exact sums, means and ranks. Nothing is rounded before it is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from services.review.domain.ballots import Ballot, total
from services.review.domain.rubric import Calibration, Rubric


class Row(NamedTuple):
    """A work's place: the exact sum and mean of its ballots; equal means share the rank of the first (1, 2, 2, 4)."""

    work: str
    total: Fraction
    mean: Fraction
    rank: int


def tally(rubric: Rubric, ballots: Iterable[Ballot]) -> list[Row]:
    """Return the rows by rank, equals by work id. Each work has at least one ballot, each expert one a work."""
    cast = [(ballot.work, ballot.pseudonym, total(ballot.scores)) for ballot in ballots]
    if rubric.calibration is Calibration.EXPERT_MEAN:
        cast = _calibrated(cast)
    points: defaultdict[str, list[Fraction]] = defaultdict(list)
    for work, _, value in cast:
        points[work].append(value)
    return _ranked({work: (sum(values, Fraction(0)), len(values)) for work, values in points.items()})


def _calibrated(cast: list[tuple[str, str, Fraction]]) -> list[tuple[str, str, Fraction]]:
    by_expert: defaultdict[str, list[Fraction]] = defaultdict(list)
    for _, pseudonym, value in cast:
        by_expert[pseudonym].append(value)
    means = {pseudonym: sum(values, Fraction(0)) / len(values) for pseudonym, values in by_expert.items()}
    overall = sum((value for _, _, value in cast), Fraction(0)) / len(cast) if cast else Fraction(0)
    return [(work, pseudonym, value - means[pseudonym] + overall) for work, pseudonym, value in cast]


def _ranked(sums: Mapping[str, tuple[Fraction, int]]) -> list[Row]:
    order = sorted(((total_ / count, total_, work) for work, (total_, count) in sums.items()), key=_best_first)
    rows: list[Row] = []
    for place, (mean, points, work) in enumerate(order, start=1):
        rank = rows[-1].rank if rows and rows[-1].mean == mean else place
        rows.append(Row(work, points, mean, rank))
    return rows


def _best_first(entry: tuple[Fraction, Fraction, str]) -> tuple[Fraction, str]:
    mean, _, work = entry
    return -mean, work
