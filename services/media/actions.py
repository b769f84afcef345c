"""What media does: it learns of campaigns and files, judges, and tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from services.campaigns.findings import Finding, verdict
from services.campaigns.models import Campaign
from services.campaigns.slots import HeadCard, Slot, TailCard
from services.kernel.contracts.events import (
    AssetFailed,
    AssetJudged,
    AssetRendered,
    AssetRenditionWithdrawn,
    CampaignPublished,
    FindingData,
    FrameRef,
    UploadCompleted,
    WorkHead,
)
from services.kernel.errors import Conflict, NotFound, NotYet, Rejected
from services.kernel.instants import EPOCH
from services.kernel.jobs import retry
from services.kernel.ports import ObjectStore, Transaction
from services.media import store
from services.media.domain.judging import judge, summary
from services.media.domain.measures import Film, Measured
from services.media.domain.preview import spoiled
from services.media.domain.remedies import remedy
from services.media.store import Asset

JUDGE = "media.judge"
RENDER = "media.render"
REJUDGE = "media.rejudge"
MEASURED: TypeAdapter[Measured] = TypeAdapter(Measured)
_DAY_S = 86_400
_PLACES_A_DAY = 10_000
_AT_ONCE = 100
_CARDS_S = 15.0
_RENDER_LATER = -(10**9)
PERSONAL = "本材料属个人信息，仅本单位和主办单位可查看。"


@dataclass(frozen=True, slots=True)
class Renditions:
    """Object keys of what people look at. `frames` are (seconds, key) of stills of head and tail."""

    preview_key: str | None = None
    preview_type: str | None = None
    poster_key: str | None = None
    sheet_key: str | None = None
    waveform_key: str | None = None
    frames: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A file to be judged: under which campaign and slot, and what was measured before, if anything."""

    asset: Asset
    campaign_hash: str
    slot: Slot
    unit_type: str | None
    measured: Measured | None


def learn_campaign(transaction: Transaction, event: CampaignPublished) -> None:
    """Keep a version of a campaign."""
    rows = transaction.connection
    store.keep_campaign(
        rows,
        campaign_hash=event.campaign_hash,
        campaign_id=event.campaign_id,
        version=event.version,
        normalised=event.normalised,
    )
    store.keep_units(rows, event.campaign_id, [(unit.unit_id, unit.unit_type) for unit in event.units])


def ask_to_judge_again(transaction: Transaction, event: CampaignPublished) -> None:
    """Have the files of a campaign that changed judged again."""
    rows = transaction.connection
    newest = store.latest_campaign(rows, event.campaign_id) == event.campaign_hash
    if newest and store.unasked(rows, event.campaign_id, event.campaign_hash, kind=JUDGE, after="", limit=1):
        transaction.enqueue(REJUDGE, event.campaign_hash, {"campaign_hash": event.campaign_hash})


def judge_some_again(transaction: Transaction, campaign_hash: str, after: str) -> str | None:
    """Ask for the next files of a changed campaign to be judged under it; return the last one's id, None after all.

    A file whose slot the campaign has no more keeps the verdict it has.
    """
    rows = transaction.connection
    campaign = _campaign(rows, campaign_hash)
    assets = store.unasked(rows, campaign.id, campaign_hash, kind=JUDGE, after=after, limit=_AT_ONCE)
    for asset in assets:
        if campaign.slot(asset.slot) is not None:
            _ask_for_judgement(transaction, asset, campaign, campaign_hash)
    return assets[-1].asset_id if assets else None


def learn_work(transaction: Transaction, event: WorkHead) -> None:
    """Know the track of a work."""
    store.keep_work(transaction.connection, event.work_id, event.track)


