"""A work's files: where a new one belongs, its arrival, its reports by event, and people's answers to questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.campaigns.slots import Slot
from services.intake.actions import places, receipts, repairs
from services.intake.actions.acts import record
from services.intake.actions.rules import Rules, in_force
from services.intake.actions.uploads import Place
from services.intake.actions.windows import admit_upload, ended_in_time
from services.intake.domain.files import Check, Report, keyed
from services.intake.domain.works import EDITABLE, StepRefused, WorkState
from services.intake.store import uploads, works
from services.intake.store.uploads import Upload
from services.intake.store.works import Work
from services.kernel.auth import Principal
from services.kernel.contracts.events import (
    AssetFailed,
    AssetJudged,
    AssetRef,
    AssetRendered,
    AssetRenditionWithdrawn,
    UploadRetired,
)
from services.kernel.errors import Conflict, NotFound, Unprocessable
from services.kernel.ports import Transaction


class WorksOfUnits:
    """What uploads ask of works (`actions.uploads.Works`)."""

    def place_for(self, transaction: Transaction, work_id: str, slot: str, unit_id: str, received: datetime) -> Place:
        """Return where a new file would belong. Raises `NotFound`, `Unprocessable`, `StepRefused`, `TooLate`."""
        work = works.find(transaction.connection, work_id)
        if work is None or work.unit_id != unit_id:
            raise NotFound
        rules = in_force(transaction.connection, work.campaign_id)
        found = slot_of(rules, work, slot)
        if work.state is WorkState.RETURNED and slot in repairs.open_items(transaction.connection, work_id):
            return _place(rules, work)
        if work.state not in EDITABLE:
            raise StepRefused(
                f"作品现为“{work.state.label}”，不能上传{found.label}。", "The work takes no files now.", state=work.state.value
            )
        admit_upload(transaction, rules, received)
        _check_room(transaction.connection, work, found)
        return _place(rules, work)

    def file_arrived(self, transaction: Transaction, upload: Upload) -> Place:
        """Attach a file that is whole; where the slot holds one, it takes that one's place."""
        work = works.find(transaction.connection, upload.work_id)
        if work is None:
            raise NotFound
        rules = in_force(transaction.connection, work.campaign_id)
        late = _is_late(transaction, rules, work, upload)
        if not late and slot_of(rules, work, upload.slot).max_files == 1:
            for row in _of_slot(transaction.connection, work.id, upload.slot):
                retire(transaction, work, row)
        _attach(transaction, upload, late=late)
        if work.receipt_number is not None:
            payload = {"work_id": work.id}
            transaction.enqueue(receipts.COMPLETE_FILES, f"{work.id}/{upload.id}", payload)
        return _place(rules, work)


def _check_room(connection: Connection, work: Work, slot: Slot) -> None:
    if slot.max_files > 1 and len(_of_slot(connection, work.id, slot.id)) >= slot.max_files:
        message = f"{slot.label}已有{slot.max_files}个，至多{slot.max_files}个（{slot.cite}）。请先移出1个。"
        raise Conflict(message, "The slot is full.", kind="slot-full")


def _is_late(transaction: Transaction, rules: Rules, work: Work, upload: Upload) -> bool:
    """Whether the file does not count: it ended beyond the grace, or nothing of the work can change any more."""
    if work.state is WorkState.RETURNED and upload.slot in repairs.open_items(transaction.connection, work.id):
        return False
    over = work.state in {WorkState.ACCEPTED, WorkState.REJECTED, WorkState.WITHDRAWN}
    return over or not ended_in_time(rules, upload.begun_at, upload.ended_at or transaction.campaign_time())


def _attach(transaction: Transaction, upload: Upload, *, late: bool) -> None:
    of = {"id": upload.id, "work_id": upload.work_id, "slot": upload.slot, "name": upload.name}
    bytes_ = {"size_bytes": upload.length_bytes, "sha256": upload.sha256, "object_key": _key(transaction, upload)}
    at = {"begun_at": upload.begun_at, "arrived_at": upload.ended_at or transaction.campaign_time(), "late": late}
    works.add_file(transaction.connection, {**of, **bytes_, **at, "check_state": Check.QUEUED})


def _key(transaction: Transaction, upload: Upload) -> str:
    """`complete` has written the key before it attaches the file."""
    present = uploads.find(transaction.connection, upload.id)
    return str(present.object_key if present else upload.object_key)


def _place(rules: Rules, work: Work) -> Place:
    unit = rules.unit(work.unit_id)
    return Place(unit.id, unit.region_code, work.campaign_id, rules.version, rules.hash)


def slot_of(rules: Rules, work: Work, slot_id: str) -> Slot:
    """Return a slot of the work's track. Raises `Unprocessable` naming those there are."""
    slots = rules.track(work.track).slots
    found = next((slot for slot in slots if slot.id == slot_id), None)
    if found is None:
        known = "、".join(f"{slot.label}（{slot.id}）" for slot in slots) or "无"
        raise Unprocessable(f"本类别没有材料“{slot_id[:40]}”，有：{known}。", "No such slot.", kind="unknown-slot")
    return found


def _of_slot(connection: Connection, work_id: str, slot: str) -> list[Row[Any]]:
    return [row for row in works.files(connection, work_id) if row.slot == slot and not row.late]


def retire(transaction: Transaction, work: Work, row: Row[Any]) -> None:
    """A file was replaced or taken out: nobody needs its verdict any more."""
    works.change_file(transaction.connection, row.id, retired_at=transaction.now)
    transaction.emit(UploadRetired(upload_id=row.id, work_id=work.id, campaign_id=work.campaign_id))


