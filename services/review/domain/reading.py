"""An exported record as text, read into its chain and its openings before anything is believed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.review.domain.canonical import ALGORITHMS, HEX_LENGTH, NONCE_BYTES, Algorithm

_ENTRY = {"alg": str, "at": str, "hash": str, "kind": str, "payload": dict, "prev": str, "seq": int}
_OPENING = {"ballot": dict, "nonce": str, "opens": str}
_BALLOT = {"pseudonym": str, "replaces": (str, type(None)), "scores": dict, "work": str}
_HEX = re.compile(r"[0-9a-f]*", re.ASCII)


class UnreadableError(ValueError):
    """The text is not an exported record; the message says which line and why."""


@dataclass(frozen=True)
class EntryLine:
    """One link of the chain as it stands in the file; `raw` is its content without the hash."""

    line: int
    seq: int
    alg: Algorithm
    at: str
    kind: str
    payload: Mapping[str, Any]
    prev: str
    hash: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class OpeningLine:
    """One opened ballot as it stands in the file."""

    line: int
    opens: str
    nonce: bytes
    ballot: Mapping[str, Any]


@dataclass(frozen=True)
class RecordFile:
    """The lines of a record, in the order of the file."""

    entries: tuple[EntryLine, ...]
    openings: tuple[OpeningLine, ...]


def read_record(text: str) -> RecordFile:
    """Return the lines of an export; UnreadableError when one is neither an entry nor an opening, or there is none."""
    entries: list[EntryLine] = []
    openings: list[OpeningLine] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        value = _object(number, line)
        if "opens" in value:
            openings.append(_opening(number, value))
        else:
            entries.append(_entry(number, value))
    if not entries:
        raise UnreadableError("文件中没有评审记录")
    return RecordFile(tuple(entries), tuple(openings))


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
        line.encode()
    except (json.JSONDecodeError, UnicodeEncodeError, RecursionError):
        raise UnreadableError(f"第{number}行不是评审记录的一行") from None
    except ValueError as error:
        raise UnreadableError(f"第{number}行不是评审记录的一行：{error}") from None
    if not isinstance(value, dict):
        raise UnreadableError(f"第{number}行不是评审记录的一行")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("同一名称出现两次")
    return value


def _no_float(text: str) -> float:
    raise ValueError(f"分值须写成文字，不能是{text}")


def _shaped(number: int, value: Mapping[str, Any], shape: Mapping[str, Any]) -> None:
    if value.keys() != shape.keys():
        raise UnreadableError(f"第{number}行应有{'、'.join(shape)}")
    for name, kind in shape.items():
        if not isinstance(value[name], kind) or isinstance(value[name], bool):
            raise UnreadableError(f"第{number}行的{name}写法不对")


def _hex(number: int, name: str, text: str, length: int) -> str:
    if len(text) != length or not _HEX.fullmatch(text):
        raise UnreadableError(f"第{number}行的{name}应为{length}位十六进制数")
    return text


def _entry(number: int, value: dict[str, Any]) -> EntryLine:
    _shaped(number, value, _ENTRY)
    if value["alg"] not in ALGORITHMS:
        raise UnreadableError(f"第{number}行的算法{value['alg'][:20]}不在{'、'.join(ALGORITHMS)}之内")
    for name in ("hash", "prev"):
        _hex(number, name, value[name], HEX_LENGTH)
    return EntryLine(line=number, raw={name: value[name] for name in _ENTRY if name != "hash"}, **value)


def _opening(number: int, value: dict[str, Any]) -> OpeningLine:
    _shaped(number, value, _OPENING)
    _shaped(number, value["ballot"], _BALLOT)
    if not all(isinstance(points, str) for points in value["ballot"]["scores"].values()):
        raise UnreadableError(f"第{number}行的分值须写成文字")
    _hex(number, "opens", value["opens"], HEX_LENGTH)
    nonce = bytes.fromhex(_hex(number, "nonce", value["nonce"], 2 * NONCE_BYTES))
    return OpeningLine(number, value["opens"], nonce, value["ballot"])
