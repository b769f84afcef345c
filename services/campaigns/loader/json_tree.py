"""JSON text to the same tree as YAML: an export of a campaign, or a work written down."""

from __future__ import annotations

import json
from typing import Any

from services.campaigns.loader.faults import Fault, FaultyFileError, Mark
from services.campaigns.loader.tree import MAX_BYTES, Node

_MAX_JSON_BYTES = 4 * MAX_BYTES


def read_json(source: bytes, file: str) -> Node:
    """Return the tree of a JSON document; `FaultyFileError` when it is none."""
    if len(source) > _MAX_JSON_BYTES:
        raise _single(file, 1, 1, f"文件有{len(source):,}字节，应在{_MAX_JSON_BYTES:,}字节以内")
    try:
        data = json.loads(source.decode("utf-8-sig"), object_pairs_hook=_distinct, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise _single(file, error.lineno, error.colno, "不是可读的JSON，文件可能不完整") from None
    except (ValueError, RecursionError) as error:
        words = str(error) if isinstance(error, _WordedError) else "不是可读的JSON（UTF-8）"
        raise _single(file, 1, 1, words) from None
    return _node(data, Mark(file, 1, 1))


class _WordedError(ValueError):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise _WordedError(f"“{next(name for name in names if names.count(name) > 1)}”写了两次")
    return dict(pairs)


def _refused(constant: str) -> None:
    raise _WordedError(f"{constant} 不是数字")


def _single(file: str, line: int, column: int, message: str) -> FaultyFileError:
    return FaultyFileError([Fault(Mark(file, line, column), "", message)])


def _node(data: Any, mark: Mark) -> Node:
    if isinstance(data, dict):
        return Node(mark, {name: _node(value, mark) for name, value in data.items()})
    if isinstance(data, list):
        return Node(mark, [_node(value, mark) for value in data])
    return Node(mark, data)
