"""Every event of the flow, in flow order. Times are system time in UTC unless a field says campaign time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.kernel.contracts.envelope import Event, Payload
from services.kernel.contracts.topics import (
    ACCOUNT,
    ASSET,
    CAMPAIGN,
    CLOCK,
    EXCLUSION,
    LIST,
    PUBLIC_CAMPAIGN,
    PUBLIC_RESULT,
    RECEIPT,
    RECORD,
    RESULT,
    ROUND,
    UPLOAD,
    WORK,
    Tier,
)

# --- the platform's own ---------------------------------------------------------------------------------------------


class ClockChanged(Event, fact="clock.changed", topic=CLOCK, subject="clock/platform"):
    """A rehearsal's campaign clock was moved or stopped. Campaign time = system time + offset, or `stopped_at`."""

    revision: int
    offset_us: int
    stopped_at: datetime | None = None


class ClockConfirmed(Event, fact="clock.confirmed", topic=CLOCK, subject="clock/{service}"):
    """A service keeps this revision of the campaign clock."""

    service: str
    revision: int


# --- intake: campaign, units, people --------------------------------------------------------------------------------


class UnitRef(Payload):
    """A recommending unit as others need to know it."""

    unit_id: str
    name: str
    unit_type: str
    region_code: str


class CampaignPublished(Event, fact="campaign.published", topic=CAMPAIGN, subject="campaign/{campaign_id}"):
    """A campaign version is in force; it carries the whole normalised campaign and its units. `published_at`: campaign time."""

    campaign_id: str
    version: int
    campaign_hash: str
    title: str
    host: str
    rehearsal: bool
    published_at: datetime
    normalised: dict[str, Any]
    units: tuple[UnitRef, ...]


class CampaignAnnounced(
    Event, fact="campaign.announced", topic=PUBLIC_CAMPAIGN, subject="campaign/{campaign_id}", tier=Tier.T0
):
    """A campaign was published, as the public may know it. `published_at`: campaign time."""

    campaign_id: str
    version: int
    campaign_hash: str
    title: str
    document_number: str
    host: str
    rehearsal: bool
    published_at: datetime


class Contact(Payload):
    """A person's name and work contact (T2)."""

    name: str
    mobile: str | None = None
    email: str | None = None


class InvitationIssued(Event, fact="invitation.issued", topic=ACCOUNT, subject="invitation/{invitation_id}"):
    """An invitation code was made for one role; the code itself stands in no event."""

    invitation_id: str
    campaign_id: str | None
    role: str
    unit_id: str | None
    unit_name: str
    code_hash: str
    has_mobile: bool


class AccountOpened(Event, fact="account.opened", topic=ACCOUNT, subject="account/{account_id}"):
    """A person has an account in one role; for an expert `unit_id` is the employer, whose works are never theirs to judge."""

    account_id: str
    role: str
    unit_id: str | None
    campaign_id: str | None
    invitation_id: str | None
    personal: Contact


class AccountEnded(Event, fact="account.ended", topic=ACCOUNT, subject="account/{account_id}"):
    """An account is closed: refuse it everywhere."""

    account_id: str


class SessionEnded(Event, fact="session.ended", topic=ACCOUNT, subject="account/{account_id}"):
    """One session has ended before its token expires: refuse it everywhere."""

    account_id: str
    session_id: str


# --- intake: works and their files ----------------------------------------------------------------------------------


class Compared(Payload):
    """What the register compares (T2).

    `content_hash` is what `kernel.grams.content_hash` says of the story; `id_hash` is keyed, with its kid.
    """

    organisation: str = ""
    person: str = ""
    birth: str = ""
    id_hash: str | None = None
    id_kid: str | None = None
    content_hash: str | None = None


class WorkContent(Payload):
    """A work's T2 part: what it is compared by, its story and its other personal fields by id."""

    compared: Compared
    story: str = ""
    fields: dict[str, str] = Field(default_factory=dict)


class AssetRef(Payload):
    """A whole file of a work."""

    asset_id: str
    slot: str
    sha256: str
    size_bytes: int
    object_key: str


class WorkHead(Payload):
    """What everybody needs to know of a work. `compared_hash` is SHA-256 over title, track and the compared fields."""

    work_id: str
    campaign_id: str
    campaign_version: int
    campaign_hash: str
    unit_id: str
    unit_name: str
    unit_type: str
    region_code: str
    track: str
    title: str
    revision: int
    compared_hash: str
    fields: dict[str, str] = Field(default_factory=dict)


class WorkSaved(WorkHead, Event, fact="work.saved", topic=WORK, subject="work/{work_id}"):
    """A draft or a returned work was saved; a hint of an earlier winner is wanted. `mended`: nothing is returned any more."""

    mended: bool = False
    personal: WorkContent


class WorkSubmitted(WorkHead, Event, fact="work.submitted", topic=WORK, subject="work/{work_id}"):
    """A work was submitted in time. `received_at`: campaign time of the receipt."""

    receipt_number: str
    received_at: datetime
    personal: WorkContent


