"""The texts of a request: none may hold what no reader sees, and the answer says where it stands."""

from __future__ import annotations

from typing import Any

from services.kernel.errors import Invalid, Unprocessable
from services.kernel.text import hidden_at, told

MAX_DEPTH = 32
_Path = tuple[str | int, ...]


def check_text(value: Any) -> None:
    """Raise `Unprocessable` for what no reader sees, naming field, character and place, `Invalid` for what is too deep."""
    waiting: list[tuple[Any, _Path]] = [(value, ())]
    while waiting:
        held, path = waiting.pop()
        if isinstance(held, str):
            if (place := hidden_at(held)) is not None:
                raise hidden(held, place, path)
        elif isinstance(held, (dict, list)):
            if len(path) >= MAX_DEPTH:
                raise too_deep()
            if isinstance(held, dict):
                _check_names(held, path)
            parts = held.items() if isinstance(held, dict) else enumerate(held)
            waiting.extend((inner, (*path, part)) for part, inner in parts if isinstance(inner, (str, dict, list)))


def _check_names(held: dict[str, Any], path: _Path) -> None:
    for name in held:
        if (place := hidden_at(name)) is not None:
            raise hidden(name, place, path, about="一项的名称")


def hidden(text: str, place: int, path: _Path, *, place_of: str = "body", about: str = "") -> Unprocessable:
    """Say which character stands where; lines are counted where there are several."""
    field, character = ".".join(str(part) for part in path), told(text[place])
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    where = f"第{line}行第{column}个字符" if "\n" in text else f"第{column}个字符"
    message = f"{about or field or '文字'}{where}是看不见的字符{character}，请删去后再提交。"
    at = {"field": field, "in": place_of, "character": character[: character.index("（")], "at": place + 1, "message": message}
    pointer = {"pointer": "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)}
    return Unprocessable(
        message,
        f"A text holds the character U+{ord(text[place]):04X} at {place + 1}.",
        kind="control-character",
        errors=[at | (pointer if place_of == "body" else {})],
    )


def too_deep() -> Invalid:
    """Return what is answered to a body nested deeper than anything of ours."""
    return Invalid(f"内容嵌套超过{MAX_DEPTH}层，不能读取。", f"Nested deeper than {MAX_DEPTH} levels.", kind="invalid-json")
