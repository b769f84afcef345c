"""From a fact to a letter: the template is chosen and filled in, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.kernel.contracts.events import (
    AssetJudged,
    BallotsAssigned,
    ExpertReminded,
    FindingData,
    InvitationIssued,
    ReceiptIssued,
    ResultPublished,
    ResultWork,
    WorkReturned,
)
from services.kernel.instants import BEIJING
from services.notify.domain import catalogue
from services.notify.domain.audiences import to_account, to_invitee, to_unit
from services.notify.domain.campaigns import CampaignWords
from services.notify.domain.catalogue import Template, TemplateId, Wording

NUMBERS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
UNIT_INVITEES = frozenset({"liaison", "unit_head"})

ENGLISH_BELOW = "— English —"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message as it is kept: to whom, and its wording in both languages. `by_hand`: there is no number to send it to."""

    recipient: str
    template: TemplateId
    zh: Wording
    en: Wording
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class WorkName:
    """A work as a message names it."""

    unit_id: str
    unit_name: str
    title: str


def mailed(zh: Wording, en: Wording) -> Wording:
    """Return one mail in both languages, as nobody says which a recipient reads: Chinese first, its English twin below."""
    return Wording(zh.subject, f"{zh.text}\n\n{ENGLISH_BELOW}\n{en.subject}\n\n{en.text}")


def invitation(event: InvitationIssued, words: CampaignWords | None) -> Letter:
    """Tell an invitee that an account waits; the code itself is in no event and in no message."""
    template = catalogue.INVITATION_TO_OFFICE
    if words is not None and event.role in UNIT_INVITEES:
        template = catalogue.INVITATION_TO_UNIT
    elif words is not None and event.role == "expert":
        template = catalogue.INVITATION_TO_EXPERT
    role = catalogue.ROLES.get(event.role, (event.role, event.role))
    values = [{"campaign": words.title if words else "", "unit": event.unit_name, "role": name} for name in role]
    recipient = to_invitee(event.invitation_id)
    return _letter(recipient, TemplateId.INVITATION, template, values, words, by_hand=not event.has_mobile)


_RECEIPTS: Mapping[str, Template] = {
    "work": catalogue.RECEIPT_OF_WORK,
    "list": catalogue.RECEIPT_OF_LIST,
    "files": catalogue.RECEIPT_OF_FILES,
    "late": catalogue.RECEIPT_OF_LATE,
}


def receipt(event: ReceiptIssued, words: CampaignWords) -> Letter:
    """Repeat a receipt to the unit."""
    on_their_way = catalogue.FILES_ON_THEIR_WAY
    files = ("", "") if event.complete else (on_their_way.zh.text, on_their_way.en.text)
    values = [
        {
            **words.terms,
            "number": event.number,
            "title": event.title,
            "unit": event.unit_name,
            "organiser": words.organiser,
            "received_at": milliseconds(event.received_at),
            "check_code": event.check_code,
            "files": line,
        }
        for line in files
    ]
    return _letter(to_unit(event.unit_id), TemplateId.RECEIPT, _RECEIPTS[event.kind], values, words)


def report_ready(event: AssetJudged, work: WorkName, words: CampaignWords) -> Letter:
    """Tell the unit every fault of a file at once, in the words of the report."""
    chinese = {
        "title": work.title,
        "slot": words.label(event.slot),
        "verdict": _verdict(event, 0),
        "summary": event.summary or _verdict(event, 0),
        "findings": _findings(event.findings, 0, "："),
        "remedies": "".join(f"{remedy}\n" for remedy in event.remedies),
        "next_step": catalogue.NEXT_STEPS[event.verdict][0],
    }
    english = chinese | {
        "verdict": _verdict(event, 1),
        "findings": _findings(event.findings, 1, ": "),
        "next_step": catalogue.NEXT_STEPS[event.verdict][1],
    }
    recipient = to_unit(work.unit_id)
    return _letter(recipient, TemplateId.REPORT_READY, catalogue.REPORT_READY, [chinese, english], words)


def _verdict(event: AssetJudged, language: int) -> str:
    if not event.findings:
        return (catalogue.UNJUDGED if event.verdict == "unjudged" else catalogue.CLEAN)[language]
    counts = [(named, sum(1 for one in event.findings if one.severity == severity)) for severity, named in _severities()]
    told = [(f"{named[0]}{count}项", f"{count} {named[1]}")[language] for named, count in counts if count]
    return ("，", ", ")[language].join(told)