class WorkWithdrawn(Event, fact="work.withdrawn", topic=WORK, subject="work/{work_id}"):
    """Its own unit took the work back."""

    work_id: str
    campaign_id: str


class WorkListed(Event, fact="work.listed", topic=WORK, subject="work/{work_id}"):
    """The work took a place on its unit's recommendation list."""

    work_id: str
    campaign_id: str
    unit_id: str
    list_id: str


class WorkUnlisted(Event, fact="work.unlisted", topic=WORK, subject="work/{work_id}"):
    """The work gave its place back."""

    work_id: str
    campaign_id: str
    unit_id: str
    list_id: str


class ReturnedItem(Payload):
    """One thing to mend: a field, a slot or a printed column, and why."""

    item: str
    reason: str


class WorkReturned(Event, fact="work.returned", topic=WORK, subject="work/{work_id}"):
    """Named items go back to the unit; the place is kept. `term`: campaign time, or None when the organiser decides."""

    work_id: str
    campaign_id: str
    unit_id: str
    title: str
    items: tuple[ReturnedItem, ...]
    term: datetime | None


class WorkAccepted(WorkHead, Event, fact="work.accepted", topic=WORK, subject="work/{work_id}"):
    """The formal check was passed; the work may be reviewed."""

    assets: tuple[AssetRef, ...]
    personal: WorkContent


class WorkRejected(Event, fact="work.rejected", topic=WORK, subject="work/{work_id}"):
    """The formal check was not passed, with the reason."""

    work_id: str
    campaign_id: str
    unit_id: str
    title: str
    reason: str


class ConsentRecorded(Event, fact="consent.recorded", topic=WORK, subject="work/{work_id}"):
    """Consent to publish text and video was recorded, or taken back (`given` false)."""

    work_id: str
    campaign_id: str
    given: bool


class ReleaseDecided(Event, fact="release.decided", topic=WORK, subject="work/{work_id}"):
    """A named person released the work's text and video for publication, or withheld them (`released` false)."""

    work_id: str
    campaign_id: str
    released: bool


class UploadCompleted(Event, fact="upload.completed", topic=UPLOAD, subject="upload/{upload_id}"):
    """A file is whole and durable. The upload's id is the asset's id. `begun_at`, `completed_at`: campaign time."""

    upload_id: str
    work_id: str
    campaign_id: str
    campaign_version: int
    campaign_hash: str
    unit_id: str
    region_code: str
    slot: str
    size_bytes: int
    sha256: str
    object_key: str
    begun_at: datetime
    completed_at: datetime


class UploadRetired(Event, fact="upload.retired", topic=UPLOAD, subject="upload/{upload_id}"):
    """A file was replaced by another or taken out; nobody needs its verdict any more."""

    upload_id: str
    work_id: str
    campaign_id: str


# --- intake: lists and receipts -------------------------------------------------------------------------------------


class ListedWork(Payload):
    """One row of a recommendation list."""

    row: int
    work_id: str
    title: str
    track: str
    compared_hash: str


class ListLocked(Event, fact="list.locked", topic=LIST, subject="list/{list_id}"):
    """The unit's head confirmed the list; `check_code` covers its printed columns. `locked_at`: campaign time."""

    list_id: str
    campaign_id: str
    unit_id: str
    unit_name: str
    region_code: str
    check_code: str
    receipt_number: str
    locked_at: datetime
    works: tuple[ListedWork, ...]
    personal: dict[str, Compared]


class ListUnlocked(Event, fact="list.unlocked", topic=LIST, subject="list/{list_id}"):
    """The list was opened again; a sealed scan of it is void."""

    list_id: str
    campaign_id: str
    unit_id: str


class ListAccepted(Event, fact="list.accepted", topic=LIST, subject="list/{list_id}"):
    """The whole list passed the formal check."""

    list_id: str
    campaign_id: str
    unit_id: str


class LateKept(Event, fact="late.kept", topic=LIST, subject="late/{late_id}"):
    """Late material is kept outside the quota until the organiser decides. `received_at`: campaign time."""

    late_id: str
    campaign_id: str
    unit_id: str
    work_id: str | None
    received_at: datetime


class ReceiptIssued(Event, fact="receipt.issued", topic=RECEIPT, subject="receipt/{number}"):
    """A signed receipt exists. `received_at`: campaign time; `complete` is false while a file is still on its way."""

    number: str
    kind: Literal["work", "list", "files", "late"]
    campaign_id: str
    unit_id: str
    unit_name: str
    work_id: str | None = None
    list_id: str | None = None
    title: str = ""
    check_code: str
    received_at: datetime
    complete: bool


# --- media ----------------------------------------------------------------------------------------------------------


class FindingData(Payload):
    """A finding as events carry it; the fields are those of the campaign language."""

    check: str
    severity: Literal["warn", "ask", "block"]
    measured: str
    required: str
    reading: str | None = None
    cite: str
    message: str
    at_s: float | None = None
    until_s: float | None = None


class FrameRef(Payload):
    """A still of head or tail for a person to look at."""

    part: Literal["head", "tail"]
    at_s: float
    object_key: str


