"""Whether a record is whole and its result the one that its ballots give (design §8; reliability.md, 8—10).

Everything is computed again from the exported text. Only a head that was kept elsewhere shows that nothing was cut
off or written anew: without one the record is 未见证.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from services.review.domain.audit import OpenedBallot, RoundAudit, Step
from services.review.domain.ballots import Ballot
from services.review.domain.canonical import ZERO, canonical, digest
from services.review.domain.payloads import PAYLOADS, Payload, RecordOpened
from services.review.domain.points import shown
from services.review.domain.reading import EntryLine, RecordFile
from services.review.domain.supervision import Opening, supervise


class Placed(NamedTuple):
    """A work in the recomputed result; `outcome` is None for a work that was not chosen."""

    work: str
    title: str
    rank: int
    total: str
    mean: str
    outcome: str | None
    label: str | None


class RoundResult(NamedTuple):
    """What the ballots of a round give, recomputed; empty while there is no tally."""

    round: str
    published: bool
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class Report:
    """The answer: `problems` do not verify, `warnings` leave something open; both are whole Chinese sentences."""

    entries: int
    head: str
    witnessed_through: int
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    rounds: tuple[RoundResult, ...]

    @property
    def verified(self) -> bool:
        """Tell whether nothing speaks against the record."""
        return not self.problems

    @property
    def witnessed(self) -> bool:
        """Tell whether a head that was kept elsewhere covers every entry."""
        return self.witnessed_through == self.entries


def verify(record: RecordFile, heads: Iterable[str] = (), opening: Opening | None = None) -> Report:
    """Return what recomputing the chain, each commitment, the tally, the ties and the result shows.

    With the supervisor's opening the seed, the panel, the experts behind the pseudonyms and each draw, too.
    """
    problems = _chain_problems(record.entries)
    through, unknown = _witness(record.entries, list(heads))
    problems += unknown
    opened, broken = _opened(record)
    problems += broken
    audits, faults = _audits(record.entries, opened)
    problems += faults
    for audit in audits:
        problems += audit.problems
    problems += _opening_problems(record, audits)
    if opening is not None:
        problems += supervise(opening, audits)
    return Report(
        entries=len(record.entries),
        head=record.entries[-1].hash,
        witnessed_through=through,
        problems=tuple(problems),
        warnings=tuple(_warnings(record, through, audits)),
        rounds=tuple(_result(audit) for audit in audits),
    )


def _chain_problems(entries: Sequence[EntryLine]) -> list[str]:
    problems, head = [], ZERO
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number:
            problems.append(f"第{number}条：序号为{entry.seq}，应为{number}，有记录被删去、增加或调换")
        if entry.prev != head:
            problems.append(f"第{number}条：与前一条不相接，有记录被删去、增加、调换或改动")
        if digest(entry.alg, canonical(entry.raw)) != entry.hash:
            problems.append(f"第{number}条：内容与其哈希不符，内容被改动")
        head = entry.hash
    return problems


def _witness(entries: Sequence[EntryLine], heads: Sequence[str]) -> tuple[int, list[str]]:
    places = {entry.hash: number for number, entry in enumerate(entries, start=1)}
    unknown = [f"见证的记录首值{head[:12]}…不在本记录中：记录被截断或重写" for head in heads if head.lower() not in places]
    return max((places.get(head.lower(), 0) for head in heads), default=0), unknown


def _opened(record: RecordFile) -> tuple[dict[str, OpenedBallot], list[str]]:
    algorithms = {entry.payload.get("commitment"): entry.alg for entry in record.entries}
    opened: dict[str, OpenedBallot] = {}
    problems = []
    for line in record.openings:
        ballot = Ballot(**line.ballot)
        if line.opens not in algorithms:
            problems.append(f"第{line.line}行：公开了记录中没有的评分表")
        elif line.opens in opened:
            problems.append(f"第{line.line}行：同一评分表公开了两次")
        elif ballot.commitment(algorithms[line.opens], line.nonce) != line.opens:
            problems.append(f"第{line.line}行：评分表与其承诺不符，内容被改动")
        else:
            opened[line.opens] = OpenedBallot(line.opens, ballot)
    return opened, problems


def _audits(entries: Sequence[EntryLine], opened: dict[str, OpenedBallot]) -> tuple[list[RoundAudit], list[str]]:
    audits: dict[str, RoundAudit] = {}
    problems = []
    for number, entry in enumerate(entries, start=1):
        payload = _payload(entry)
        if payload is None:
            problems.append(f"第{number}条：{entry.kind[:40]}的内容不合规定")
        elif isinstance(payload, RecordOpened) != (number == 1):
            problems.append(f"第{number}条：record.opened应是且只是第1条")
        elif not isinstance(payload, RecordOpened):
            audit = audits.setdefault(payload.round, RoundAudit(payload.round, opened))
            audit.take(Step(number, entry.alg, entry.at, payload))
    return list(audits.values()), problems


def _payload(entry: EntryLine) -> Payload | None:
    """Return the payload, None unless it is of a known kind and spelt as we would spell it."""
    model = PAYLOADS.get(entry.kind)
    try:
        payload = model.model_validate_json(canonical(entry.payload)) if model else None
    except ValidationError:
        return None
    return payload if payload and payload.model_dump(mode="json") == entry.payload else None


def _opening_problems(record: RecordFile, audits: Sequence[RoundAudit]) -> list[str]:
    lines: Counter[str] = Counter(line.opens for line in record.openings)
    problems = []
    for audit in audits:
        if not audit.closed:
            continue
        for commitment, seq in audit.commitments.items():
            if commitment in audit.void and lines[commitment]:
                problems.append(f"第{seq}条：已回避专家的评分表不应公开")
            if commitment not in audit.void and not lines[commitment]:
                problems.append(f"第{seq}条：该评分表没有公开，不能核对")
        problems += [f"回避登记涉及记录中没有的评分表{one[:12]}…" for one in sorted(audit.void - set(audit.commitments))]
    return problems


def _warnings(record: RecordFile, through: int, audits: Sequence[RoundAudit]) -> list[str]:
    warnings = []
    if through == 0:
        warnings.append("未见证：没有用另处保存的记录首值核对，截断或整体重写不能发现")
    elif through < len(record.entries):
        warnings.append(f"第{through}条以后的{len(record.entries) - through}条未见证")
    warnings += [f"轮次{audit.round}尚无确认的结果" for audit in audits if audit.outcomes is None]
    return warnings


def _result(audit: RoundAudit) -> RoundResult:
    outcomes = audit.outcomes or {}
    labels = {cut.outcome: audit.rubric.label(cut.outcome) for cut in audit.rubric.slate} if audit.rubric else {}
    placed = tuple(
        Placed(
            row.work,
            audit.title(row.work),
            row.rank,
            shown(row.total),
            shown(row.mean),
            outcomes.get(row.work),
            labels.get(outcomes.get(row.work, "")),
        )
        for row in audit.rows or []
    )
    return RoundResult(audit.round, audit.published, placed)
