"""Freeze what each event version promises: a golden example and the shape of its fields, in `tests/events/`.

Usage: python scripts/freeze_events.py            write what is new: events without a file, optional fields that were added
       python scripts/freeze_events.py --check    only say what is broken or not frozen yet

A promise that is broken (a field removed, retyped, newly required, or promised no more) is never written over: that is a
new version of the event.
"""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from services.kernel.contracts import events
from services.kernel.contracts.envelope import Envelope, Event
from services.kernel.contracts.topics import EVERY

FOLDER = Path(__file__).parent.parent / "tests" / "events"
AT = datetime(2024, 9, 30, 15, 59, 59, 999000, tzinfo=UTC)
UUID = "01923f6a-7c00-7000-8000-{:012d}"

Shape = Mapping[str, str]
OPTIONAL = "?"

_WORDS: Mapping[str, str] = {
    "alg": "sha256",
    "answer": "ask",
    "birth": "1985-03",
    "campaign_id": "s0-shanghai-2024-stories",
    "campaign_title": "江州市学习故事征集活动",
    "check": "duration",
    "check_code": "7F3K-92QX-M4TD",
    "cite": "附件1 二（一）",
    "document_number": "江学促办〔2024〕9号",
    "effect": "ask",
    "email": "shen@jiangzhou.example",
    "external_id": "JZ-2022-017",
    "fields": "7分41秒",
    "host": "江州市学习型社会建设与终身教育促进委员会办公室",
    "id_kid": "02e306a56c0d",
    "item": "video",
    "level": "city",
    "measured": "8分12秒",
    "message": "时长8分12秒，应为5–8分钟（附件1 二（一））",
    "mobile": "13900000001",
    "name": "云栈区",
    "number": "JZ-2024-0091",
    "organisation": "云栈区夜校",
    "outcome": "优秀作品（入围决赛）",
    "person": "罗桂枝",
    "preview_type": "video/mp4",
    "reading": "5–8分钟含本数",
    "reason": "片头未写主讲人（附件1 二（三））",
    "reasons": "作品名称相同",
    "receipt_number": "JZ-2024-0091",
    "region_code": "990101",
    "remedies": "时长不能靠转换解决，请提供剪辑后的原片。",
    "required": "5–8分钟",
    "role": "liaison",
    "sentence": "疑似往年已获得，待核实",
    "service": "notify",
    "slot": "video",
    "source": "江州市2022年往年名录",
    "story": "灯下三代人。",
    "summary": "规格核验通过：7分41秒，1920×1080，H.264，MP4，0.99G。",
    "title": "夜班后的课堂",
    "track": "community",
    "unit_id": "yunzhan",
    "unit_name": "云栈区",
    "unit_type": "district",
}


def goldens() -> dict[str, dict[str, Any]]:
    """Return what is frozen, by event type."""
    files = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def promised() -> dict[str, type[Event]]:
    """Return the contract's events by type; what tests register stays out."""
    return {name: event for name, event in Event.REGISTRY.items() if event.__module__ == events.__name__}


def frozen(event: type[Event]) -> dict[str, Any]:
    """Return what is written down of an event: where it travels, its fields, and an example of it on its way."""
    return {
        "type": event.TYPE,
        "topic": event.TOPIC.name,
        "subject": event.SUBJECT,
        "tier": event.TIER.name,
        "fields": shape(event),
        "example": envelope(event).structured(),
    }


