"""What a track asks of a work, as sections."""

from __future__ import annotations

from collections.abc import Iterator

from services.campaigns.evaluation.sentences import range_text
from services.campaigns.explanation.lines import Line, Section, types
from services.campaigns.findings import Severity
from services.campaigns.models import (
    LEVEL_WORDS,
    Campaign,
    ChoiceField,
    ListField,
    PriorWinnerRule,
    TextField,
    Track,
    WorkField,
)
from services.campaigns.quantities import duration_text
from services.campaigns.slots import HeadCard, Look, Slot, SlotRule, TailCard

_SEVERITIES = {Severity.BLOCK: "须修改", Severity.WARN: "请注意", Severity.ASK: "待人工核实"}
_OUTCOMES = {"winner": "获得者", "nominee": "入围者", "cheat": "被取消资格者", "any": "任何记录"}
_SUBJECTS = {"person": "人员", "project": "项目", "work": "作品", "organisation": "单位"}


def track_sections(campaign: Campaign, track: Track) -> Iterator[Section]:
    """Return a track's fields, its slots and what an earlier title means in it."""
    yield Section(
        title=f"{track.label}：填报项",
        lines=tuple(Line(text=_field(field), cite=field.cite) for field in track.fields),
    )
    for slot in track.slots:
        yield Section(title=f"{track.label}：{slot.label}", lines=tuple(_slot(campaign, slot)))
    yield Section(
        title=f"{track.label}：往年已获得",
        lines=tuple(Line(text=_prior(campaign, rule), cite=rule.cite) for rule in track.prior_winners),
    )


def _field(field: WorkField) -> str:
    must = "必填" if field.required else "选填"
    note = f"，{field.note}" if field.note else ""
    return f"{field.label}（{must}{_shape(field)}{note}）"


def _shape(field: WorkField) -> str:
    match field:
        case TextField():
            return f"，不超过{field.max_chars}字"
        case ChoiceField():
            return f"，{'／'.join(option.label for option in field.options)}"
        case ListField():
            return f"，{range_text(field.min_items, field.max_items)}项"
        case _:
            return "，18位，只保存校验值和后四位"


def _slot(campaign: Campaign, slot: Slot) -> Iterator[Line]:
    wanted = "鼓励提交，" if slot.min_files == 0 else ""
    yield Line(text=f"{wanted}{range_text(slot.min_files, slot.max_files)}个", cite=slot.cite)
    if slot.is_personal:
        yield Line(text="属个人信息，仅本单位和主办单位可查看，不供评审和公布", cite=slot.cite)
    for rule in slot.rules:
        yield Line(text=_rule(campaign, rule), cite=rule.cite)


def _rule(campaign: Campaign, rule: SlotRule) -> str:
    if isinstance(rule, Look):
        return f"{rule.question}（{_SEVERITIES[rule.severity]}）"
    asked = "；".join(_card(campaign, rule)) if isinstance(rule, (HeadCard, TailCard)) else rule.asked()
    return f"{rule.label}：{asked}（{_SEVERITIES[rule.severity]}）"


def _card(campaign: Campaign, rule: HeadCard | TailCard) -> Iterator[str]:
    if rule.shows:
        yield "应写明" + "、".join(
            f"{shown.words}{f'（{types(campaign, shown.unit_types)}）' if shown.unit_types else ''}" for shown in rule.shows
        )
    if rule.length_s:
        yield f"长{duration_text(rule.length_s)}，允许相差{duration_text(rule.tolerance_s)}"


def _prior(campaign: Campaign, rule: PriorWinnerRule) -> str:
    level = LEVEL_WORDS[rule.level.level] if rule.level.level else ""
    reach = {"any": "任何级别", "equal": level, "at_least": f"{level}及以上" if level != "全国" else level}
    titles = f"“{'”“'.join(rule.titles)}”" if rule.titles else "任何称号"
    effect = f"不再{campaign.terms.recommend}" if rule.effect == "exclude" else "仅作提示"
    who = f"{_SUBJECTS[rule.subject]}为{reach[rule.level.match]}{titles}的{_OUTCOMES[rule.outcome]}"
    return f"{who}{_years(rule)}：{effect}"


def _years(rule: PriorWinnerRule) -> str:
    if rule.from_year is None and rule.to_year is None:
        return ""
    return f"（{rule.from_year or '最早'}—{rule.to_year or '至今'}）"
