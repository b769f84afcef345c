"""Has it already won? Asked of works as they are saved, submitted and locked, and answered by search's own event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from services.kernel.contracts.events import Compared, EarlierMatch, ExclusionChecked
from services.kernel.ports import Transaction
from services.search.actions.entries import entry_of, place_of_unit
from services.search.actions.register import campaign_rules
from services.search.domain.answers import Match, Outcome, Rules, judge
from services.search.domain.decisions import fields_hash
from services.search.domain.entries import Entry
from services.search.store import checks, decisions, register

TOLD_AT_MOST = 20  # of an event; the sentence counts all
Phase = Literal["draft", "submit", "lock", "decision"]


@dataclass(frozen=True)
class Asked:
    """A work as it is compared: `compared_hash` names the fields, so that the owner ignores an answer on others."""

    work_id: str
    campaign_id: str
    track: str
    title: str
    unit_name: str
    region_code: str
    compared: Compared
    compared_hash: str


def answer(connection: Connection, entry: Entry, rules: Rules, work_id: str | None = None) -> Outcome:
    """Answer for an entry from the register and from what persons decided. A work's own result is no earlier one."""
    records = [record for record in register.like(connection, entry) if not record.is_of(work_id)]
    return judge(entry, records, rules, decisions.of_fields(connection, fields_hash(entry)) if records else ())


def entry_and_rules(transaction: Transaction, asked: Asked) -> tuple[Entry, Rules] | None:
    """Return what a work is compared as and by which rules; None for a track that its campaign does not have.

    Raises `NotYet` while the campaign has not arrived.
    """
    campaign = campaign_rules(transaction, asked.campaign_id)
    track = campaign.track(asked.track)
    if track is None:
        return None
    place = place_of_unit(asked.unit_name, asked.region_code, campaign.host)
    return entry_of(track.subject, asked.title, asked.compared, place), Rules(track.prior_winners, campaign.recommend)


def check(transaction: Transaction, asked: Asked, phase: Phase) -> None:
    """Answer for a work, and tell its owner when the answer, the fields or the phase are not those last told."""
    found = entry_and_rules(transaction, asked)
    if found is None:
        return
    entry, rules = found
    told = _event(asked, phase, answer(transaction.connection, entry, rules, asked.work_id), rules)
    if told != checks.get(transaction.connection, asked.work_id):
        checks.keep(transaction.connection, told)
        transaction.emit(told)


def _event(asked: Asked, phase: Phase, outcome: Outcome, rules: Rules) -> ExclusionChecked:
    effects = {rule.effect for rule in rules.rules}
    return ExclusionChecked(
        work_id=asked.work_id,
        campaign_id=asked.campaign_id,
        phase=phase,
        compared_hash=asked.compared_hash,
        answer=outcome.answer.value,
        effect="exclude" if "exclude" in effects else "note",
        sentence=outcome.sentence,
        matches=tuple(map(_match, outcome.matches[:TOLD_AT_MOST])),
    )


def _match(match: Match) -> EarlierMatch:
    """Say of a record what may leave the service: no name, no number."""
    record = match.record
    return EarlierMatch(
        record=record.record,
        external_id=record.external_id,
        source=record.source,
        title=record.honour,
        year=record.year,
        level=record.level or "",
        reasons=match.words,
    )
