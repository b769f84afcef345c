"""A campaign from its file to its publication: drafted, its readings confirmed, published by two persons."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection, Row

from services.campaigns.calendars import china
from services.campaigns.evaluation.publication import publication_findings, publication_hold
from services.campaigns.loader import load_campaign, load_units
from services.campaigns.models import Campaign, Units
from services.campaigns.normal import campaign_hash, canonical_json
from services.intake.actions import closing, invitations
from services.intake.actions.acts import record
from services.intake.domain.people import UNIT_ROLES
from services.intake.domain.publication import (
    NotReady,
    check_may_enter,
    check_second_person,
    published_sentence,
    waiting_sentence,
)
from services.intake.store import campaigns, lists, people
from services.kernel.auth import Principal, Role
from services.kernel.contracts.events import CampaignAnnounced, CampaignPublished, UnitRef
from services.kernel.errors import Changed, Conflict, NotFound
from services.kernel.ids import new_id
from services.kernel.keys import Keys
from services.kernel.ports import Transaction

VERSION_ONE = 1


@dataclass(frozen=True, slots=True)
class Files:
    """The files an organiser brings: the campaign, the units, and the campaign that it copies."""

    campaign: bytes
    campaign_name: str = "campaign.yaml"
    units: bytes | None = None
    units_name: str = "units.yaml"
    extends: bytes | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What the files say."""

    files: Files
    campaign: Campaign
    units: Units | None

    @property
    def values(self) -> dict[str, Any]:
        """The columns that follow from the files."""
        files = self.files
        return {
            "title": self.campaign.title,
            "source": files.campaign.decode("utf-8-sig"),
            "file_name": files.campaign_name,
            "extends": files.extends.decode("utf-8-sig") if files.extends is not None else None,
            "units_source": files.units.decode("utf-8-sig") if files.units is not None else None,
            "units_file_name": files.units_name,
            "normalised": canonical_json(self.campaign).decode(),
            "hash": campaign_hash(self.campaign),
            "units": to_json(self.units).decode(),
            "findings": to_json(publication_findings(self.campaign, china)).decode(),
        }


def read_files(files: Files, stored: Callable[[str], bytes | None], choices: Mapping[str, str] | None = None) -> Read:
    """Read campaign and units; blocks for half a second. Raises `FaultyFileError` with every fault.

    `stored` returns the file of a campaign that is here already, for one that copies it.
    """
    used: list[bytes | None] = []

    def base(campaign_id: str) -> bytes | None:
        used.append(files.extends if files.extends is not None else stored(campaign_id))
        return used[-1]

    campaign = load_campaign(files.campaign, files.campaign_name, bases=base, choices=choices)
    units = None if files.units is None else load_units(files.units, files.units_name, campaign=campaign)
    return Read(dataclasses.replace(files, extends=used[-1] if used else None), campaign, units)


def stored_source(connection: Connection, campaign_id: str) -> bytes | None:
    """Return the file of a campaign that is here."""
    row = campaigns.find(connection, campaign_id)
    return None if row is None else row.source.encode()


def draft(transaction: Transaction, who: Principal, read: Read, *, rehearsal: bool) -> Row[Any]:
    """Keep a campaign as a draft. Raises `Conflict` when one of its id is here, `NotForReal`."""
    check_may_enter(read.campaign, rehearsal=rehearsal)
    if campaigns.find(transaction.connection, read.campaign.id) is not None:
        raise Conflict(
            f"活动“{read.campaign.id}”已存在。修改草稿请用更新，已发布的活动须另发补充通知。",
            "A campaign of this id is here.",
            kind="campaign-exists",
        )
    state = {"state": "draft", "version": 0, "one_person": False, "revision": 1}
    made = {"id": read.campaign.id, "created_by": who.account_id, "created_at": transaction.now}
    campaigns.add(transaction.connection, {**read.values, **state, **made})
    record(transaction, who, "campaign.drafted", f"campaign/{read.campaign.id}", hash=campaign_hash(read.campaign))
    return present(transaction.connection, read.campaign.id)