def _findings(findings: Sequence[FindingData], language: int, colon: str) -> str:
    lines = []
    for severity, named in _severities():
        lines += [f"{named[language]}{colon}{one.message}\n" for one in findings if one.severity == severity]
    return "".join(lines)


def _severities() -> Iterable[tuple[str, tuple[str, str]]]:
    return catalogue.SEVERITIES.items()


def returned(event: WorkReturned, work: WorkName, words: CampaignWords) -> Letter:
    """Name each item that goes back to the unit, and until when."""
    term = milliseconds(event.term) if event.term else None
    items = "\n".join(f"{_numbered(place)}{words.label(one.item)}：{one.reason}" for place, one in enumerate(event.items))
    shared = {**words.terms, "title": event.title, "unit": work.unit_name, "count": len(event.items), "items": items}
    quota = words.terms.get("quota", "名额")
    chinese = shared | {
        "term": f"请于{term}前完成" if term else f"补正期限由{words.organiser}确定",
        "place": f"{quota}保留。" if words.keeps_place else "",
    }
    english = shared | {
        "term": f"to be done before {term}" if term else "the organiser decides until when",
        "place": "Its place is kept." if words.keeps_place else "",
    }
    return _letter(to_unit(event.unit_id), TemplateId.RETURNED, catalogue.RETURNED, [chinese, english], words)


def ballots_assigned(event: BallotsAssigned, words: CampaignWords) -> Letter:
    """Tell one expert, and nobody else, how many ballots wait."""
    values = {**words.terms, "campaign": words.title, "count": event.ballots}
    recipient = to_account(event.account_id)
    return _letter(recipient, TemplateId.BALLOTS_ASSIGNED, catalogue.BALLOTS_ASSIGNED, [values, values], words)


def ballots_reminder(event: ExpertReminded, words: CampaignWords) -> Letter:
    """Ask one expert for the ballots that are outstanding (催评)."""
    values = {"campaign": words.title, "count": event.outstanding}
    recipient = to_account(event.account_id)
    return _letter(recipient, TemplateId.BALLOTS_REMINDER, catalogue.BALLOTS_REMINDER, [values, values], words)


def result(event: ResultPublished, units: Mapping[str, str], words: CampaignWords) -> list[Letter]:
    """Tell every unit of the campaign, by id and name, the result, and which of its works stand in it."""
    return [_result(event, unit_id, name, words) for unit_id, name in units.items()]


def _result(event: ResultPublished, unit_id: str, unit_name: str, words: CampaignWords) -> Letter:
    own = [work for work in event.works if work.unit_id == unit_id]
    shared = {
        "campaign": event.campaign_title,
        "unit": unit_name,
        "published_at": milliseconds(event.published_at),
        "record_head": event.record_head,
    }
    chinese = shared | {"works": _own_works(own, f"贵单位推荐的以下{words.terms.get('work', '作品')}在公布名单中：", 0)}
    english = shared | {"works": _own_works(own, "Of those your unit recommended, the published list names:", 1)}
    return _letter(to_unit(unit_id), TemplateId.RESULT, catalogue.RESULT, [chinese, english], words)


def _own_works(works: Sequence[ResultWork], head: str, language: int) -> str:
    if not works:
        return ("公布的名单请在平台上查看。", "The published list can be read on the platform.")[language]
    return "\n".join([head, *(f"{_numbered(place)}《{work.title}》：{work.outcome}" for place, work in enumerate(works))])


def milliseconds(instant: datetime) -> str:
    """Show an instant in Beijing time to the millisecond: it decides who was in time."""
    return instant.astimezone(BEIJING).isoformat(sep=" ", timespec="milliseconds")[:23]


def _numbered(place: int) -> str:
    return NUMBERS[place] if place < len(NUMBERS) else f"({place + 1})"


def _letter(
    recipient: str,
    template_id: TemplateId,
    template: Template,
    values: Sequence[Mapping[str, object]],
    words: CampaignWords | None,
    *,
    by_hand: bool = False,
) -> Letter:
    """Fill the template in from (Chinese values, English values); say so in a rehearsal."""
    pairs = (template.zh, catalogue.REHEARSAL.zh), (template.en, catalogue.REHEARSAL.en)
    filled = [wording.filled(given) for (wording, _), given in zip(pairs, values, strict=True)]
    tidy = [Wording(one.subject, one.text.strip()) for one in filled]
    if words is not None and words.rehearsal:
        tidy = [
            Wording(mark.subject + one.subject, f"{one.text}\n{mark.text}") for one, (_, mark) in zip(tidy, pairs, strict=True)
        ]
    return Letter(recipient, template_id, tidy[0], tidy[1], by_hand)