class AssetJudged(Event, fact="asset.judged", topic=ASSET, subject="asset/{asset_id}"):
    """A file was judged against its slot's rules; the verdict is on exactly these bytes under exactly this campaign."""

    asset_id: str
    work_id: str
    campaign_id: str
    campaign_hash: str
    slot: str
    sha256: str
    verdict: Literal["clean", "warn", "ask", "block", "unjudged"]
    findings: tuple[FindingData, ...]
    summary: str = ""
    remedies: tuple[str, ...] = ()
    duration_s: float | None = None
    frames: tuple[FrameRef, ...] = ()


class AssetRendered(Event, fact="asset.rendered", topic=ASSET, subject="asset/{asset_id}"):
    """What people look at is there: keys of the preview, poster, contact sheet and waveform."""

    asset_id: str
    work_id: str
    campaign_id: str
    sha256: str
    preview_key: str | None = None
    preview_type: str | None = None
    poster_key: str | None = None
    sheet_key: str | None = None
    waveform_key: str | None = None


class AssetRenditionWithdrawn(Event, fact="asset.rendition-withdrawn", topic=ASSET, subject="asset/{asset_id}"):
    """An early preview was taken back because the decode then showed faults."""

    asset_id: str
    work_id: str
    campaign_id: str
    sha256: str
    reason: str


class AssetFailed(Event, fact="asset.failed", topic=ASSET, subject="asset/{asset_id}"):
    """The file could not be judged for a reason of the platform's own; it can be tried again."""

    asset_id: str
    work_id: str
    campaign_id: str
    sha256: str
    reason: str


# --- review ---------------------------------------------------------------------------------------------------------


class RubricDeclared(Event, fact="rubric.declared", topic=ROUND, subject="round/{round_id}"):
    """The rubric was declared; from the first ballot on it cannot change."""

    round_id: str
    campaign_id: str
    rubric_hash: str


class RoundOpened(Event, fact="round.opened", topic=ROUND, subject="round/{round_id}"):
    """Ballots are assigned; the seed is committed to, not shown."""

    round_id: str
    campaign_id: str
    seed_commitment: str
    works: int
    experts: int
    ballots: int


class BallotsAssigned(Event, fact="ballots.assigned", topic=ROUND, subject="assignment/{round_id}/{account_id}"):
    """An expert has ballots to fill in: for that expert's message only."""

    round_id: str
    campaign_id: str
    account_id: str
    ballots: int
    drawn: int


class ExpertReminded(Event, fact="expert.reminded", topic=ROUND, subject="reminder/{reminder_id}"):
    """The organiser asks an expert for outstanding ballots."""

    reminder_id: str
    round_id: str
    campaign_id: str
    account_id: str
    outstanding: int


class RoundClosed(Event, fact="round.closed", topic=ROUND, subject="round/{round_id}"):
    """The round is closed and settled. `closed_at`: campaign time."""

    round_id: str
    campaign_id: str
    closed_at: datetime


class RecordAdvanced(Event, fact="record.advanced", topic=RECORD, subject="record/{round_id}"):
    """The record of a round has a new head; whoever keeps it can later show a truncation or a rewriting."""

    round_id: str
    campaign_id: str
    height: int
    head: str
    alg: Literal["sha256", "sm3"]


class ResultWork(Payload):
    """One work of a result, as the public may know it."""

    work_id: str
    title: str
    unit_id: str
    unit_name: str
    region_code: str
    track: str
    outcome: str


class ResultPublished(Event, fact="result.published", topic=RESULT, subject="result/{result_id}"):
    """The head confirmed the result and it is public; it enters the register. `published_at`: campaign time."""

    result_id: str
    round_id: str
    campaign_id: str
    campaign_title: str
    level: str
    year: int
    published_at: datetime
    record_head: str
    works: tuple[ResultWork, ...]
    personal: dict[str, Compared]


class ResultAnnounced(Event, fact="result.announced", topic=PUBLIC_RESULT, subject="result/{result_id}", tier=Tier.T0):
    """The result as the public and other agencies may know it. `published_at`: campaign time."""

    result_id: str
    campaign_id: str
    campaign_title: str
    level: str
    year: int
    published_at: datetime
    record_head: str
    works: tuple[ResultWork, ...]


# --- search ---------------------------------------------------------------------------------------------------------


class EarlierMatch(Payload):
    """An earlier record that may be the same, with the evidence in Chinese."""

    record: str
    external_id: str | None = None
    source: str
    title: str
    year: int
    level: str
    reasons: tuple[str, ...]


class ExclusionChecked(Event, fact="exclusion.checked", topic=EXCLUSION, subject="exclusion/{work_id}"):
    """The register answered for exactly these compared fields; `sentence` is what people read."""

    work_id: str
    campaign_id: str
    phase: Literal["draft", "submit", "lock", "decision"]
    compared_hash: str
    answer: Literal["exclude", "ask", "clear"]
    effect: str
    sentence: str
    matches: tuple[EarlierMatch, ...]