def learn_file(transaction: Transaction, event: UploadCompleted) -> None:
    """Know a whole file."""
    asset = Asset(
        asset_id=event.upload_id,
        work_id=event.work_id,
        campaign_id=event.campaign_id,
        campaign_hash=event.campaign_hash,
        unit_id=event.unit_id,
        region_code=event.region_code,
        slot=event.slot,
        size_bytes=event.size_bytes,
        sha256=event.sha256,
        object_key=event.object_key,
        completed_at=event.completed_at,
        retired=False,
    )
    store.keep_asset(transaction.connection, asset)


def ask_to_judge(transaction: Transaction, event: UploadCompleted) -> None:
    """Have a whole file judged, under the campaign it names and under a newer one if there is any.

    Raises NotYet while the campaign, or the work that tells which slot is meant, has not arrived.
    """
    rows = transaction.connection
    _slot_of(rows, event.campaign_id, event.campaign_hash, event.work_id, event.slot)
    asset = store.asset_of(rows, event.upload_id)
    assert asset is not None  # noqa: S101 - it was kept under the same savepoint
    for campaign_hash in dict.fromkeys((event.campaign_hash, standing_under(rows, asset))):
        _ask_for_judgement(transaction, asset, _campaign(rows, campaign_hash), campaign_hash)


def standing_under(rows: Connection, asset: Asset) -> str:
    """Return the hash of the campaign whose verdict on a file counts: the newest that has arrived."""
    return store.latest_campaign(rows, asset.campaign_id) or asset.campaign_hash


def retire_file(transaction: Transaction, asset_id: str) -> None:
    """Stop caring for a file. Raises NotYet while it has not been heard of."""
    if store.asset_of(transaction.connection, asset_id) is None:
        raise NotYet(f"upload/{asset_id}")
    store.retire(transaction.connection, asset_id)


def case_of(rows: Connection, asset_id: str, campaign_hash: str) -> Case | None:
    """Return what a job needs to judge a file; None when nobody needs its verdict any more."""
    asset = store.asset_of(rows, asset_id)
    if asset is None or asset.retired:
        return None
    slot = _slot_of(rows, asset.campaign_id, campaign_hash, asset.work_id, asset.slot)
    known = store.measurement_of(rows, asset_id, asset.sha256)
    measured = None if known is None else MEASURED.validate_json(known)
    return Case(asset, campaign_hash, slot, store.unit_type(rows, asset.campaign_id, asset.unit_id), measured)


def show_early(transaction: Transaction, asset: Asset, preview_key: str, preview_type: str) -> None:
    """Offer the preview before the decode has ended, unless something is offered or was withdrawn already."""
    if store.rendition_of(transaction.connection, asset.asset_id) is None:
        store.keep_rendition(transaction.connection, asset.asset_id, preview_key=preview_key, preview_type=preview_type)
        _tell_rendered(transaction, asset)


def conclude(transaction: Transaction, case: Case, measured: Measured, made: Renditions | None, objects: ObjectStore) -> None:
    """Write the verdict, say it, and offer, or take back, what people look at.

    `made` is None when the file had been measured before and is only judged under another campaign.
    """
    rows, asset = transaction.connection, case.asset
    if store.judgement_of(rows, asset.asset_id, case.campaign_hash) is not None:
        return
    store.keep_measurement(rows, asset.asset_id, asset.sha256, MEASURED.dump_json(measured).decode())
    if made is not None:
        _offer(transaction, asset, measured, made, objects)
    known = store.rendition_of(rows, asset.asset_id)
    personal = is_personal(rows, asset)
    if made is None and known is not None and personal:
        _withdraw(transaction, asset, PERSONAL)
    _tell_judged(transaction, case, measured, known["frames"] if known and not personal else ())


def rendered(transaction: Transaction, asset: Asset, preview_key: str, preview_type: str) -> None:
    """Offer a preview that had to be encoded."""
    store.keep_rendition(transaction.connection, asset.asset_id, preview_key=preview_key, preview_type=preview_type)
    _tell_rendered(transaction, asset)


