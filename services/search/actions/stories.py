"""Keeping each work as its events tell of it."""

from __future__ import annotations

import json
from datetime import datetime

from services.kernel.contracts.events import AssetRef, Compared, ResultPublished, WorkContent, WorkHead
from services.kernel.grams import content_hash
from services.kernel.ports import Transaction
from services.search.domain.stories import DRAFT, SUBMITTED, WITHDRAWN, Film
from services.search.store import stories


def keep_head(transaction: Transaction, head: WorkHead, content: WorkContent, *, at: datetime, submitted: bool) -> None:
    """Keep what a work says now. One that was submitted stays so while named items of it are mended."""
    connection = transaction.connection
    known = stories.get(connection, head.work_id)
    stands = submitted or (known is not None and known.state == SUBMITTED)
    values = {
        "known": True,
        "state": SUBMITTED if stands else DRAFT,
        "unit_id": head.unit_id,
        "unit_name": head.unit_name,
        "region_code": head.region_code,
        "track": head.track,
        "title": head.title,
        "organisation": content.compared.organisation,
        "person": content.compared.person,
        "text": content.story,
        "compared": telling(content.compared, content.story).model_dump_json(),
        "compared_hash": head.compared_hash,
        "saved_at": at,
    }
    stories.change(connection, head.work_id, head.campaign_id, values)


def telling(compared: Compared, story: str) -> Compared:
    """Return the fields compared without the hash of a text so short that two works may share it."""
    if story and content_hash(story) is None:
        return compared.model_copy(update={"content_hash": None})
    return compared


def withdraw(transaction: Transaction, work_id: str, campaign_id: str) -> None:
    """Keep that a unit took its work back."""
    stories.change(transaction.connection, work_id, campaign_id, {"state": WITHDRAWN})


def keep_consent(transaction: Transaction, work_id: str, campaign_id: str, *, given: bool) -> None:
    """Keep whether text and video may be published as far as the entrant is concerned."""
    stories.change(transaction.connection, work_id, campaign_id, {"consent": given})


def keep_release(transaction: Transaction, work_id: str, campaign_id: str, *, released: bool) -> None:
    """Keep whether a named person released text and video."""
    stories.change(transaction.connection, work_id, campaign_id, {"released": released})


def keep_result(transaction: Transaction, result: ResultPublished) -> None:
    """Keep what a published result says of each of its works."""
    for work in result.works:
        values = {"outcome": work.outcome, "year": result.year, "published_at": result.published_at}
        stories.change(transaction.connection, work.work_id, result.campaign_id, values)


def keep_accepted_files(transaction: Transaction, work_id: str, campaign_id: str, assets: tuple[AssetRef, ...]) -> None:
    """Keep with which files a work was accepted: only their films are shown."""
    accepted = json.dumps(sorted(asset.asset_id for asset in assets))
    stories.change(transaction.connection, work_id, campaign_id, {"accepted": accepted})


def keep_film(transaction: Transaction, work_id: str, campaign_id: str, asset_id: str, film: Film | None) -> None:
    """Keep the film made of a file; None takes it back."""
    kept = stories.films(transaction.connection, work_id)
    changed = {asset: other for asset, other in kept.items() if asset != asset_id} | ({asset_id: film} if film else {})
    if changed != kept:
        stories.change(transaction.connection, work_id, campaign_id, {"preview": stories.films_json(changed)})