def remove(transaction: Transaction, who: Principal, work_id: str, file_id: str) -> None:
    """Take a file out. Raises `NotFound`, `StepRefused` once the work is locked."""
    work, row = own_file(transaction.connection, who, work_id, file_id)
    returned = work.state is WorkState.RETURNED and row.slot in repairs.open_items(transaction.connection, work_id)
    if work.state not in EDITABLE and not returned:
        raise StepRefused(f"作品现为“{work.state.label}”，不能移出文件。", "The work is not open.", state=work.state.value)
    retire(transaction, work, row)
    if work.list_id is not None and work.state is WorkState.LISTED:
        places.touch(transaction, work.list_id)


def own_file(connection: Connection, who: Principal, work_id: str, file_id: str) -> tuple[Work, Row[Any]]:
    """Return a work and its file, for its own unit or the organiser. Raises `NotFound`."""
    work, row = works.find(connection, work_id), works.find_file(connection, file_id)
    if work is None or row is None or row.work_id != work_id or row.retired_at is not None:
        raise NotFound
    if who.unit_id not in {None, work.unit_id}:
        raise NotFound
    return work, row


# --- reports and answers --------------------------------------------------------------------------------------------


def report_of(row: Row[Any], ticks: Sequence[str] = ()) -> Report:
    """Return a file's report as decisions look at it."""
    told = json.loads(row.report) if row.report else {}
    return Report(Check(row.check_state), told.get("findings", ()), frozenset(ticks))


def reports(connection: Connection, work_id: str) -> list[tuple[Row[Any], Report]]:
    """Return the files of a work that count, each with its report."""
    rows = [row for row in works.files(connection, work_id) if not row.late]
    ticks = works.ticks(connection, [row.id for row in rows])
    return [(row, report_of(row, list(ticks[row.id]))) for row in rows]


def keep_verdict(transaction: Transaction, event: AssetJudged) -> None:
    """Keep a verdict on exactly the present bytes under the present campaign."""
    if _judged_file(transaction.connection, event) is None:
        return
    told = event.model_dump(mode="json", include={"summary", "remedies", "duration_s", "frames"})
    listed = keyed([each.model_dump(mode="json", exclude_none=True) for each in event.findings])
    state = Check.UNJUDGED if event.verdict == "unjudged" else Check.JUDGED
    kept = json.dumps({**told, "findings": listed}, ensure_ascii=False)
    verdict = {"campaign_hash": event.campaign_hash, "verdict": event.verdict}
    works.change_file(transaction.connection, event.asset_id, check_state=state, report=kept, **verdict)


def return_block(transaction: Transaction, event: AssetJudged) -> None:
    """Return the item of a file in which the present campaign finds a fault after the lock."""
    found = _judged_file(transaction.connection, event)
    reasons = [each.message for each in event.findings if each.severity == "block"]
    if found is not None and reasons:
        work, rules = found
        repairs.return_block(transaction, rules, work, event.slot, reasons)


def _judged_file(connection: Connection, event: AssetJudged) -> tuple[Work, Rules] | None:
    row = works.find_file(connection, event.asset_id)
    work = works.find(connection, event.work_id)
    if row is None or work is None or row.retired_at is not None or row.sha256 != event.sha256:
        return None
    rules = in_force(connection, work.campaign_id)
    return None if event.campaign_hash != rules.hash else (work, rules)


def keep_failure(transaction: Transaction, event: AssetFailed) -> None:
    """Keep that a file could not be judged, for no fault of its own."""
    row = works.find_file(transaction.connection, event.asset_id)
    if row is not None and row.sha256 == event.sha256 and row.check_state == Check.QUEUED:
        told = json.dumps({"summary": event.reason, "findings": []}, ensure_ascii=False)
        works.change_file(transaction.connection, event.asset_id, check_state=Check.UNJUDGED, report=told)


def keep_rendition(transaction: Transaction, event: AssetRendered | AssetRenditionWithdrawn) -> None:
    """Keep what there is to look at, or that it was taken back."""
    row = works.find_file(transaction.connection, event.asset_id)
    if row is None or row.sha256 != event.sha256:
        return
    keys = event.model_dump(exclude={"asset_id", "work_id", "campaign_id", "sha256"}, exclude_none=True)
    shown = json.dumps(keys) if isinstance(event, AssetRendered) else None
    works.change_file(transaction.connection, event.asset_id, rendition=shown)


def tick(transaction: Transaction, who: Principal, work_id: str, *, file_id: str, finding: str, note: str) -> None:
    """Keep that a person looked and answered a question. Raises `NotFound`, `Conflict` for what is no question."""
    work, row = own_file(transaction.connection, who, work_id, file_id)
    asked = next((each for each in report_of(row).findings if each["key"] == finding), None)
    if asked is None:
        raise NotFound
    if asked["severity"] != "ask":
        raise Conflict("只有“待人工核实”的事项可以由人核实。", "Only questions can be answered by a person.")
    if work.state in {WorkState.ACCEPTED, WorkState.REJECTED, WorkState.WITHDRAWN}:
        raise StepRefused(f"作品现为“{work.state.label}”，不再核实。", "The work is done.", state=work.state.value)
    at = transaction.campaign_time()
    answer = {"file_id": file_id, "finding": finding, "account_id": who.account_id, "ticked_at": at, "note": note.strip()}
    works.add_tick(transaction.connection, answer)
    record(transaction, who, "finding.ticked", f"work/{work_id}", file=file_id, finding=finding, note=note.strip())


def refs(rows: Sequence[Row[Any]]) -> tuple[AssetRef, ...]:
    """Return files as events name them."""
    return tuple(
        AssetRef(asset_id=row.id, slot=row.slot, sha256=row.sha256, size_bytes=row.size_bytes, object_key=row.object_key)
        for row in rows
    )