def give_up(transaction: Transaction, payload: dict[str, Any], reason: str) -> None:
    """Say that a file could not be judged, for a reason of the platform's own."""
    asset = store.asset_of(transaction.connection, payload["asset_id"])
    if asset is not None and not asset.retired:
        transaction.emit(
            AssetFailed(
                asset_id=asset.asset_id,
                work_id=asset.work_id,
                campaign_id=asset.campaign_id,
                sha256=asset.sha256,
                reason=reason,
            )
        )


def try_again(transaction: Transaction, asset_id: str) -> None:
    """Let what failed be tried again. Raises Conflict when nothing did."""
    asset = store.asset_of(transaction.connection, asset_id)
    if asset is None:
        raise NotFound
    standing = standing_under(transaction.connection, asset)
    keys = [(JUDGE, job_key(asset_id, standing)), (RENDER, asset_id)]
    tried = [retry(transaction, kind, key) for kind, key in keys]
    if not any(tried):
        raise Conflict("这个文件没有未完成的处理，不需要重试。", "Nothing of this file has failed.")


def job_key(asset_id: str, campaign_hash: str) -> str:
    """Return the key of a judging: one job a file and campaign."""
    return f"{asset_id}/{campaign_hash}"


def _ask_for_judgement(transaction: Transaction, asset: Asset, campaign: Campaign, campaign_hash: str) -> None:
    rows = transaction.connection
    transaction.enqueue(
        JUDGE,
        job_key(asset.asset_id, campaign_hash),
        {"asset_id": asset.asset_id, "campaign_hash": campaign_hash},
        priority=_priority(campaign, store.waiting_in(rows, asset.region_code, _PLACES_A_DAY)),
    )


def _priority(campaign: Campaign, waiting: int) -> int:
    """Rank by the day of the deadline, then by how many files of the same region wait before: none starves another."""
    stage = campaign.stage_for("submit")
    closes = stage.closes if stage else None
    day = _day(closes) if closes else _PLACES_A_DAY // 2
    return -(day * _PLACES_A_DAY + waiting)


