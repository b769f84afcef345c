"""A pair, field by field."""

from __future__ import annotations

from dataclasses import dataclass, fields

from services.search.domain import forms
from services.search.domain.entries import Birth, Entry, IdDigest, Place, Subject
from services.search.domain.evidence import UNTOLD, Agreement, Evidence, both, missing
from services.search.domain.places import compare_places, place_of


@dataclass(frozen=True)
class Comparison:
    """The evidence of a pair."""

    name: Evidence
    id_number: Evidence
    content: Evidence
    birth: Evidence
    organisation: Evidence
    level: Evidence
    place: Evidence

    def told(self) -> tuple[Evidence, ...]:
        """Return what is worth telling: what agrees, what differs, what cannot be compared."""
        found = [getattr(self, field.name) for field in fields(self)]
        order = list(Agreement)
        return tuple(sorted(filter(_has_words, found), key=lambda evidence: order.index(evidence.agreement)))


def _has_words(evidence: Evidence) -> bool:
    return bool(evidence.words)


def compare(entry: Entry, earlier: Entry) -> Comparison:
    """Compare an entry with an earlier one of the same subject."""
    person = entry.subject is Subject.PERSON
    return Comparison(
        name=_name(entry, earlier),
        id_number=_id_number(entry.id_digest, earlier.id_digest) if person else UNTOLD,
        content=_content(entry, earlier) if entry.subject is Subject.WORK else UNTOLD,
        birth=_birth(entry.birth, earlier.birth) if person else UNTOLD,
        organisation=UNTOLD if entry.subject is Subject.ORGANISATION else _organisation(entry, earlier),
        level=_level(entry, earlier) if entry.subject is Subject.PROJECT else UNTOLD,
        place=_place(place_of(entry), place_of(earlier)),
    )


_NAMES = {
    Subject.PERSON: ("姓名", forms.person_name, forms.person_name),
    Subject.ORGANISATION: ("单位名称", forms.organisation, forms.organisation_loosely),
    Subject.PROJECT: ("项目名称", forms.title_core, forms.title_loosely),
    Subject.WORK: ("作品名称", forms.title_core, forms.title_loosely),
}


def _name(entry: Entry, earlier: Entry) -> Evidence:
    word, strict, loose = _NAMES[entry.subject]
    shown = both(entry.name, earlier.name)
    if strict(entry.name) == strict(earlier.name) != "":
        return Evidence(Agreement.EQUAL, f"{word}一致", shown)
    if loose(entry.name) == loose(earlier.name) != "":
        return Evidence(Agreement.LOOSE, f"{word}写法相近", shown)
    return Evidence(Agreement.DIFFERENT, f"{word}不同", shown)


def _organisation(entry: Entry, earlier: Entry) -> Evidence:
    word = "单位" if entry.subject is Subject.PERSON else "申报单位"
    ours, theirs = forms.organisation(entry.organisation), forms.organisation(earlier.organisation)
    if not ours or not theirs:
        return missing(word, ours, theirs)
    shown = both(entry.organisation, earlier.organisation)
    if ours == theirs:
        return Evidence(Agreement.EQUAL, f"{word}同名", shown)
    if forms.organisation_loosely(entry.organisation) == forms.organisation_loosely(earlier.organisation):
        return Evidence(Agreement.LOOSE, f"{word}名称相近，地名或沿革不同", shown)
    return Evidence(Agreement.DIFFERENT, f"{word}不同", shown)


_PLACE_WORDS = {
    Agreement.EQUAL: "所在地一致",
    Agreement.LOOSE: "所在地相近，未能确定为同一地",
    Agreement.DIFFERENT: "所在地不同",
    Agreement.UNKNOWN: "所在地无法比对",
}


def _place(ours: Place, theirs: Place) -> Evidence:
    agreement = compare_places(ours, theirs)
    if agreement is Agreement.UNKNOWN and not (str(ours) and str(theirs)):
        return missing("所在地", str(ours), str(theirs))
    return Evidence(agreement, _PLACE_WORDS[agreement], both(ours, theirs) if str(ours) and str(theirs) else "")


def _birth(ours: Birth | None, theirs: Birth | None) -> Evidence:
    if ours is None or theirs is None:
        return missing("出生年月", ours, theirs)
    if ours.year != theirs.year or (ours.month and theirs.month and ours.month != theirs.month):
        return Evidence(Agreement.DIFFERENT, "出生年月不同", both(ours, theirs))
    if ours.month and theirs.month:
        return Evidence(Agreement.EQUAL, "出生年月一致", str(ours))
    return Evidence(Agreement.LOOSE, "出生年份一致，月份未全填", both(ours, theirs))


def _id_number(ours: IdDigest | None, theirs: IdDigest | None) -> Evidence:
    if ours is None or theirs is None:
        return missing("证件号", ours, theirs)
    ends = both(ours.last4 or theirs.last4, theirs.last4 or ours.last4)
    shown = f"后四位{ends}" if ends else ""
    if ours.kid != theirs.kid:
        return Evidence(Agreement.UNKNOWN, "证件号无法比对，两次登记所用密钥不同", shown)
    if ours.digest == theirs.digest:
        return Evidence(Agreement.EQUAL, "证件号一致", shown)
    return Evidence(Agreement.DIFFERENT, "证件号不同", shown)


def _level(entry: Entry, earlier: Entry) -> Evidence:
    if entry.level is None or earlier.level is None:
        return UNTOLD
    same = entry.level == earlier.level
    return Evidence(Agreement.EQUAL, "级别一致") if same else Evidence(Agreement.DIFFERENT, "级别不同")


def _content(entry: Entry, earlier: Entry) -> Evidence:
    if not entry.contents or not earlier.contents:
        return missing("作品内容", entry.contents, earlier.contents)
    if entry.contents & earlier.contents:
        return Evidence(Agreement.EQUAL, "作品内容完全一致")
    return Evidence(Agreement.DIFFERENT, "作品内容不同")
