"""A work in the hands of its unit: entered, saved, submitted, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from services.campaigns.evaluation.windows import decide_window
from services.campaigns.evaluation.works import judge_work, missing_sentence
from services.campaigns.findings import Finding, Severity
from services.campaigns.models import Stage, Track
from services.intake.actions import places, receipts, repairs
from services.intake.actions.acts import record
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.windows import TooEarly, admit
from services.intake.domain import content
from services.intake.domain.works import EDITABLE, Step, WorkState, after, check_editable
from services.intake.store import works
from services.intake.store.works import Work
from services.kernel import faults
from services.kernel.auth import Principal, hash_id_number
from services.kernel.contracts.events import WorkContent, WorkSaved, WorkSubmitted, WorkWithdrawn
from services.kernel.errors import Changed, Conflict, NotFound, Unprocessable
from services.kernel.ids import new_id
from services.kernel.keys import Keys
from services.kernel.ports import Transaction


class Incomplete(Unprocessable):
    """422: what is missing or to be mended before a work can be submitted."""

    kind = "incomplete"


@dataclass(frozen=True, slots=True)
class Saved:
    """A work as it stands after an act, its rules, and what is to be said."""

    work: Work
    rules: Rules
    message: str | None = None


# --- entering and saving --------------------------------------------------------------------------------------------


def enter(
    transaction: Transaction,
    keys: Keys,
    who: Principal,
    *,
    campaign_id: str,
    track_id: str | None,
    fields: Mapping[str, Any],
    received: datetime,
) -> Saved:
    """Keep a new draft of the unit; one that comes after the window is kept, too, and the sentence says what it needs.

    Raises `NotFound`, `TooEarly`, `Unprocessable` for an unknown track or field.
    """
    rules = in_force(transaction.connection, campaign_id)
    rules.unit(who.unit_id)
    track, at = _track(rules, track_id), transaction.campaign_time(received)
    late = _entered_late(rules, at)
    values = content.laid_over(track, {}, fields, lambda number: _hashed(keys, number))
    work = Work(
        id=new_id(),
        campaign_id=campaign_id,
        campaign_version=rules.version,
        unit_id=str(who.unit_id),
        track=track.id,
        state=WorkState.DRAFT,
        title=content.title(track, values),
        values=values,
        compared_hash=content.compared_hash(track, values),
        revision=1,
        created_by=who.account_id,
        created_at=at,
        saved_at=at,
        entered_late=late is not None,
        statement="",
        submitted_at=None,
        receipt_number=None,
        list_id=None,
        row=None,
        hint=None,
        consent=None,
        release=None,
        outcome=None,
        reason="",
    )
    works.add(transaction.connection, work)
    transaction.emit(WorkSaved(**head(rules, work), personal=personal(rules, work)))
    return Saved(work, rules, late)


def _track(rules: Rules, track_id: str | None) -> Track:
    tracks = rules.campaign.tracks
    found = tracks[0] if track_id is None and len(tracks) == 1 else rules.campaign.track(track_id or "")
    if found is None:
        known = "、".join(f"{track.label}（{track.id}）" for track in tracks)
        raise Unprocessable(f"请写明{rules.campaign.terms.track}：{known}。", "No such track.", kind="unknown-track")
    return found


def _entered_late(rules: Rules, at: datetime) -> str | None:
    """Return the sentence for what is entered after the window, None in time. Raises `TooEarly`."""
    if rules.campaign.stage_for("enter") is None:
        return None
    decision = decide_window(rules.campaign, "enter", at)
    if decision.state == "early":
        raise TooEarly(decision.message or "", "The window has not opened.", opens_at=decision.stage.opens.isoformat())
    return decision.message if decision.state == "late" else None


def _hashed(keys: Keys, number: str) -> dict[str, str]:
    told = hash_id_number(keys, number)
    return {"kid": told.kid, "hash": told.hash, "last4": told.last4}


def save(
    transaction: Transaction,
    keys: Keys,
    who: Principal,
    work_id: str,
    *,
    fields: Mapping[str, Any],
    statement: str | None,
    revision: int,
    received: datetime,
) -> Saved:
    """Lay a change over a work. One that was submitted stays so and gets a new receipt; it must stay complete.

    Raises `NotFound`, `Changed`, `StepRefused`, `Incomplete`, and for a submitted work what `admit` raises.
    """
    work = own(transaction.connection, who, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    check_revision(rules, work, revision)
    items = repairs.open_items(transaction.connection, work_id) if work.state is WorkState.RETURNED else {}
    check_editable(work.state, frozenset(items), frozenset(fields))
    track, at = rules.track(work.track), transaction.campaign_time(received)
    _check_terms(items, at)
    values = content.laid_over(track, work.values, fields, lambda number: _hashed(keys, number))
    changed = _with(track, work, values, at, work.statement if statement is None else statement.strip())
    if work.state in EDITABLE - {WorkState.DRAFT}:
        admit(transaction, keys, rules, "submit", received)
        return _receive(transaction, keys, rules, changed, at)
    _write(transaction, changed)
    transaction.emit(WorkSaved(**head(rules, changed), personal=personal(rules, changed)))
    return Saved(changed, rules)


def _with(track: Track, work: Work, values: dict[str, Any], at: datetime, statement: str) -> Work:
    compared_hash = content.compared_hash(track, values)
    return replace(
        work,
        values=values,
        title=content.title(track, values),
        compared_hash=compared_hash,
        hint=work.hint if compared_hash == work.compared_hash else None,
        statement=statement,
        saved_at=at,
        revision=work.revision + 1,
    )


def _write(transaction: Transaction, work: Work) -> None:
    names = (
        "values", "title", "compared_hash", "hint", "statement", "saved_at", "revision", "state", "campaign_version",
        "submitted_at", "receipt_number",
    )  # fmt: skip
    works.change(transaction.connection, work.id, **{name: getattr(work, name) for name in names})


def _check_terms(items: Mapping[str, datetime | None], at: datetime) -> None:
    if any(term is not None and at >= term for term in items.values()):
        raise Conflict("补正期限已过，请与主办单位联系。", "The term for mending is over.", kind="term-over")


# --- submitting -----------------------------------------------------------------------------------------------------


def submit(transaction: Transaction, keys: Keys, who: Principal, work_id: str, *, received: datetime) -> Saved:
    """Take a work in, in time by its stamp, and give its receipt at once, whatever is still being checked.

    Submitting what was submitted changes nothing. Raises `NotFound`, `Incomplete`, what `admit` raises, `Conflict`.
    """
    work = own(transaction.connection, who, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    if work.state in {WorkState.SUBMITTED, WorkState.LISTED}:
        return Saved(work, rules, f"{rules.campaign.terms.work}已提交，回执 {work.receipt_number}。")
    after(work.state, Step.SUBMIT)
    at = admit(transaction, keys, rules, "submit", received)
    _check_statement(rules, work)
    return _receive(transaction, keys, rules, replace(work, revision=work.revision + 1), at)


def _check_statement(rules: Rules, work: Work) -> None:
    stage = rules.campaign.stage_for("enter")
    if work.entered_late and not work.statement and stage is not None and _asks_statement(stage):
        sentence = decide_window(rules.campaign, "enter", work.created_at).message or ""
        raise Conflict(sentence, "What was entered late needs a statement.", kind="statement-missing")


def _asks_statement(stage: Stage) -> bool:
    return stage.late is not None and stage.late.effect == "statement"


def _receive(transaction: Transaction, keys: Keys, rules: Rules, work: Work, at: datetime) -> Saved:
    """Submit what is complete, with a receipt of its own."""
    check_complete(rules, work)
    taken = replace(work, state=after(work.state, Step.SUBMIT), submitted_at=at, campaign_version=rules.version)
    faults.hit("submit.before-receipt")
    files = receipts.files_of(transaction.connection, taken)
    about = receipts.about_work(rules, taken)
    number = receipts.issue(transaction, keys, rules, about, kind="work", received_at=at, files=files)
    taken = replace(taken, receipt_number=number)
    _write(transaction, taken)
    if taken.list_id is not None:
        places.touch(transaction, taken.list_id)
    fields = {**head(rules, taken), "receipt_number": number, "received_at": at}
    transaction.emit(WorkSubmitted(**fields, personal=personal(rules, taken)))
    return Saved(taken, rules, f"已提交，回执 {number}。")


def findings(rules: Rules, work: Work, *, draft: bool) -> tuple[Finding, ...]:
    """Return what the campaign says of a work's fields.

    Slots are asked for at the lock; ID numbers were judged when they came.
    """
    track, unit = rules.track(work.track), rules.unit(work.unit_id)
    kept = content.kept_id_numbers(track, work.values)
    labels = {field.label for field in track.fields if field.id in kept}
    found = judge_work(rules.campaign, track.id, unit.type, content.judged(track, work.values), {}, draft=draft)
    return tuple(each for each in found if not each.check.startswith("slot_") and not _held(each, labels))


def _held(found: Finding, labels: set[str]) -> bool:
    return found.check == "field_missing" and any(found.required.startswith(f"{label}（") for label in labels)


def check_complete(rules: Rules, work: Work) -> None:
    """Raise `Incomplete` with everything that is missing or to be mended."""
    found = [each for each in findings(rules, work, draft=False) if each.severity is Severity.BLOCK]
    if not found:
        return
    others = [each.message for each in found if each.check != "field_missing"]
    message = "".join([missing_sentence(tuple(found)) or "", *others])
    told = [each.model_dump(mode="json", exclude_none=True) for each in found]
    raise Incomplete(message, "Fields are missing or to be mended.", findings=told)


# --- withdrawing ----------------------------------------------------------------------------------------------------


def withdraw(transaction: Transaction, who: Principal, work_id: str) -> Saved:
    """Take a work back, its place included. Raises `NotFound`, `StepRefused` once it is locked."""
    work = own(transaction.connection, who, work_id)
    rules = in_force(transaction.connection, work.campaign_id)
    state = after(work.state, Step.WITHDRAW)
    if work.state is WorkState.LISTED:
        places.give_back(transaction, work)
    works.change(transaction.connection, work_id, state=state, revision=work.revision + 1)
    transaction.emit(WorkWithdrawn(work_id=work_id, campaign_id=work.campaign_id))
    record(transaction, who, "work.withdrawn", f"work/{work_id}")
    return Saved(fresh(transaction.connection, work_id), rules, "已撤回。")


# --- what everybody needs -------------------------------------------------------------------------------------------


def own(connection: Connection, who: Principal, work_id: str) -> Work:
    """Return a work of the person's own unit. Raises `NotFound` for others, which look as if they did not exist."""
    work = works.find(connection, work_id)
    if work is None or work.unit_id != who.unit_id:
        raise NotFound
    return work


