"""Copies of what other services own: campaigns, experts, accepted works, renditions."""

from __future__ import annotations

import json

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from services.kernel.auth import Role
from services.kernel.contracts.events import (
    AccountOpened,
    AssetRendered,
    AssetRenditionWithdrawn,
    CampaignPublished,
    WorkAccepted,
    WorkHead,
)
from services.kernel.ports import Transaction
from services.review import store


def keep_campaign(transaction: Transaction, event: CampaignPublished) -> None:
    """Keep the newest version."""
    row = transaction.connection.execute(
        select(store.campaign.c.version).where(store.campaign.c.campaign_id == event.campaign_id)
    ).one_or_none()
    if row is None or row.version < event.version:
        _upsert(
            transaction,
            store.campaign,
            campaign_id=event.campaign_id,
            version=event.version,
            campaign_hash=event.campaign_hash,
            title=event.title,
            host=event.host,
            rehearsal=event.rehearsal,
            normalised=_json(event.normalised),
        )


def keep_expert(transaction: Transaction, event: AccountOpened) -> None:
    """Keep an expert's account; others are none of the review's business."""
    if event.role == Role.EXPERT:
        _upsert(
            transaction,
            store.expert,
            account_id=event.account_id,
            campaign_id=event.campaign_id,
            unit_id=event.unit_id,
            name=event.personal.name,
        )


def keep_work(transaction: Transaction, event: WorkAccepted) -> None:
    """Keep an accepted work."""
    _upsert(
        transaction,
        store.work,
        work_id=event.work_id,
        campaign_id=event.campaign_id,
        accepted=True,
        head=event.model_dump_json(include=set(WorkHead.model_fields)),
        assets=_json([asset.model_dump() for asset in event.assets]),
        personal=event.personal.model_dump_json(),
    )


def drop_work(transaction: Transaction, work_id: str) -> None:
    """Keep that a work is no longer accepted: it was withdrawn or rejected."""
    gone = update(store.work).where(store.work.c.work_id == work_id).values(accepted=False)
    transaction.connection.execute(gone)


def keep_rendition(transaction: Transaction, event: AssetRendered) -> None:
    """Keep the keys of what experts look at."""
    _upsert(
        transaction,
        store.rendition,
        asset_id=event.asset_id,
        work_id=event.work_id,
        sha256=event.sha256,
        preview_key=event.preview_key,
        preview_type=event.preview_type,
        poster_key=event.poster_key,
        sheet_key=event.sheet_key,
        waveform_key=event.waveform_key,
    )


def withdraw_rendition(transaction: Transaction, event: AssetRenditionWithdrawn) -> None:
    """Forget a rendition that was taken back."""
    gone = delete(store.rendition).where(store.rendition.c.asset_id == event.asset_id)
    transaction.connection.execute(gone)


def _upsert(transaction: Transaction, table: Table, **values: object) -> None:
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in keys}
    statement = insert(table).values(**values).on_conflict_do_update(index_elements=keys, set_=rest)
    transaction.connection.execute(statement)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
