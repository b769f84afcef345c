"""A person's decision on a pair: the same, or two. It is kept, and used again for the same pair."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from services.search.domain import forms
from services.search.domain.entries import EarlierRecord, Entry, Subject
from services.search.domain.likeness import Likeness
from services.search.domain.places import place_of

_SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Decision:
    """Who decided what of an entry and a record, when, and why.

    `fields` is the hash of what the entry said, `earlier` that of what the record says: a pair is known again when the
    entry is typed anew, and when the list it came from is imported anew.
    """

    fields: str
    earlier: str
    same: bool
    by: str
    at: datetime
    reason: str

    @property
    def likeness(self) -> Likeness:
        """What the decision says of the pair."""
        return Likeness.SAME if self.same else Likeness.OTHER

    @property
    def sentence(self) -> str:
        """The decision as it is shown."""
        day = self.at.astimezone(_SHANGHAI)
        found = "同一对象" if self.same else "不同对象"
        return f"{self.by}于{day.year}年{day.month}月{day.day}日核实为{found}：{self.reason}"


def fields_hash(entry: Entry) -> str:
    """Return the hash of the fields compared, in their normal forms, so that a mere change of form keeps a decision."""
    name = {Subject.PERSON: forms.person_name, Subject.ORGANISATION: forms.organisation}.get(entry.subject, forms.title_core)
    place = place_of(entry)
    said = {
        "subject": entry.subject,
        "name": name(entry.name),
        "organisation": forms.organisation(entry.organisation),
        "place": [*map(forms.place_name, (place.province, place.city, place.district)), place.code],
        "birth": entry.birth and asdict(entry.birth),
        "id": entry.id_digest and [entry.id_digest.kid, entry.id_digest.digest],
        "level": entry.level,
        "contents": sorted(entry.contents),
    }
    return _hash(said)


def record_hash(record: EarlierRecord) -> str:
    """Return the hash of what a record says, whichever list it stands in."""
    return _hash([fields_hash(record.entry), forms.honour(record.honour), record.year, record.level, record.outcome])


def _hash(value: object) -> str:
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