def replace(transaction: Transaction, who: Principal, campaign_id: str, read: Read, revision: int) -> Row[Any]:
    """Put other files in a draft's place; its readings are open again. Raises `Conflict`, `Changed`."""
    row = _unpublished(transaction.connection, campaign_id)
    _check_revision(row, revision)
    if read.campaign.id != campaign_id:
        raise Conflict(f"文件中的活动标识是“{read.campaign.id}”，应为“{campaign_id}”。", "The file names another campaign.")
    campaigns.forget_readings(transaction.connection, campaign_id)
    campaigns.change(transaction.connection, campaign_id, {**read.values, **_NOT_REQUESTED})
    record(transaction, who, "campaign.replaced", f"campaign/{campaign_id}", hash=campaign_hash(read.campaign))
    return present(transaction.connection, campaign_id)


_NOT_REQUESTED: Mapping[str, Any] = {"state": "draft", "requested_by": None, "requested_at": None}


def present(connection: Connection, campaign_id: str) -> Row[Any]:
    """Return a campaign's row. Raises `NotFound`."""
    row = campaigns.find(connection, campaign_id)
    if row is None:
        raise NotFound
    return row


def _unpublished(connection: Connection, campaign_id: str) -> Row[Any]:
    row = present(connection, campaign_id)
    if row.state == "published":
        raise Conflict("活动已发布，不能再改。修改须另发补充通知。", "The campaign is published.", kind="published")
    return row


def _check_revision(row: Row[Any], revision: int) -> None:
    if row.revision != revision:
        current = {"campaign_id": row.id, "state": row.state, "hash": row.hash, "revision": row.revision}
        raise Changed("活动已被他人修改，请刷新后再试。", "The campaign was changed in between.", current=current)


# --- readings -------------------------------------------------------------------------------------------------------


def files_of(row: Row[Any]) -> Files:
    """Return the files of a draft as they came."""
    return Files(
        campaign=row.source.encode(),
        campaign_name=row.file_name,
        units=row.units_source.encode() if row.units_source is not None else None,
        units_name=row.units_file_name or "units.yaml",
        extends=row.extends.encode() if row.extends is not None else None,
    )


def confirm_reading(
    transaction: Transaction, who: Principal, campaign_id: str, reading_id: str, *, option: str, read: Read, revision: int
) -> Row[Any]:
    """Keep that a person confirmed how a reading stands; `read` was read under it. Raises `Conflict`, `Changed`."""
    row = _unpublished(transaction.connection, campaign_id)
    _check_revision(row, revision)
    values = {"option": option, "account_id": who.account_id, "confirmed_at": transaction.now}
    campaigns.confirm_reading(transaction.connection, campaign_id, reading_id, **values)
    campaigns.change(transaction.connection, campaign_id, {**read.values, **_NOT_REQUESTED})
    record(transaction, who, "campaign.reading-confirmed", f"campaign/{campaign_id}", reading=reading_id, option=option)
    return present(transaction.connection, campaign_id)


# --- publication ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What an act on a campaign answers with."""

    campaign_id: str
    state: str
    message: str
    revision: int


def request_publication(transaction: Transaction, *, who: Principal, campaign_id: str, rehearsal: bool) -> Said:
    """Ask the head to publish. Raises `NotReady` with the sentence, `Conflict` once it is published."""
    row = _ready(transaction.connection, campaign_id, rehearsal=rehearsal)
    heads = [head.name for head in people.accounts(transaction.connection, roles=(Role.HEAD,))]
    asked = {"state": "waiting", "requested_by": who.account_id, "requested_at": transaction.now}
    campaigns.change(transaction.connection, campaign_id, asked)
    record(transaction, who, "campaign.publication-requested", f"campaign/{campaign_id}")
    return Said(campaign_id, "waiting", waiting_sentence(heads), row.revision + 1)


def _ready(connection: Connection, campaign_id: str, *, rehearsal: bool) -> Row[Any]:
    row = _unpublished(connection, campaign_id)
    campaign = Campaign.model_validate_json(row.normalised)
    check_may_enter(campaign, rehearsal=rehearsal)
    if hold := publication_hold(campaign, campaigns.readings(connection, campaign_id)):
        raise NotReady(hold, "Readings are not confirmed.")
    if json.loads(row.units) is None:
        raise NotReady("尚未上传单位文件，暂不能发布。", "The units file is missing.")
    return row