def _day(instant: datetime) -> int:
    return int((instant - EPOCH).total_seconds() // _DAY_S)


def _campaign(rows: Connection, campaign_hash: str) -> Campaign:
    return Campaign.model_validate(store.campaign_of(rows, campaign_hash))


def _slot_of(rows: Connection, campaign_id: str, campaign_hash: str, work_id: str, slot_id: str) -> Slot:
    """Return the slot that is meant. Where several tracks have one of this id, the work must be known."""
    if store.campaign_of(rows, campaign_hash) is None:
        raise NotYet(f"campaign/{campaign_id}")
    campaign = _campaign(rows, campaign_hash)
    track = store.track_of(rows, work_id)
    having = [each for each in campaign.tracks if any(slot.id == slot_id for slot in each.slots)]
    if track is None and len(having) > 1:
        raise NotYet(f"work/{work_id}")
    slot = campaign.slot(slot_id, track)
    if slot is None:
        raise Rejected(f"campaign {campaign_id} has no slot {slot_id}")
    return slot


def is_personal(rows: Connection, asset: Asset) -> bool:
    """Whether only its own unit and the organiser may look at a file, by the newest campaign or the one it was sent under.

    While the work's track is unknown, the strictest slot of the file's slot id decides.
    """
    track = store.track_of(rows, asset.work_id)
    hashes = {asset.campaign_hash, standing_under(rows, asset)}
    tracks = [each for campaign_hash in hashes for each in _campaign(rows, campaign_hash).tracks if track in {None, each.id}]
    return any(slot.is_personal for each in tracks for slot in each.slots if slot.id == asset.slot)


def _offer(transaction: Transaction, asset: Asset, measured: Measured, made: Renditions, objects: ObjectStore) -> None:
    rows = transaction.connection
    reason = spoiled(measured)
    early = store.rendition_of(rows, asset.asset_id)
    values = {field.name: getattr(made, field.name) for field in fields(made)}
    if reason is not None:
        values |= {"preview_key": None, "preview_type": None}
    store.keep_rendition(rows, asset.asset_id, **values, withdrawn=reason)
    if reason is not None and early and early["preview_key"]:
        _withdraw(transaction, asset, reason)
        transaction.after_commit(partial(objects.delete, early["preview_key"]))
    if any(values.values()):
        _tell_rendered(transaction, asset)
    if reason is None and isinstance(measured, Film) and made.preview_key is None:
        transaction.enqueue(RENDER, asset.asset_id, {"asset_id": asset.asset_id}, priority=_RENDER_LATER)


def _withdraw(transaction: Transaction, asset: Asset, reason: str) -> None:
    transaction.emit(
        AssetRenditionWithdrawn(
            asset_id=asset.asset_id,
            work_id=asset.work_id,
            campaign_id=asset.campaign_id,
            sha256=asset.sha256,
            reason=reason,
        )
    )


def _tell_rendered(transaction: Transaction, asset: Asset) -> None:
    """Say what there is to look at, but for personal files: whoever hears of a key can sign an address of it."""
    if is_personal(transaction.connection, asset):
        return
    known = store.rendition_of(transaction.connection, asset.asset_id) or {}
    keys = ("preview_key", "preview_type", "poster_key", "sheet_key", "waveform_key")
    transaction.emit(
        AssetRendered(
            asset_id=asset.asset_id,
            work_id=asset.work_id,
            campaign_id=asset.campaign_id,
            sha256=asset.sha256,
            **{key: known.get(key) for key in keys},
        )
    )


def _tell_judged(transaction: Transaction, case: Case, measured: Measured, stills: Sequence[tuple[float, str]]) -> None:
    asset, findings = case.asset, judge(measured, case.slot, case.unit_type)
    first_line = summary(measured, case.slot, findings)
    ways_out = remedy(findings, measured, case.slot).sentences
    duration_s = measured.decoded.timing.extent_s if isinstance(measured, Film) else None
    store.keep_judgement(
        transaction.connection,
        asset_id=asset.asset_id,
        campaign_hash=case.campaign_hash,
        verdict=verdict(findings).value,
        findings=_json(findings),
        summary=first_line,
        remedies=_REMEDIES.dump_json(ways_out).decode(),
        duration_s=duration_s,
        judged_at=transaction.now,
    )
    transaction.emit(
        AssetJudged(
            asset_id=asset.asset_id,
            work_id=asset.work_id,
            campaign_id=asset.campaign_id,
            campaign_hash=case.campaign_hash,
            slot=asset.slot,
            sha256=asset.sha256,
            verdict=verdict(findings).value,
            findings=tuple(FindingData(**found.model_dump(mode="json")) for found in findings),
            summary=first_line,
            remedies=ways_out,
            duration_s=duration_s,
            frames=tuple(_frames(case.slot, duration_s, stills)),
        )
    )


def _frames(slot: Slot, duration_s: float | None, stills: Sequence[tuple[float, str]]) -> list[FrameRef]:
    """Choose the stills that lie in the windows of the slot's cards, 15 s where it has none."""
    if duration_s is None:
        return []
    head_s = next((rule.within_s for rule in slot.rules if isinstance(rule, HeadCard)), _CARDS_S)
    tail_s = next((rule.within_s for rule in slot.rules if isinstance(rule, TailCard)), _CARDS_S)
    head = [FrameRef(part="head", at_s=at_s, object_key=key) for at_s, key in stills if at_s <= head_s]
    tail = [FrameRef(part="tail", at_s=at_s, object_key=key) for at_s, key in stills if at_s >= duration_s - tail_s]
    return [*head, *tail]


_FINDINGS = TypeAdapter(tuple[Finding, ...])
_REMEDIES = TypeAdapter(tuple[str, ...])


def _json(findings: tuple[Finding, ...]) -> str:
    return _FINDINGS.dump_json(findings).decode()