def envelope(event: type[Event]) -> Envelope:
    """Return an invented event with every field filled in, in its envelope."""
    made = event.model_validate(_object(event))
    data = made.model_dump_json(exclude={"personal"}).encode()
    personal = (
        made.model_dump_json(include={"personal"})[len('{"personal":') : -1].encode()
        if "personal" in event.model_fields
        else None
    )
    owner = "notify" if event.TOPIC.owner == EVERY else event.TOPIC.owner
    return Envelope(
        id=UUID.format(1),
        source=f"laurel/{owner}",
        type=event.TYPE,
        subject=made.subject,
        key=made.key,
        topic=event.TOPIC.name,
        time=AT + timedelta(milliseconds=1),
        sequence=1,
        logepoch=UUID.format(2),
        piitier=int(event.TIER),
        data=data,
        personal=personal,
        campaignid=getattr(made, "campaign_id", None),
        regioncode=getattr(made, "region_code", None),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


def _object(model: type[BaseModel]) -> dict[str, Any]:
    return {name: _value(name, field.annotation) for name, field in model.model_fields.items()}


def _value(name: str, annotation: Any) -> Any:
    """Return an invented value of this type; of alternatives the first, so that nothing is null."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(name, inner[0])
    if origin is Literal:
        return inner[0]
    if origin in {Union, types.UnionType}:
        return _value(name, next(choice for choice in inner if choice is not types.NoneType))
    if origin in {tuple, dict}:
        return [_value(name, inner[0])] if origin is tuple else {_key(name): _value(name, inner[1])}
    return _plain(name, annotation)


def _key(name: str) -> str:
    return UUID.format(3) if name == "personal" else "duration"


def _plain(name: str, annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _object(annotation)
    if annotation is str:
        return _text(name)
    numbers = {int: 3, float: 461.2, bool: True, datetime: AT, Any: "id"}
    return numbers[annotation]


def _text(name: str) -> str:
    if name in _WORDS:
        return _WORDS[name]
    if name.endswith(("_hash", "sha256", "head", "commitment")):
        return "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    if name.endswith("_key"):
        return f"{name.removesuffix('_key')}/9f86d081884c7d65"
    if name.endswith("_id") or name == "record":
        return UUID.format(sum(name.encode()))
    raise KeyError(f"no invented value for {name}: add one to _WORDS")


def shape(model: type[BaseModel]) -> dict[str, str]:
    """Return every field by its path (`works[].title`, `personal{}.person`): its type, and `?` unless it is always there."""
    return dict(_fields(model, ""))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        path = prefix + name
        yield path, _type(field.annotation) + ("" if field.is_required() else OPTIONAL)
        yield from _inner(field.annotation, path)


def _inner(annotation: Any, path: str) -> Iterator[tuple[str, str]]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _fields(annotation, f"{path}.")
    elif origin is tuple:
        yield from _inner(inner[0], f"{path}[]")
    elif origin is dict:
        yield from _inner(inner[1], f"{path}{{}}")
    elif origin in {Union, types.UnionType, Annotated}:
        for choice in inner:
            yield from _inner(choice, path)


def _type(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " | ".join(map(json.dumps, inner))
    if origin in {Union, types.UnionType}:
        return " | ".join(_type(choice) for choice in inner)
    if origin in {tuple, dict}:
        return f"list of {_type(inner[0])}" if origin is tuple else f"map of {_type(inner[1])}"
    return _named(annotation)


def _named(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "object"
    names = {str: "string", int: "integer", float: "number", bool: "boolean", datetime: "instant", types.NoneType: "null"}
    return names.get(annotation, "any")


def broken(before: Shape, now: Shape) -> list[str]:
    """Name every promise about fields that no longer holds."""
    told = [f"{path} was removed" for path in before if path not in now]
    for path, field in now.items():
        if path in before:
            told += _changed(path, before[path], field)
        elif not field.endswith(OPTIONAL) and _parent_stood(path, before):
            told.append(f"{path} is new and required")
    return told


def _changed(path: str, before: str, now: str) -> Iterator[str]:
    if before.rstrip(OPTIONAL) != now.rstrip(OPTIONAL):
        yield f"{path} was {before.rstrip(OPTIONAL)}, is {now.rstrip(OPTIONAL)}"
    if before.endswith(OPTIONAL) != now.endswith(OPTIONAL):
        yield f"{path} is {'required now' if before.endswith(OPTIONAL) else 'no longer always there'}"


def _parent_stood(path: str, before: Shape) -> bool:
    """Whether the object that holds the field was there: what a new optional object requires breaks nothing."""
    parent = path.rpartition(".")[0].removesuffix("[]").removesuffix("{}")
    return not parent or parent in before


def broken_promises(kept: Mapping[str, Any], event: type[Event]) -> list[str]:
    """Name every promise of a frozen event that no longer holds."""
    now = frozen(event)
    told = [f"{name} was {kept[name]}, is {now[name]}" for name in ("topic", "subject", "tier") if kept[name] != now[name]]
    return told + broken(kept["fields"], now["fields"])


def main(arguments: list[str]) -> int:
    """Freeze or check; exit 1 when a promise is broken, or with --check when something is not frozen yet."""
    kept, now, failed = goldens(), promised(), False
    for name in sorted(kept.keys() - now.keys()):
        print(f"{name}: the event was removed")
        failed = True
    for name, event in now.items():
        faults = broken_promises(kept[name], event) if name in kept else []
        for fault in faults:
            print(f"{name}: {fault}")
        failed = failed or bool(faults)
        if faults or (name in kept and kept[name]["fields"] == shape(event)):
            continue
        if "--check" in arguments:
            print(f"{name}: not frozen yet; run scripts/freeze_events.py")
            failed = True
            continue
        _write(name, frozen(event))
    return int(failed)


def _write(name: str, document: Mapping[str, Any]) -> None:
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
