"""pydantic's findings in plain Chinese, with the nearest known word where a word is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from services.campaigns.references import near

_WORDS: Mapping[str, str] = {
    "string_type": "应为文字；数字或日期当文字用时请加引号",
    "string_too_short": "不能为空",
    "string_too_long": "超过{max_length}个字符",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "decimal_type": "应为数字",
    "decimal_parsing": "应为数字",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "finite_number": "应为有限的数字",
    "greater_than": "应大于{gt:g}",
    "greater_than_equal": "应不小于{ge:g}",
    "less_than": "应小于{lt:g}",
    "less_than_equal": "应不大于{le:g}",
    "too_short": "至少写{min_length}项",
    "tuple_type": "应为列表，每项以“- ”开头",
    "datetime_type": "应为北京时间，请写成“2024-09-30 24:00”",
    "datetime_parsing": "应为北京时间，请写成“2024-09-30 24:00”",
    "datetime_from_date_parsing": "应为北京时间，请写成“2024-09-30 24:00”",
    "union_tag_not_found": "缺少“kind”",
    "dict_type": "应由“名称: 值”组成",
    "list_type": "应为列表",
    "model_type": "应由“名称: 值”组成",
    "model_attributes_type": "应由“名称: 值”组成",
    "date_type": "应为日期，请写成“2024-09-30”",
}


def chinese(error: ErrorDetails, model: type[BaseModel]) -> str:
    """Return one finding of pydantic about a value of `model`, as a sentence part."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"不认识“{error['loc'][-1]}”{near(str(error['loc'][-1]), _fields_at(model, error['loc'][:-1]))}"
    if kind in _SENTENCES:
        return _SENTENCES[kind](error)
    return _WORDS.get(kind, "不合要求（{kind}）").format(kind=kind, **error.get("ctx", {}))


def _outside_choices(error: ErrorDetails) -> str:
    context = error["ctx"]
    allowed = str(context.get("expected") or context.get("expected_tags")).replace(" or ", ", ")
    choices = [choice.strip().strip("'") for choice in allowed.split(",")]
    written = str(context.get("tag") or error["input"])
    return f"“{written}”不在可选值之中：{'、'.join(choices)}{near(written, choices)}"


_SENTENCES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda error: f"缺少“{error['loc'][-1]}”",
    "literal_error": _outside_choices,
    "enum": _outside_choices,
    "union_tag_invalid": _outside_choices,
    "value_error": lambda error: str(error["ctx"]["error"]),
}


def _fields_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    current: Any = model
    for step in loc:
        current = _step(_bare(current), step)
    current = _bare(current)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    members = [arg for arg in get_args(annotation) if arg is not type(None)]
    is_union = get_origin(annotation) is not tuple and len(members) < len(get_args(annotation))
    return _bare(members[0]) if is_union and len(members) == 1 else annotation


def _step(annotation: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return get_args(annotation)[0] if get_origin(annotation) is tuple else None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = annotation.model_fields.get(step)
        return None if found is None else found.annotation
    return next((member for member in get_args(annotation) if _kind_of(member) == step), None)


def _kind_of(member: Any) -> str | None:
    fields = getattr(member, "model_fields", {})
    return str(fields["kind"].default) if "kind" in fields else None
