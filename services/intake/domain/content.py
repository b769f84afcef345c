"""What a work says: its values by field, how a change is laid over them, what of them may leave, and their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from services.campaigns.models import (
    ChoiceField,
    ComparedFields,
    IdNumberField,
    ListField,
    ListLayout,
    TextField,
    Track,
    WorkField,
)
from services.kernel import grams
from services.kernel.contracts.events import Compared
from services.kernel.errors import Unprocessable

_content_hash = lru_cache(maxsize=8)(grams.content_hash)  # one save asks for the same story several times

Values = Mapping[str, Any]
"""Field id → text, option id, list of texts, or what is kept of an ID number: `{kid, hash, last4}`."""
HashIdNumber = Callable[[str], dict[str, str]]


class UnknownField(Unprocessable):
    """422: the track has no such field; the value was not taken."""

    kind = "unknown-field"


def laid_over(track: Track, values: Values, change: Mapping[str, Any], hash_id_number: HashIdNumber) -> dict[str, Any]:
    """Return the values with a change over them; None takes a value out. An ID number goes in as its hash alone.

    Raises `UnknownField` for a field that the track does not have, `Unprocessable` for an ID number that cannot exist.
    """
    unknown = sorted(name for name in change if track.field(name) is None)
    if unknown:
        raise UnknownField(
            f"填报项“{'”“'.join(name[:40] for name in unknown)}”不属于类别“{track.label}”。请核对名称。",
            "The track has no such field.",
            errors=[{"field": f"fields.{name}"} for name in unknown],
        )
    told = {name: _kept(track.field(name), value, hash_id_number) for name, value in change.items()}
    return {name: value for name, value in {**values, **told}.items() if not _is_empty(value)}


def _kept(field: WorkField | None, value: Any, hash_id_number: HashIdNumber) -> Any:
    if _is_empty(value):
        return None
    if isinstance(field, IdNumberField):
        return hash_id_number(str(value))
    if isinstance(field, ChoiceField) and isinstance(value, str) and (option := field.option(value.strip())) is not None:
        return option.id
    if isinstance(value, list):
        return [item.strip() for item in value if item.strip()]
    return value if isinstance(field, TextField) and field.lines else value.strip()


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, list) and all(_is_empty(item) for item in value))


def judged(track: Track, values: Values) -> dict[str, Any]:
    """Return the values as the campaign language judges them: without ID numbers, which were judged before hashing."""
    return {name: value for name, value in values.items() if not isinstance(track.field(name), IdNumberField)}


def kept_id_numbers(track: Track, values: Values) -> frozenset[str]:
    """Return the fields that hold an ID number."""
    return frozenset(name for name in values if isinstance(track.field(name), IdNumberField))


def shown(track: Track, values: Values) -> dict[str, Any]:
    """Return the values as the unit and the organiser see them: of an ID number the last four characters."""
    return {
        name: {"last4": value["last4"]} if isinstance(track.field(name), IdNumberField) else value
        for name, value in values.items()
    }


def title(track: Track, values: Values) -> str:
    """Return the name by which a work is listed and found, empty while it has none."""
    return text(track, values, track.title_field)


def text(track: Track, values: Values, field_id: str | None) -> str:
    """Return one value as a reader sees it: an option's label, items joined; of an ID number nothing."""
    field = track.field(field_id) if field_id else None
    value = values.get(field_id) if field_id else None
    if value is None or isinstance(field, IdNumberField):
        return ""
    if isinstance(field, ChoiceField):
        option = field.option(str(value))
        return option.label if option else str(value)
    if isinstance(field, ListField) or isinstance(value, list):
        return "、".join(value) if isinstance(value, list) else str(value)
    return str(value)


def head_fields(track: Track, values: Values) -> dict[str, str]:
    """Return what may stand in the open part of an event: fields of tiers T0 and T1."""
    return _of_tiers(track, values, {"T0", "T1"})


def personal_fields(track: Track, values: Values) -> dict[str, str]:
    """Return the fields of tier T2 but for the story, which an event carries by itself."""
    story = _compared_fields(track).story
    return {name: value for name, value in _of_tiers(track, values, {"T2"}).items() if name != story}


def _of_tiers(track: Track, values: Values, tiers: set[str]) -> dict[str, str]:
    fields = (field for field in track.fields if field.tier in tiers and field.id in values)
    return {field.id: text(track, values, field.id) for field in fields}


def story(track: Track, values: Values) -> str:
    """Return the text of the story, empty without one."""
    return text(track, values, _compared_fields(track).story)


def compared(track: Track, values: Values) -> Compared:
    """Return what the register compares, as the campaign says which fields these are."""
    roles = _compared_fields(track)
    id_number = next((values[name] for name in sorted(kept_id_numbers(track, values))), None)
    return Compared(
        organisation=text(track, values, roles.organisation),
        person=text(track, values, roles.person),
        birth=text(track, values, roles.birth),
        id_hash=id_number["hash"] if id_number else None,
        id_kid=id_number["kid"] if id_number else None,
        content_hash=_content_hash(story(track, values)),
    )


def _compared_fields(track: Track) -> ComparedFields:
    return track.compared or ComparedFields()


def compared_hash(track: Track, values: Values) -> str:
    """Return the SHA-256 over title, track and the compared fields: what an answer of the register names."""
    said = {"title": title(track, values), "track": track.id, **compared(track, values).model_dump()}
    return _digest(said)


def certified(track: Track, values: Values) -> dict[str, Any]:
    """Return what a work's 校验码 covers: its track and every value as a reader sees it."""
    return {
        "track": track.id,
        "fields": {field.id: text(track, values, field.id) for field in track.fields if field.id in values},
    }


def printed_row(layout: ListLayout, number: int, track: Track, values: Values, remark: str = "") -> tuple[str | int, ...]:
    """Return a work's row of the recommendation list, a cell a column of the layout."""
    cells: dict[str, str | int] = {"number": number, "remark": remark}
    return tuple(
        text(track, values, column.field) if column.source == "field" else cells[column.source] for column in layout.columns
    )


def _digest(said: Mapping[str, Any]) -> str:
    canonical = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
