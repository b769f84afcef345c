"""评审记录: an append-only chain of entries, each naming the hash of the one before (design §8, docs/record.md).

A ballot stands in the chain only as a commitment; the exported record adds the openings of the ballots that count,
never those of the experts. The supervisor's opening, a file of its own, ties pseudonyms to experts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.review.domain.ballots import Ballot
from services.review.domain.canonical import Algorithm, Json, canonical, digest
from services.review.domain.payloads import (
    BallotCommitted,
    Chosen,
    Payload,
    ResultConfirmed,
    RubricDeclared,
    TallyComputed,
    TallyRow,
    TiedWorks,
)
from services.review.domain.rubric import Rubric
from services.review.domain.selection import Tie
from services.review.domain.tally import Row

LEAST_EXPERTS_A_BATCH = 3


@dataclass(frozen=True)
class Entry:
    """One link: `prev` is the hash of the entry before, 64 zeros for the first; `at` is campaign time."""

    seq: int
    alg: Algorithm
    at: str
    kind: str
    payload: Json
    prev: str

    def content(self) -> dict[str, Any]:
        """Return the JSON value that is hashed."""
        return {
            "alg": self.alg,
            "at": self.at,
            "kind": self.kind,
            "payload": self.payload,
            "prev": self.prev,
            "seq": self.seq,
        }

    def hash(self) -> str:
        """Return the digest of the canonical JSON: the head, while no entry follows."""
        return digest(self.alg, canonical(self.content()))

    def line(self) -> Json:
        """Return the entry as a line of the export: its content and its hash."""
        return {**self.content(), "hash": self.hash()}


def instant(at: datetime) -> str:
    """Return the campaign time of an entry: UTC, milliseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def follow(seq: int, head: str, *, alg: Algorithm, at: datetime, payload: Payload) -> Entry:
    """Return the entry after number `seq`, whose hash is `head`; 0 and ZERO begin the chain."""
    return Entry(seq + 1, alg, instant(at), payload.kind.value, payload.model_dump(mode="json"), head)


def panel_content(panel: Mapping[str, Iterable[str]]) -> Json:
    """Return the JSON value of the panel's commitment: each expert with his or her units."""
    return {"panel": [{"expert": expert, "units": sorted(units)} for expert, units in sorted(panel.items())]}


def rubric_declared(round_id: str, rubric: Rubric, alg: Algorithm) -> RubricDeclared:
    """Return the payload that fixes how the round is scored, tallied and cut."""
    return RubricDeclared(round=round_id, rubric=rubric, hash=rubric.hash(alg))


def batch(round_id: str, number: int, commitments: Iterable[str]) -> list[BallotCommitted]:
    """Return the payloads of one batch, by commitment, so that their order tells nothing of who came first."""
    return [BallotCommitted(round=round_id, batch=number, commitment=commitment) for commitment in sorted(commitments)]


def may_enter(experts: Iterable[str]) -> bool:
    """Tell whether a batch at a fixed time hides who is in it; else it waits for the next time, or the closing."""
    return len(set(experts)) >= LEAST_EXPERTS_A_BATCH


def tally_computed(round_id: str, rubric_hash: str, rows: Sequence[Row], tied: Sequence[Tie]) -> TallyComputed:
    """Return the payload with every sum and mean as exact fractions, and the ties that wait for a person."""
    return TallyComputed(
        round=round_id,
        rubric=rubric_hash,
        rows=tuple(TallyRow(work=row.work, sum=str(row.total), mean=str(row.mean), rank=row.rank) for row in rows),
        ties=tuple(
            TiedWorks(
                outcome=tie.outcome,
                works=tuple(sorted(tie.works)),
                first=tie.first,
                last=tie.last,
                places=tie.places,
            )
            for tie in tied
        ),
    )


def result_confirmed(round_id: str, outcomes: Mapping[str, str], by: str) -> ResultConfirmed:
    """Return the payload with the outcome of every chosen work."""
    chosen = tuple(Chosen(work=work, outcome=outcome) for work, outcome in sorted(outcomes.items()))
    return ResultConfirmed(round=round_id, chosen=chosen, by=by)


def ballot_opening(ballot: Ballot, nonce: bytes, commitment: str) -> Json:
    """Return the export's line that opens one commitment."""
    return {"ballot": ballot.content(), "nonce": nonce.hex(), "opens": commitment}


def export(entries: Iterable[Entry], openings: Iterable[Json]) -> str:
    """Return the record as JSON lines: the chain, then the openings by commitment."""
    lines = [entry.line() for entry in entries]
    lines += sorted(openings, key=lambda opening: str(opening["opens"]))
    return "".join(canonical(line).decode() + "\n" for line in lines)
