"""What is wrong with each field of a request, in Chinese, from pydantic's own findings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.kernel.errors import NotFound, Problem, Unprocessable

PLACES = {"body", "query", "header", "cookie"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")

_SENTENCES: Mapping[str, str] = {
    "missing": "缺少{field}，请填写。",
    "extra_forbidden": "没有名为{field}的项，请去掉。",
    "string_type": "{field}应为文字。",
    "string_too_short": "{field}至少{min_length}个字符。",
    "string_too_long": "{field}至多{max_length}个字符，请缩短。",
    "string_pattern_mismatch": "{field}的写法不符合要求，请核对。",
    "int_type": "{field}应为整数。",
    "int_parsing": "{field}应为整数。",
    "int_from_float": "{field}应为整数。",
    "float_type": "{field}应为数字。",
    "float_parsing": "{field}应为数字。",
    "decimal_type": "{field}应为数字。",
    "decimal_parsing": "{field}应为数字。",
    "finite_number": "{field}应为有限的数字。",
    "bool_type": "{field}应为true或false。",
    "bool_parsing": "{field}应为true或false。",
    "greater_than": "{field}应大于{gt}。",
    "greater_than_equal": "{field}应不小于{ge}。",
    "less_than": "{field}应小于{lt}。",
    "less_than_equal": "{field}应不大于{le}。",
    "enum": "{field}应为以下之一：{expected}。",
    "literal_error": "{field}应为以下之一：{expected}。",
    "uuid_type": "{field}应为编号。",
    "uuid_parsing": "{field}应为编号。",
    "datetime_type": "{field}应为带时区的时间，如2024-09-30T23:59:59+08:00。",
    "datetime_parsing": "{field}应为带时区的时间，如2024-09-30T23:59:59+08:00。",
    "datetime_from_date_parsing": "{field}应为带时区的时间，如2024-09-30T23:59:59+08:00。",
    "timezone_aware": "{field}应写明时区，如2024-09-30T23:59:59+08:00。",
    "date_type": "{field}应为日期，如2024-09-30。",
    "date_parsing": "{field}应为日期，如2024-09-30。",
    "date_from_datetime_parsing": "{field}应为日期，如2024-09-30。",
    "list_type": "{field}应为列表。",
    "tuple_type": "{field}应为列表。",
    "dict_type": "{field}应为对象。",
    "model_type": "{field}应为对象。",
    "model_attributes_type": "{field}应为对象。",
    "too_short": "{field}至少{min_length}项。",
    "too_long": "{field}至多{max_length}项。",
    "union_tag_not_found": "{field}缺少{discriminator}。",
    "union_tag_invalid": "{field}的{discriminator}应为以下之一：{expected_tags}。",
}


def validation_problem(errors: Sequence[Mapping[str, Any]], hint: str = "", **extra: Any) -> Problem:
    """Return one problem that names every field. What is wrong in the path alone looks as if nothing were there.

    `hint` ends the sentence; `extra` are further members of the document.
    """
    if all(error["loc"] and error["loc"][0] == "path" for error in errors):
        return NotFound()
    told = [_told(error) for error in errors]
    return Unprocessable(
        "".join(entry["message"] for entry in told) + hint,
        "; ".join(f"{entry['field']}: {entry['detail']}" for entry in told),
        kind="invalid-fields",
        errors=told,
        **extra,
    )


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    place, *parts = error["loc"] or ("body",)
    field = ".".join(str(part) for part in parts) if place in PLACES else ".".join(str(part) for part in error["loc"])
    named = field or "请求内容"
    return {
        "field": field,
        "in": str(place),
        "rule": error["type"],
        "message": _sentence(error, named),
        "detail": str(error["msg"]),
    }


def _sentence(error: Mapping[str, Any], field: str) -> str:
    context = error.get("ctx") or {}
    own = str(context.get("error", ""))
    if CHINESE.search(own):
        return own
    template = _SENTENCES.get(error["type"], "{field}不符合要求，请核对。")
    try:
        return template.format(field=field, **context)
    except KeyError:
        return f"{field}不符合要求，请核对。"
