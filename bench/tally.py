"""Tally of 3,000 works by 5 experts each, four criteria; and the verification of that round's whole record.

`python -m bench.tally` prints CPU seconds, the bare reference (the same sums in machine integers, which cannot carry
points such as 24.5), and the ratio. Target: 2 s.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from fractions import Fraction

from services.review.domain.assignment import Panelist, Reading, draw, draw_label
from services.review.domain.ballots import Ballot
from services.review.domain.rubric import Criterion, Cut, Rubric, TieRule
from services.review.domain.selection import ties
from services.review.domain.streams import Stream
from services.review.domain.tally import tally

WORKS, EXPERTS, PANEL, TARGET_S, ROUNDS = 3_000, 5, 60, 2.0, 5
NAMES = ("truth", "theme", "novelty", "expression")


def rubric() -> Rubric:
    """Return four criteria of 25 points in half points, cuts at 10 and 30."""
    return Rubric(
        criteria=tuple(Criterion(id=name, label=name, max="25", step="0.5") for name in NAMES),
        experts_per_work=EXPERTS,
        tie=TieRule(words="请登记专家组复议结果和理由（评审细则第7条）。"),
        slate=(Cut(outcome="finalist", label="入围决赛", through=10), Cut(outcome="chosen", label="优秀作品", through=30)),
    )


def ballots(chance: random.Random) -> list[Ballot]:
    """Return the ballots of a round."""
    return [
        Ballot(
            f"work-{work:05}",
            f"{work:05}-{expert}",
            {name: str(Fraction(chance.randint(30, 50), 2).__float__()) for name in NAMES},
        )
        for work in range(WORKS)
        for expert in range(EXPERTS)
    ]


def bare(cast: list[tuple[int, list[int]]]) -> list[tuple[int, int]]:
    """Sum and sort machine integers."""
    sums = [0] * WORKS
    for work, points in cast:
        sums[work] += sum(points)
    return sorted(((points, work) for work, points in enumerate(sums)), reverse=True)


def cpu_s(work: Callable[[], object]) -> float:
    """Return the median CPU seconds of a few runs."""
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


def main() -> int:
    """Measure and print; 1 when the target is missed."""
    rules, cast = rubric(), ballots(random.Random(1))
    plain = [(index // EXPERTS, [int(float(points) * 2) for points in one.scores.values()]) for index, one in enumerate(cast)]
    taken = cpu_s(lambda: ties(rules, tally(rules, cast)))
    reference = cpu_s(lambda: bare(plain))
    panel = [Panelist(f"e{number:03}", frozenset({f"u{number % 20}"})) for number in range(PANEL)]
    readings = [Reading(f"work-{work:05}", "", frozenset({f"u{work % 20}"}), EXPERTS) for work in range(WORKS)]
    drawn = cpu_s(lambda: draw(Stream(bytes(32), draw_label("bench", 0)), readings, panel))
    sys.stdout.write(
        f"tally {WORKS} works × {EXPERTS} ballots: {taken:.3f} s (target {TARGET_S} s); bare integers {reference:.4f} s; "
        f"{taken / reference:.0f} ×\n"
        f"draw {WORKS} works × {EXPERTS} of {PANEL} experts: {drawn:.3f} s\n"
    )
    return int(taken > TARGET_S)


if __name__ == "__main__":
    raise SystemExit(main())
