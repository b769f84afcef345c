"""One work against its track: fields filled and well formed, slots holding files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.campaigns.evaluation.sentences import cited, range_text
from services.campaigns.findings import Finding, Severity
from services.campaigns.id_numbers import is_id_number
from services.campaigns.models import Campaign, ChoiceField, IdNumberField, ListField, TextField, Track, WorkField
from services.campaigns.slots import Slot
from services.campaigns.text import count_chars, hidden_character
from services.kernel.errors import Unprocessable

PLATFORM = "平台要求"
WORK_CHECKS = (
    "field_missing",
    "field_type",
    "field_too_long",
    "field_option",
    "field_items",
    "field_hidden_character",
    "field_id_number",
    "field_unknown",
    "slot_missing",
    "slot_too_many",
    "slot_unknown",
    "no_quota",
)


class UnknownTrackError(Unprocessable):
    """422: the campaign has no such track."""

    kind = "unknown-track"


def judge_work(
    campaign: Campaign,
    track_id: str,
    unit_type: str,
    values: Mapping[str, object],
    files: Mapping[str, int],
    *,
    draft: bool = False,
) -> tuple[Finding, ...]:
    """Return everything that is to be mended in a work before 提交, in the order of the form.

    `values` holds field id → text, option (id or label) or list of texts; `files` slot id → number of files held
    or begun in time. A draft is not asked for what is missing. Raises `UnknownTrackError`.
    """
    track = campaign.track(track_id)
    if track is None:
        raise UnknownTrackError(f"本活动没有类别“{track_id}”，有：{'、'.join(each.id for each in campaign.tracks)}")
    findings = [*_quota(campaign, track, unit_type), *_fields(track, values), *_slots(track, files)]
    return tuple(found for found in findings if not (draft and found.check in {"field_missing", "slot_missing"}))


def missing_sentence(findings: tuple[Finding, ...]) -> str | None:
    """Return one sentence over all that is missing, or None.

    “还缺1项：制作单位（片尾须明确，附件1 二（三））。”
    """
    missing = [found.required for found in findings if found.check in {"field_missing", "slot_missing"}]
    return f"还缺{len(missing)}项：{'、'.join(missing)}。" if missing else None


def _quota(campaign: Campaign, track: Track, unit_type: str) -> Iterator[Finding]:
    if campaign.quota(unit_type, track.id) is None:
        yield _block(
            "no_quota",
            f"单位类型“{unit_type}”",
            f"应有{campaign.terms.quota}",
            PLATFORM,
            f"本活动没有给单位类型“{unit_type}”分配“{track.label}”的{campaign.terms.quota}（{PLATFORM}）。",
        )


def _fields(track: Track, values: Mapping[str, object]) -> Iterator[Finding]:
    for field in track.fields:
        value = values.get(field.id)
        if _is_empty(value):
            yield from _missing(field)
        else:
            yield from _value(field, value)
    for name in sorted(set(values) - {field.id for field in track.fields}):
        message = f"填报项“{name}”不属于类别“{track.label}”（{PLATFORM}）。请核对名称。"
        yield _block("field_unknown", name, "本类别的填报项", PLATFORM, message)


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (list, tuple)) and all(_is_empty(item) for item in value))


def _missing(field: WorkField) -> Iterator[Finding]:
    if field.required:
        asked = f"{field.label}（{'，'.join(part for part in (field.note, field.cite) if part)}）"
        yield _block("field_missing", "未填写", asked, field.cite, f"还缺1项：{asked}。")


def _value(field: WorkField, value: object) -> Iterator[Finding]:
    match field:
        case TextField():
            yield from _text(field, value)
        case ChoiceField():
            yield from _choice(field, value)
        case ListField():
            yield from _list(field, value)
        case IdNumberField():
            yield from _id_number(field, value)


def _text(field: TextField, value: object) -> Iterator[Finding]:
    if not isinstance(value, str):
        yield _type(field, "应为文字")
        return
    yield from _hidden(field, value, allowed="\n\r\t" if field.lines else "")
    yield from _length(field, field.label, value, field.max_chars)


def _choice(field: ChoiceField, value: object) -> Iterator[Finding]:
    if isinstance(value, str) and field.option(value) is not None:
        return
    labels = "、".join(option.label for option in field.options)
    shown = f"“{value[:40]}”" if isinstance(value, str) else "所填内容"
    message = f"{field.label}{shown}不在可选值之中：{labels}{cited(field.cite)}。请重新选择。"
    yield _block("field_option", shown, f"应为{labels}之一", field.cite, message)


def _list(field: ListField, value: object) -> Iterator[Finding]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        yield _type(field, "应为若干项文字")
        return
    items = [item for item in value if item.strip()]
    if not field.min_items <= len(items) <= field.max_items:
        asked = f"应为{range_text(field.min_items, field.max_items)}项"
        message = f"{field.label}{len(items)}项，{asked}{cited(field.cite)}。请修改后提交。"
        yield _block("field_items", f"{len(items)}项", asked, field.cite, message)
    for item in items:
        yield from _hidden(field, item)
        yield from _length(field, f"{field.label}中的一项", item, field.max_chars)


def _id_number(field: IdNumberField, value: object) -> Iterator[Finding]:
    if not isinstance(value, str) or not is_id_number(value):
        message = f"{field.label}未通过校验，请核对18位号码{cited(field.cite)}。"
        yield _block("field_id_number", "未通过校验", "应为有效的18位号码", field.cite, message)


def _hidden(field: WorkField, value: str, allowed: str = "") -> Iterator[Finding]:
    hidden = hidden_character(value, allowed)
    if hidden is not None:
        shown = f"含有看不见的字符 U+{ord(hidden):04X}"
        message = f"{field.label}{shown}，应只含可见文字（{PLATFORM}）。请删去后提交。"
        yield _block("field_hidden_character", shown, "应只含可见文字", PLATFORM, message)


def _length(field: WorkField, about: str, value: str, max_chars: int) -> Iterator[Finding]:
    chars = count_chars(value)
    if chars > max_chars:
        asked = f"应不超过{max_chars}字"
        message = f"{about}{chars}字，{asked}{cited(field.cite)}。请删减后提交。"
        yield _block("field_too_long", f"{chars}字", asked, field.cite, message)


def _type(field: WorkField, asked: str) -> Finding:
    return _block("field_type", "写法不同", asked, field.cite, f"{field.label}{asked}{cited(field.cite)}。请重新填写。")


def _slots(track: Track, files: Mapping[str, int]) -> Iterator[Finding]:
    for slot in track.slots:
        yield from _slot(slot, files.get(slot.id, 0))
    for name in sorted(set(files) - {slot.id for slot in track.slots}):
        message = f"材料“{name}”不属于类别“{track.label}”（{PLATFORM}）。请核对名称。"
        yield _block("slot_unknown", name, "本类别的材料", PLATFORM, message)


def _slot(slot: Slot, held: int) -> Iterator[Finding]:
    counted = range_text(slot.min_files, slot.max_files)
    if held < slot.min_files:
        present = f"，现有{held}个" if held else ""
        asked = f"{slot.label}{counted}个{present}（{slot.cite}）"
        yield _block("slot_missing", f"现有{held}个", asked, slot.cite, f"还缺1项：{asked}。")
    if held > slot.max_files:
        message = f"{slot.label}{held}个，应为{counted}个{cited(slot.cite)}。请移出{held - slot.max_files}个。"
        yield _block("slot_too_many", f"{held}个", f"应为{counted}个", slot.cite, message)


def _block(check: str, measured: str, required: str, cite: str, message: str) -> Finding:
    return Finding(check=check, severity=Severity.BLOCK, measured=measured, required=required, cite=cite, message=message)
