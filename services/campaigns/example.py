"""A work as it can be written down for a campaign, to show what `laurel campaign judge` reads."""

from __future__ import annotations

import json

from services.campaigns.models import Campaign
from services.campaigns.models.works import ChoiceField, ListField, TextField, Track, WorkField

WORK_SHAPE = (
    '{"unit_type": "district", "fields": {"title": "灯下三代人", "entrant": "罗桂枝家庭", "organisation_type": "家庭",'
    ' "performers": ["罗桂枝"], "producer": "云栈区融媒体中心"}, "slots": {"video": 1}}'
)


def example_work(campaign: Campaign) -> str:
    """Return one line of JSON that fits the campaign's first track: what it asks for, and its own words where it has them."""
    track = campaign.tracks[0]
    fields = {field.id: _value(field, track) for field in track.fields if field.required}
    slots = {slot.id: 1 for slot in track.slots}
    work = {"unit_type": campaign.unit_types[0].id, "track": track.id, "fields": fields, "slots": slots}
    return json.dumps(work, ensure_ascii=False)


def _value(field: WorkField, track: Track) -> str | list[str]:
    match field:
        case ChoiceField():
            return field.options[0].label
        case ListField():
            return [f"{field.label}之一"[: field.max_chars]] * field.min_items
        case TextField():
            return "灯下三代人" if field.id == track.title_field else f"（{field.label}）"[: field.max_chars]
    return "11010519491231002X"