def confirm_publication(
    transaction: Transaction, who: Principal, keys: Keys, campaign_id: str, received: datetime, *, rehearsal: bool
) -> Said:
    """Publish, as the second person. Raises `NotReady`, `Forbidden` for the one who asked, `Conflict`."""
    row = _ready(transaction.connection, campaign_id, rehearsal=rehearsal)
    if row.state != "waiting":
        raise NotReady("发布尚未由经办人提交，或提交后又有改动。", "Publication was not requested.")
    one_person = people.one_person(transaction.connection)
    alone = check_second_person(row.requested_by, who.account_id, one_person=one_person)
    campaign, units = Campaign.model_validate_json(row.normalised), Units.model_validate_json(row.units)
    _check_units_known(transaction.connection, campaign_id, units)
    at = transaction.campaign_time(received)
    _put_in_force(transaction, row, campaign, units, at=at, rehearsal=rehearsal)
    done = {
        "state": "published",
        "version": VERSION_ONE,
        "confirmed_by": who.account_id,
        "published_at": at,
        "one_person": alone,
    }
    campaigns.change(transaction.connection, campaign_id, done)
    for unit in units.units:
        _open_list(transaction.connection, campaign, campaign_id, unit.id, unit.type)
        for role in sorted(UNIT_ROLES):
            invitations.issue_for_unit(transaction, keys, who, campaign_id, role=role, unit=unit)
    closing.schedule(transaction, campaign)
    record(transaction, who, "campaign.published", f"campaign/{campaign_id}", version=VERSION_ONE, one_person=alone)
    return Said(campaign_id, "published", published_sentence(units.units), row.revision + 1)


def _check_units_known(connection: Connection, campaign_id: str, units: Units) -> None:
    """Refuse a unit id under which another unit is known here: accounts are bound to it."""
    known = {
        unit["id"]: unit["name"]
        for row in campaigns.all_of(connection, drafts=False)
        if row.id != campaign_id
        for unit in json.loads(row.units)["units"]
    }
    for unit in units.units:
        if unit.id in known and known[unit.id] not in {unit.name, *unit.aliases}:
            message = f"单位标识“{unit.id}”在本平台已用于“{known[unit.id]}”，请改用别的标识，或把原名写入aliases。"
            raise NotReady(message, "A unit id is taken by another unit.")


def _put_in_force(
    transaction: Transaction, row: Row[Any], campaign: Campaign, units: Units, *, at: datetime, rehearsal: bool
) -> None:
    key = {"campaign_id": row.id, "version": VERSION_ONE, "hash": row.hash, "published_at": at}
    kept = {"normalised": row.normalised, "units": row.units, "rehearsal": rehearsal}
    campaigns.add_version(transaction.connection, {**key, **kept})
    transaction.emit(
        CampaignPublished(
            campaign_id=row.id,
            version=VERSION_ONE,
            campaign_hash=row.hash,
            title=campaign.title,
            host=units.host.name,
            rehearsal=rehearsal,
            published_at=at,
            normalised=json.loads(row.normalised),
            units=tuple(
                UnitRef(unit_id=unit.id, name=unit.name, unit_type=unit.type, region_code=unit.region_code)
                for unit in units.units
            ),
        )
    )
    transaction.emit(
        CampaignAnnounced(
            campaign_id=row.id,
            version=VERSION_ONE,
            campaign_hash=row.hash,
            title=campaign.title,
            document_number=campaign.notice.document_number,
            host=units.host.name,
            rehearsal=rehearsal,
            published_at=at,
        )
    )


def _open_list(connection: Connection, campaign: Campaign, campaign_id: str, unit_id: str, unit_type: str) -> None:
    list_id = new_id()
    lists.add(connection, {"id": list_id, "campaign_id": campaign_id, "unit_id": unit_id, "state": "open", "revision": 1})
    for track in campaign.tracks:
        if campaign.quota(unit_type, track.id) is not None:
            lists.add_place(connection, list_id, track.id)