def fresh(connection: Connection, work_id: str) -> Work:
    """Return a work. Raises `NotFound`."""
    work = works.find(connection, work_id)
    if work is None:
        raise NotFound
    return work


def check_revision(rules: Rules, work: Work, revision: int) -> None:
    """Raise `Changed` with the present version when the work is not the one that was read."""
    if work.revision != revision:
        track = rules.track(work.track)
        current = {"work_id": work.id, "revision": work.revision, "state": work.state, "title": work.title}
        shown = {"fields": content.shown(track, work.values), "statement": work.statement, "saved_at": work.saved_at}
        raise Changed(
            "内容已在另一处修改，请比较两个版本后再保存。", "It was changed in between.", current={**current, **shown}
        )


def head(rules: Rules, work: Work) -> dict[str, Any]:
    """Return what events say of a work in their open part."""
    unit, track = rules.unit(work.unit_id), rules.track(work.track)
    return {
        "work_id": work.id,
        "campaign_id": work.campaign_id,
        "campaign_version": rules.version,
        "campaign_hash": rules.hash,
        "unit_id": unit.id,
        "unit_name": unit.name,
        "unit_type": unit.type,
        "region_code": unit.region_code,
        "track": track.id,
        "title": work.title,
        "revision": work.revision,
        "compared_hash": work.compared_hash,
        "fields": content.head_fields(track, work.values),
    }


def personal(rules: Rules, work: Work) -> WorkContent:
    """Return what events carry of a work in their personal part."""
    track = rules.track(work.track)
    return WorkContent(
        compared=content.compared(track, work.values),
        story=content.story(track, work.values),
        fields=content.personal_fields(track, work.values),
    )
