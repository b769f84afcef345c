"""The record of one round, folded entry by entry: what it claims is computed again and compared.

`RoundAudit` knows nothing of hashes of the chain; `verification` checks those and feeds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.review.domain.ballots import Ballot, submitted_scores
from services.review.domain.canonical import Algorithm
from services.review.domain.faults import ReviewFault
from services.review.domain.payloads import (
    BallotCommitted,
    PanelExtended,
    ResultConfirmed,
    RoundClosed,
    RoundOpened,
    RoundPayload,
    RubricDeclared,
    SeatDrawn,
    SeatRecused,
    SeatsDrawn,
    SeedCommitted,
    TallyComputed,
    TieDecided,
    WorkEntered,
    WorkLeft,
)
from services.review.domain.record import result_confirmed, tally_computed
from services.review.domain.rubric import Calibration, Rubric
from services.review.domain.selection import Decision, decide, select, ties
from services.review.domain.tally import Row, tally

SeatKey = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """One entry as the audit sees it: its number, algorithm, campaign time and payload."""

    seq: int
    alg: Algorithm
    at: str
    payload: RoundPayload


@dataclass(frozen=True)
class OpenedBallot:
    """A ballot whose commitment was recomputed, under the commitment that it opens."""

    commitment: str
    ballot: Ballot


@dataclass(frozen=True)
class DrawnSeats:
    """One draw as the record shows it: its seats, how many panels there were, and what had freed experts before."""

    seats: tuple[SeatDrawn, ...]
    panels: int
    recused: frozenset[SeatKey]
    left: frozenset[str]


@dataclass
class RoundAudit:
    """What the entries of a round have said so far, and what does not fit (`problems`: whole sentences)."""

    round: str
    opened: Mapping[str, OpenedBallot]
    problems: list[str] = field(default_factory=list)
    alg: Algorithm | None = None
    seed_hash: str | None = None
    rubric: Rubric | None = None
    rubric_hash: str = ""
    works: dict[str, WorkEntered] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    panels: list[str] = field(default_factory=list)
    draws: list[DrawnSeats] = field(default_factory=list)
    seats: set[SeatKey] = field(default_factory=set)
    pseudonyms: set[str] = field(default_factory=set)
    recused: set[SeatKey] = field(default_factory=set)
    void: set[str] = field(default_factory=set)
    commitments: dict[str, int] = field(default_factory=dict)
    last_batch: tuple[int, str, str, int] = (0, "", "", 0)
    closed: bool = False
    rows: list[Row] | None = None
    decisions: list[Decision] = field(default_factory=list)
    outcomes: dict[str, str] | None = None
    published: bool = False
    tallied_without: frozenset[str] = frozenset()

    def take(self, step: Step) -> None:
        """Fold one entry."""
        match step.payload:
            case SeedCommitted() as payload:
                self._seed(step, payload)
            case RubricDeclared() as payload:
                self._rubric(step, payload)
            case RoundOpened() as payload:
                self._open(step, payload)
            case PanelExtended() as payload:
                self._extend(step, payload)
            case SeatsDrawn() as payload:
                self._draw(step, payload)
            case SeatRecused() as payload:
                self._recuse(step, payload)
            case WorkLeft() as payload:
                self._leave(step, payload)
            case BallotCommitted() as payload:
                self._commit(step, payload)
            case _:
                self._take_end(step)

    def _take_end(self, step: Step) -> None:
        match step.payload:
            case RoundClosed() as payload:
                self._close(step, payload)
            case TallyComputed() as payload:
                self._tally(step, payload)
            case TieDecided() as payload:
                self._decide(step, payload)
            case ResultConfirmed() as payload:
                self._confirm(step, payload)
            case _:
                self._publish(step)

    def expect(self, step: Step, *, true: bool, sentence: str) -> bool:
        """Keep the sentence as a problem of this entry unless `true`."""
        if not true:
            self.problems.append(f"第{step.seq}条：{sentence}")
        return true

    def _seed(self, step: Step, payload: SeedCommitted) -> None:
        self.expect(step, true=self.seed_hash is None and not self.panels, sentence="抽签种子的承诺须在评审开始前登记一次")
        self.alg, self.seed_hash = step.alg, payload.seed_hash

    def _rubric(self, step: Step, payload: RubricDeclared) -> None:
        self.expect(step, true=not self.commitments, sentence="已有评分表后又改动了评审细则")
        self.expect(step, true=payload.hash == payload.rubric.hash(step.alg), sentence="评审细则与其哈希不符")
        self.rubric, self.rubric_hash = payload.rubric, payload.hash

    def _extend(self, step: Step, payload: PanelExtended) -> None:
        self.expect(step, true=bool(self.panels) and not self.closed, sentence="轮次未在评审中，不应增补专家")
        self.panels.append(payload.panel)

    def _open(self, step: Step, payload: RoundOpened) -> None:
        self.expect(step, true=not self.panels, sentence="同一轮次开始了两次")
        self.expect(step, true=self.rubric is not None and self.seed_hash is not None, sentence="评审细则或种子尚未登记")
        self.panels.append(payload.panel)
        self.works = {work.work: work for work in payload.works}

    def _draw(self, step: Step, payload: SeatsDrawn) -> None:
        self.expect(step, true=bool(self.panels) and not self.closed, sentence="轮次未在评审中，不应分配专家")
        expected = len(self.draws)
        self.expect(step, true=payload.draw == expected, sentence=f"应为第{expected}次抽签，记为第{payload.draw}次")
        self.draws.append(DrawnSeats(payload.seats, len(self.panels), frozenset(self.recused), frozenset(self.left)))
        for seat in payload.seats:
            key = (seat.work, seat.pseudonym)
            self.expect(step, true=seat.work in self.works, sentence="分配了本轮次没有的作品")
            self.expect(step, true=not self._taken(key), sentence=f"评审代号{seat.pseudonym}重复")
            self.seats.add(key)
            self.pseudonyms.add(seat.pseudonym)

    def _taken(self, key: SeatKey) -> bool:
        if self.rubric is not None and self.rubric.calibration is not Calibration.NONE:
            return key in self.seats
        return key[1] in self.pseudonyms

    def _recuse(self, step: Step, payload: SeatRecused) -> None:
        key = (payload.work, payload.pseudonym)
        self.expect(step, true=key in self.seats and key not in self.recused, sentence="回避的评审代号不在评审中")
        self.expect(step, true=not self.closed, sentence="评审结束后不应再登记回避")
        self.recused.add(key)
        self.void.update(payload.void)

    def _leave(self, step: Step, payload: WorkLeft) -> None:
        known = payload.work in self.works and payload.work not in self.left
        self.expect(step, true=known, sentence="退出的作品不在本轮次")
        self.left.add(payload.work)

    def _commit(self, step: Step, payload: BallotCommitted) -> None:
        batch, last, at, seq = self.last_batch
        self.expect(step, true=bool(self.seats) and not self.closed, sentence="轮次未在评审中，不应有评分表")
        self.expect(step, true=payload.commitment not in self.commitments, sentence="同一评分表登记了两次")
        if payload.batch == batch:
            together = payload.commitment > last and step.at == at and step.seq == seq + 1
            self.expect(step, true=together, sentence=f"第{batch}批评分表的次序或时间不符")
        else:
            self.expect(step, true=payload.batch == batch + 1, sentence="评分表的批次不连续")
        self.last_batch = (payload.batch, payload.commitment, step.at, step.seq)
        self.commitments[payload.commitment] = step.seq

    def _close(self, step: Step, payload: RoundClosed) -> None:
        self.expect(step, true=not self.closed and bool(self.panels), sentence="轮次未在评审中，不能结束")
        count = len(self.commitments)
        self.expect(step, true=payload.ballots == count, sentence=f"记为{payload.ballots}份评分表，记录中有{count}份")
        self.closed = True

    def _tally(self, step: Step, payload: TallyComputed) -> None:
        self.expect(step, true=self.closed and self.outcomes is None, sentence="评分汇总须在评审结束后、结果确认前")
        anew = self.rows is None or self.tallied_without != self.left
        self.expect(step, true=anew, sentence="作品没有变化，不应重新汇总")
        if self.rubric is None:
            return
        self.rows = tally(self.rubric, self.counted(step))
        self.decisions = []
        self.tallied_without = frozenset(self.left)
        expected = tally_computed(self.round, self.rubric_hash, self.rows, ties(self.rubric, self.rows))
        self.expect(step, true=payload == expected, sentence="评分汇总与按评分表重新计算的结果不符")

    def _decide(self, step: Step, payload: TieDecided) -> None:
        if not self.expect(step, true=self.rows is not None and self.outcomes is None, sentence="复议须在评分汇总之后"):
            return
        tied = ties(self.rubric, self.rows) if self.rubric and self.rows is not None else []
        try:
            made = decide(tied, self.decisions, outcome=payload.outcome, chosen=payload.chosen, reason=payload.reason)
        except ReviewFault as fault:
            self.expect(step, true=False, sentence=f"复议与同分情况不符：{fault}")
        else:
            self.decisions.append(made)

    def _confirm(self, step: Step, payload: ResultConfirmed) -> None:
        ready = self.rows is not None and self.outcomes is None and self.tallied_without == self.left
        if not self.expect(step, true=ready, sentence="结果须在评分汇总之后确认一次") or self.rubric is None:
            return
        try:
            self.outcomes = select(self.rubric, self.rows or [], self.decisions)
        except ReviewFault as fault:
            self.expect(step, true=False, sentence=f"确认结果时同分尚未复议：{fault}")
            return
        expected = result_confirmed(self.round, self.outcomes, payload.by)
        self.expect(step, true=payload == expected, sentence="确认的结果与重新计算的结果不符")

    def _publish(self, step: Step) -> None:
        self.expect(step, true=self.outcomes is not None and not self.published, sentence="公布须在结果确认之后")
        self.published = True

    def counted(self, step: Step) -> list[Ballot]:
        """Return the ballots that count now: of each seat that is held, the one that no other replaces."""
        ballots = self._standing(step)
        held = [key for key in sorted(self.seats) if key not in self.recused and key[0] not in self.left]
        for work, pseudonym in held:
            found = len(ballots.get((work, pseudonym), []))
            self.expect(
                step, true=found == 1, sentence=f"{pseudonym}对《{self.title(work)}》的评分表应为1份，记录中有{found}份"
            )
        self._enough_readers(step, held)
        double = [key for key, cast in ballots.items() if len(cast) > 1 and key not in held]
        self.expect(step, true=not double, sentence=f"有{len(double)}位专家对同一作品有两份评分表")
        return [ballot for key in held for ballot in ballots.get(key, [])]

    def title(self, work: str) -> str:
        """Return the work's title, empty for a work that the round never had."""
        return self.works[work].title if work in self.works else ""

    def _enough_readers(self, step: Step, held: list[SeatKey]) -> None:
        readers = Counter(work for work, _ in held)
        asked = self.rubric.experts_per_work if self.rubric else 0
        for work in sorted(self.works.keys() - self.left):
            sentence = f"《{self.title(work)}》应有{asked}名专家评分，记录中有{readers[work]}名"
            self.expect(step, true=readers[work] == asked, sentence=sentence)

    def _standing(self, step: Step) -> dict[SeatKey, list[Ballot]]:
        cast = [opened for commitment in self.commitments if (opened := self.opened.get(commitment))]
        replaced = {opened.ballot.replaces for opened in cast}
        standing: dict[SeatKey, list[Ballot]] = {}
        for opened in cast:
            self._check_ballot(step, opened)
            if opened.commitment not in replaced:
                standing.setdefault((opened.ballot.work, opened.ballot.pseudonym), []).append(opened.ballot)
        return standing

    def _check_ballot(self, step: Step, opened: OpenedBallot) -> None:
        ballot = opened.ballot
        key = (ballot.work, ballot.pseudonym)
        self.expect(step, true=key in self.seats, sentence=f"{ballot.pseudonym}未被分配该作品，其评分表不能计入")
        self.expect(step, true=key not in self.recused, sentence=f"{ballot.pseudonym}已回避，其评分表不应公开或计入")
        try:
            same = self.rubric is not None and submitted_scores(self.rubric, ballot.scores) == ballot.scores
            self.expect(step, true=same, sentence=f"{ballot.pseudonym}的评分写法不符")
        except ReviewFault as fault:
            self.expect(step, true=False, sentence=f"{ballot.pseudonym}的评分不合评审细则：{fault}")
        if ballot.replaces is not None:
            before = self.opened.get(ballot.replaces)
            fits = before is not None and (before.ballot.work, before.ballot.pseudonym) == key
            self.expect(step, true=fits, sentence=f"{ballot.pseudonym}的评分表替换了别的评分表")
