"""The tables of `docs/campaigns.md`, made from the models so that they cannot fall behind them."""

from __future__ import annotations

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.campaigns.findings import Severity
from services.campaigns.instants import Closing, Day, Opening
from services.campaigns.models import Campaign, Units
from services.campaigns.models.units import RegionCode
from services.campaigns.quantities import Pair, Seconds
from services.campaigns.references import CardField, Cite, FieldRef, StageRef, TrackRef, UnitTypeRef
from services.campaigns.slots import PHOTO_RULES, RULES, VIDEO_RULES, SlotRule
from services.campaigns.slots.file import Bytes, Written
from services.campaigns.text import Id, Text

BEGIN, END = "<!-- {} -->", "<!-- /{} -->"
_OF_EVERY_RULE = ("kind", "severity", "cite", "reading", "words")
_FILLED_IN = ("chosen", "resolves", "copy_of")
_SEVERITIES = {Severity.BLOCK: "须修改", Severity.WARN: "请注意", Severity.ASK: "待人工核实"}
_NAMES: tuple[tuple[Any, str], ...] = (
    (Text, "文字"),
    (Id, "标识"),
    (RegionCode, "六位数字"),
    (Written, "文件大小"),
    (Cite, "条款"),
    (Opening, "时刻"),
    (Closing, "时刻"),
    (Day, "日期"),
    (Seconds, "时长"),
    (Bytes, "文件大小"),
    (Pair, "宽×高"),
    (UnitTypeRef, "单位类型"),
    (TrackRef, "类别"),
    (StageRef, "阶段"),
    (FieldRef, "填报项"),
    (CardField, "填报项或 unit"),
)
_PLAIN = {"str": "文字", "int": "整数", "float": "数字", "Decimal": "数字", "bool": "true／false"}


def tables() -> dict[str, str]:
    """Return each table by the name of its place in the manual."""
    return {"rules": rules_table(), "parts": parts_table()}


def filled(manual: str) -> str:
    """Return the manual with every table as it is now."""
    for name, table in tables().items():
        before, rest = manual.split(BEGIN.format(name), 1)
        after = rest.split(END.format(name), 1)[1]
        manual = f"{before}{BEGIN.format(name)}\n\n{table}\n\n{END.format(name)}{after}"
    return manual


def rules_table() -> str:
    """Return every kind of rule of a slot: for which medium, what it means, its parameters, how much it weighs."""
    lines = ["| kind | 核验 | 材料 | 含义 | 参数（默认值） | 默认轻重 |", "|---|---|---|---|---|---|"]
    lines += [_rule(rule) for rule in RULES]
    return "\n".join(lines)


def _rule(rule: type[SlotRule]) -> str:
    kind, severity = rule.model_fields["kind"].default, rule.model_fields["severity"].default
    media = "、".join(word for word, rules in (("视频", VIDEO_RULES), ("照片", PHOTO_RULES)) if rule in rules)
    own = "；".join(_parameter(rule, name) for name in rule.model_fields if name not in _OF_EVERY_RULE)
    return f"| `{kind}` | {rule.label} | {media} | {rule.meaning} | {own or '—'} | {_SEVERITIES[severity]} |"


def parts_table() -> str:
    """Return every part of a campaign file and of a units file with its entries."""
    lines = ["| 部分 | 项（默认值） |", "|---|---|"]
    for path, model in (*_parts(Campaign, ""), *_parts(Units, "（单位文件）")):
        own = [_parameter(model, name) for name in model.model_fields if name not in _FILLED_IN]
        lines.append(f"| {path or '（最外层）'} | {'；'.join(own)} |")
    return "\n".join(lines)


def _parts(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, hint in _hints(model).items():
        for inner, label in _models(hint):
            if issubclass(inner, SlotRule):
                continue
            where = f"{path}.{name}" if path else name
            yield from _parts(inner, f"{where}{label}")


def _models(hint: Any) -> Iterator[tuple[type[BaseModel], str]]:
    members = [*_members(hint)]
    for member in members:
        if isinstance(member, type) and issubclass(member, BaseModel):
            kind = member.model_fields.get("kind")
            yield member, f"（kind: {kind.default}）" if kind is not None and len(members) > 1 else ""


def _members(hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Annotated:
        yield from _members(get_args(hint)[0])
    elif get_origin(hint) in {Union, UnionType, tuple}:
        for argument in get_args(hint):
            yield from _members(argument)
    elif hint not in {NoneType, Ellipsis}:
        yield hint


def _hints(model: type[BaseModel]) -> dict[str, Any]:
    every = get_type_hints(model, include_extras=True)
    return {name: every[name] for name in model.model_fields}


def _parameter(model: type[BaseModel], name: str) -> str:
    field = model.model_fields[name]
    return f"`{name}` {_type(_hints(model)[name])}{_default(field)}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return ""
    default = field.default
    if get_args(field.annotation) == (default,):
        return ""
    if default is None or default == ():
        return "，可不写"
    if isinstance(default, bool):
        return f"（{str(default).lower()}）"
    shown = " ".join(default) if isinstance(default, tuple) else getattr(default, "value", default)
    return f"（{shown:g}）" if isinstance(shown, float) else f"（{shown}）"


def _type(hint: Any) -> str:
    known = next((name for alias, name in _NAMES if alias == hint), None)
    if known is not None:
        return known
    if get_origin(hint) is Annotated:
        return _type(get_args(hint)[0])
    if get_origin(hint) is Literal:
        return "／".join(str(choice) for choice in get_args(hint))
    if get_origin(hint) in {Union, UnionType}:
        return _of_union(hint)
    if get_origin(hint) is tuple:
        return f"列表（{_type(get_args(hint)[0])}）"
    return _of_class(hint)


def _of_union(hint: Any) -> str:
    inner = [argument for argument in get_args(hint) if argument is not NoneType]
    return _type(inner[0]) if len(inner) == 1 else "见下"


def _of_class(hint: Any) -> str:
    if isinstance(hint, type) and issubclass(hint, Severity):
        return "／".join(each.value for each in hint)
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return "见下"
    name = str(hint.__name__)
    return _PLAIN.get(name, name)
