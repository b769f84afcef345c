"""What people see: works, lists, campaigns, late material, as documents for an answer."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.campaigns.evaluation.publication import publication_hold
from services.campaigns.evaluation.quotas import Listed, counts_by_option
from services.campaigns.evaluation.works import missing_sentence
from services.campaigns.explanation import explain
from services.campaigns.models import Campaign, ChoiceField
from services.intake.actions import files
from services.intake.actions import lists as list_actions
from services.intake.actions.rules import Rules
from services.intake.actions.works import findings
from services.intake.domain import content
from services.intake.domain.files import Check
from services.intake.domain.status import status_line
from services.intake.domain.uploads import standing_sentence
from services.intake.domain.works import WorkState
from services.intake.store import acts, campaigns, lists, people, uploads, works
from services.intake.store.lists import UnitList
from services.intake.store.uploads import Upload
from services.intake.store.works import Work
from services.kernel.auth import BytesGrant, bytes_url
from services.kernel.keys import Keys

BYTES_PREFIX = "/bytes/"
STATE_WORDS = {"draft": "草稿", "waiting": "待负责人确认发布", "published": "已发布"}
RENDITIONS = ("preview_key", "poster_key", "sheet_key", "waveform_key")


@dataclass(frozen=True, slots=True)
class Signing:
    """For whom, and until when, addresses of bytes are signed."""

    keys: Keys
    account_id: str
    expires_at: datetime

    def url(self, object_key: str, filename: str = "") -> str:
        """Return the address of an object."""
        grant = BytesGrant(object_key, self.account_id, "intake", self.expires_at, filename)
        return bytes_url(self.keys, BYTES_PREFIX, grant)


# --- works ----------------------------------------------------------------------------------------------------------


def new_work(rules: Rules, work: Work, message: str | None) -> dict[str, Any]:
    """Return a work that has just been entered: it can have neither files nor history."""
    return {**_work(rules, work, []), "files": [], "uploads": [], "returned": [], "message": message}


def work(
    connection: Connection, rules: Rules, row: Work, *, message: str | None = None, signing: Signing | None = None
) -> dict[str, Any]:
    """Return a work with its files and what was returned; with signed addresses where `signing` is given."""
    held = works.files(connection, row.id)
    ticks = works.ticks(connection, [file.id for file in held])
    names = people.names(connection, {tick.account_id for each in ticks.values() for tick in each.values()})
    items = works.items(connection, [row.id])[row.id]
    reports = [files.report_of(file, list(ticks[file.id])) for file in held if not file.late]
    returned = sum(item.mended_at is None for item in items)
    return {
        **_work(rules, row, reports, returned),
        "files": [_file(file, ticks[file.id], names, signing) for file in held],
        "uploads": _going_on(connection, row.id),
        "returned": [_item(item) for item in items],
        "message": message,
    }


def _work(rules: Rules, row: Work, reports: Sequence[Any], returned: int = 0) -> dict[str, Any]:
    track, unit = rules.track(row.track), rules.unit(row.unit_id)
    found = findings(rules, row, draft=False) if row.state in {WorkState.DRAFT, WorkState.RETURNED} else ()
    missing = missing_sentence(found)
    status = status_line(row.state, reports, missing=missing, receipt=row.receipt_number, returned=returned, reason=row.reason)
    return {
        "work_id": row.id,
        "campaign_id": row.campaign_id,
        "campaign_version": row.campaign_version,
        "unit_id": unit.id,
        "unit_name": unit.name,
        "track": track.id,
        "track_label": track.label,
        "title": row.title,
        "state": row.state,
        "state_label": row.state.label,
        "status": status,
        "revision": row.revision,
        "fields": content.shown(track, row.values),
        "missing": missing,
        "findings": [each.model_dump(mode="json", exclude_none=True) for each in found if each.check != "field_missing"],
        "entered_late": row.entered_late,
        "statement": row.statement,
        "created_at": row.created_at,
        "saved_at": row.saved_at,
        "submitted_at": row.submitted_at,
        "receipt_number": row.receipt_number,
        "list_id": row.list_id,
        "row": row.row,
        "hint": row.hint,
        "consent": row.consent,
        "release": row.release,
        "outcome": row.outcome,
        "reason": row.reason or None,
    }


def _file(file: Row[Any], ticks: Mapping[str, Row[Any]], names: Mapping[str, str], signing: Signing | None) -> dict[str, Any]:
    told = json.loads(file.report) if file.report else {}
    state = Check(file.check_state)
    return {
        "file_id": file.id,
        "slot": file.slot,
        "name": file.name,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "arrived_at": file.arrived_at,
        "late": file.late,
        "check": state,
        "check_label": state.label,
        "verdict": file.verdict,
        "summary": told.get("summary", ""),
        "findings": [{**found, "tick": _tick(ticks.get(found["key"]), names)} for found in told.get("findings", ())],
        "remedies": told.get("remedies", []),
        "duration_s": told.get("duration_s"),
        **(_addresses(file, told, signing) if signing else {}),
    }


def _tick(tick: Row[Any] | None, names: Mapping[str, str]) -> dict[str, Any] | None:
    if tick is None:
        return None
    return {"by": names.get(tick.account_id, ""), "at": tick.ticked_at, "note": tick.note}


def _addresses(file: Row[Any], told: Mapping[str, Any], signing: Signing) -> dict[str, Any]:
    shown = json.loads(file.rendition) if file.rendition else {}
    frames = [
        {"part": frame["part"], "at_s": frame["at_s"], "url": signing.url(frame["object_key"])}
        for frame in told.get("frames", ())
    ]
    looks = {name.removesuffix("_key"): signing.url(shown[name]) for name in RENDITIONS if name in shown}
    return {"original": signing.url(file.object_key), "frames": frames, "look": looks}


def _going_on(connection: Connection, work_id: str) -> list[dict[str, Any]]:
    going = [row for row in uploads.of_work(connection, work_id) if row.state == "receiving"]
    names = ("slot", "name", "length_bytes", "offset_bytes", "begun_at", "expires_at")
    return [{"upload_id": row.id, **{name: getattr(row, name) for name in names}, "sentence": _standing(row)} for row in going]


def _standing(row: Upload) -> str:
    return standing_sentence(row.length_bytes, row.offset_bytes)


def _item(item: Row[Any]) -> dict[str, Any]:
    told = {"item": item.item, "reason": item.reason, "term": item.term, "returned_at": item.returned_at}
    return {**told, "mended_at": item.mended_at, "open": item.mended_at is None}


def work_line(rules: Rules, row: Work) -> dict[str, Any]:
    """Return a work as one line of a table."""
    names = ("work_id", "campaign_id", "unit_id", "unit_name", "track", "title", "state", "state_label", "revision")
    told = {"work_id": row.id, "unit_name": rules.unit(row.unit_id).name, "state_label": row.state.label}
    known = {name: told[name] if name in told else getattr(row, name) for name in names}
    return {**known, "submitted_at": row.submitted_at, "receipt_number": row.receipt_number, "list_id": row.list_id}


def history(connection: Connection, subject: str) -> list[dict[str, Any]]:
    """Return what people did to a thing."""
    return [
        {"at": row.campaign_at, "by": row.name or "", "act": row.act, "detail": json.loads(row.detail)}
        for row in acts.of_subject(connection, subject)
    ]


# --- lists ----------------------------------------------------------------------------------------------------------


def unit_list(connection: Connection, rules: Rules, row: UnitList, *, message: str | None = None) -> dict[str, Any]:
    """Return a list: its rows as printed, counts by category, places used and free, and what the lock still wants."""
    listed, unit = works.of_list(connection, row.id), rules.unit(row.unit_id)
    layout = rules.campaign.recommendation_list
    names = people.names(connection, {each for each in (row.requested_by, row.confirmed_by) if each})
    decision = list_actions.decision_for(connection, rules, row) if row.locked_at is None else None
    return {
        "list_id": row.id,
        "campaign_id": row.campaign_id,
        "unit_id": unit.id,
        "unit_name": unit.name,
        "title": layout.short_title,
        "state": row.state,
        "state_label": row.state.label,
        "revision": row.revision,
        "columns": [column.label for column in layout.columns],
        "rows": [_row(rules, number, each) for number, each in enumerate(listed, 1)],
        "places": _places(connection, rules, row, listed),
        "statements": [
            {"key": each.key, "text": each.text, "filed_at": each.filed_at} for each in lists.statements(connection, row.id)
        ],
        "requested_by": names.get(row.requested_by or ""),
        "requested_at": row.requested_at,
        "confirmed_by": names.get(row.confirmed_by or ""),
        "locked_at": row.locked_at,
        "check_code": row.check_code,
        "receipt_number": row.receipt_number,
        "may_lock": decision.may_lock if decision else None,
        "findings": [each.model_dump(mode="json", exclude_none=True) for each in decision.findings] if decision else [],
        "message": message,
    }


def _row(rules: Rules, number: int, each: Work) -> dict[str, Any]:
    layout, track = rules.campaign.recommendation_list, rules.track(each.track)
    cells = content.printed_row(layout, number, track, each.values)
    return {"work_id": each.id, "track": track.id, "state": each.state, "state_label": each.state.label, "cells": cells}


def _places(connection: Connection, rules: Rules, row: UnitList, listed: Sequence[Work]) -> list[dict[str, Any]]:
    taken, unit, told = lists.places(connection, row.id), rules.unit(row.unit_id), []
    for track in rules.campaign.tracks:
        quota = rules.campaign.quota(unit.type, track.id)
        if quota is not None:
            used = taken.get(track.id, 0)
            mine = [Listed(track.id, content.judged(track, each.values)) for each in listed if each.track == track.id]
            counts = [
                {
                    "field": field.id,
                    "label": field.label,
                    "counts": {option.label: n for option, n in counts_by_option(field, mine).items()},
                }
                for field in track.fields
                if isinstance(field, ChoiceField) and field.id in {floor.field for floor in quota.floors}
            ]
            bounds = {"min": quota.min, "max": quota.max, "used": used, "free": quota.max - used}
            told.append({"track": track.id, "track_label": track.label, **bounds, "measure": track.measure, "by": counts})
    return told


def list_line(connection: Connection, rules: Rules, row: UnitList) -> dict[str, Any]:
    """Return a list as one line of the board."""
    used = sum(lists.places(connection, row.id).values())
    unit = rules.unit(row.unit_id)
    told = {
        "list_id": row.id,
        "campaign_id": row.campaign_id,
        "unit_id": unit.id,
        "unit_name": unit.name,
        "unit_type": unit.type,
    }
    state = {"state": row.state, "state_label": row.state.label, "revision": row.revision, "used": used}
    return {**told, **state, "locked_at": row.locked_at, "check_code": row.check_code, "receipt_number": row.receipt_number}


def late_line(row: Row[Any]) -> dict[str, Any]:
    """Return one piece of late material."""
    names = ("campaign_id", "unit_id", "work_id", "list_id", "kind", "sentence", "received_at")
    return {"late_id": row.id, **{name: getattr(row, name) for name in names}, "decision": None}


# --- campaigns ------------------------------------------------------------------------------------------------------


def campaign(connection: Connection, row: Row[Any], *, preparing: bool) -> dict[str, Any]:
    """Return a campaign with its rules read back in Chinese; for those who prepare it, with findings and readings."""
    rules = Campaign.model_validate_json(row.normalised)
    confirmed = campaigns.readings(connection, row.id)
    told = {**campaign_line(row), "explanation": _explanation(rules, confirmed), "normalised": json.loads(row.normalised)}
    units = json.loads(row.units)
    told["units"] = [_unit(unit) for unit in units["units"]] if units else None
    if not preparing:
        return told
    names = people.names(connection, {each.account_id for each in confirmed.values()})
    readings = [_reading(reading.model_dump(mode="json"), confirmed.get(reading.id), names) for reading in rules.readings]
    hold = publication_hold(rules, confirmed)
    return {**told, "findings": json.loads(row.findings), "readings": readings, "hold": hold, "one_person": row.one_person}


def _explanation(rules: Campaign, confirmed: Collection[str]) -> list[dict[str, Any]]:
    return [section.model_dump(mode="json") for section in explain(rules, set(confirmed))]


def _reading(told: dict[str, Any], confirmed: Row[Any] | None, names: Mapping[str, str]) -> dict[str, Any]:
    by = {"confirmed_by": names.get(confirmed.account_id), "confirmed_at": confirmed.confirmed_at} if confirmed else {}
    return {**told, "confirmed": confirmed is not None, **by}


def _unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    names = {"id": "unit_id", "name": "name", "type": "unit_type", "region_code": "region_code"}
    return {told: unit[name] for name, told in names.items()}


def campaign_line(row: Row[Any]) -> dict[str, Any]:
    """Return a campaign as one line."""
    told = {"campaign_id": row.id, "title": row.title, "state": row.state, "state_label": STATE_WORDS[row.state]}
    force = {"version": row.version, "campaign_hash": row.hash, "published_at": row.published_at}
    return {**told, **force, "revision": row.revision}
