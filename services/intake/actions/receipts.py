"""Receipts: issued in the transaction whose fact they prove, and again when files that were on their way have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from services.campaigns.instants import local
from services.campaigns.models import Unit
from services.intake.actions.rules import Rules, in_force
from services.intake.domain.content import certified
from services.intake.domain.papers import check_code
from services.intake.domain.receipts import (
    CampaignRef,
    Kind,
    ReceiptFile,
    arrived,
    on_its_way,
    receipt,
    receipt_number,
)
from services.intake.store import lists, receipts, uploads, works
from services.intake.store.lists import UnitList
from services.intake.store.works import Work
from services.intake.tools.receipts import sign
from services.kernel.contracts.events import ReceiptIssued
from services.kernel.keys import Keys
from services.kernel.ports import Transaction

COMPLETE_FILES = "receipt.files"


@dataclass(frozen=True, slots=True)
class About:
    """What a receipt is about."""

    what: str
    unit: Unit
    check_code: str
    work_id: str | None = None
    list_id: str | None = None
    title: str = ""


def about_work(rules: Rules, work: Work) -> About:
    """Return a work as a receipt names it; its 校验码 covers track and fields."""
    code = check_code(certified(rules.track(work.track), work.values))
    return About(f"《{work.title}》", rules.unit(work.unit_id), code, work_id=work.id, title=work.title)


def about_list(rules: Rules, row: UnitList, code: str) -> About:
    """Return a list as a receipt names it; its 校验码 covers the printed columns."""
    title = rules.campaign.recommendation_list.short_title
    return About(title, rules.unit(row.unit_id), code, list_id=row.id, title=title)


def issue(
    transaction: Transaction,
    keys: Keys,
    rules: Rules,
    about: About,
    *,
    kind: Kind,
    received_at: datetime,
    files: Sequence[ReceiptFile] = (),
    follows: str | None = None,
) -> str:
    """Sign a receipt, keep it, say so, and return its number. `received_at` is campaign time."""
    year = local(received_at).year
    counter = receipts.next_number(transaction.connection, f"{rules.host.receipt_prefix}-{year}")
    signed = receipt(
        number=receipt_number(rules.host.receipt_prefix, year, counter),
        kind=kind,
        what=about.what,
        unit=about.unit.name,
        received_at=received_at,
        check_code=about.check_code,
        files=files,
        campaign=CampaignRef(id=rules.campaign_id, version=rules.version, hash=rules.hash),
        rehearsal=rules.rehearsal,
        follows=follows,
    )
    of = {"campaign_id": rules.campaign_id, "unit_id": about.unit.id, "work_id": about.work_id, "list_id": about.list_id}
    row = {"number": signed.number, "kind": kind, **of, "complete": signed.complete, "follows": follows}
    receipts.add(transaction.connection, {**row, "token": sign(signed, keys), "received_at": received_at})
    transaction.emit(
        ReceiptIssued(
            number=signed.number,
            kind=kind,
            **of,
            unit_name=about.unit.name,
            title=about.title,
            check_code=about.check_code,
            received_at=received_at,
            complete=signed.complete,
        )
    )
    return signed.number


def files_of(connection: Connection, work: Work) -> list[ReceiptFile]:
    """Return a work's files as a receipt names them: whole ones by their hash, others as on their way."""
    whole = [arrived(row.name, row.slot, row.size_bytes, row.sha256) for row in works.files(connection, work.id)]
    going = [row for row in uploads.of_work(connection, work.id) if row.state == "receiving"]
    return whole + [on_its_way(row.name, row.slot, row.length_bytes) for row in going]


def complete(transaction: Transaction, keys: Keys, work_id: str) -> None:
    """Issue second receipts for a work, and for the list it stands on, when nothing of them is on its way any more."""
    work = works.find(transaction.connection, work_id)
    if work is None:
        return
    rules = in_force(transaction.connection, work.campaign_id)
    files = files_of(transaction.connection, work)
    earlier = receipts.of_work(transaction.connection, work_id)
    _complete(transaction, keys, rules, about_work(rules, work), earlier=earlier, files=files)
    row = lists.find(transaction.connection, work.list_id) if work.list_id else None
    if row is not None and row.check_code is not None:
        listed = works.of_list(transaction.connection, row.id)
        every = [file for each in listed for file in files_of(transaction.connection, each)]
        about = about_list(rules, row, row.check_code)
        before = receipts.of_list(transaction.connection, row.id)
        _complete(transaction, keys, rules, about, earlier=before, files=every)


def _complete(
    transaction: Transaction,
    keys: Keys,
    rules: Rules,
    about: About,
    *,
    earlier: Sequence[Row[Any]],
    files: Sequence[ReceiptFile],
) -> None:
    if not earlier or earlier[-1].complete or any(file.sha256 is None for file in files):
        return
    now = transaction.campaign_time()
    issue(transaction, keys, rules, about, kind="files", received_at=now, files=files, follows=earlier[-1].number)
