"""From bytes to a campaign: read, lay over, resolve under the standing readings, validate, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.campaigns.loader.choices import Chooser, ReadingSource, checked, path_text, readings_of
from services.campaigns.loader.consistency import disagreements, unit_disagreements
from services.campaigns.loader.declared import declared
from services.campaigns.loader.faults import MAX_FAULTS, Fault, FaultyFileError, UnknownChoiceError
from services.campaigns.loader.json_tree import read_json
from services.campaigns.loader.overlay import overlaid
from services.campaigns.loader.tree import Loc, Node, read_tree
from services.campaigns.loader.wording import chinese
from services.campaigns.models import Campaign, Units
from services.campaigns.workfile import WorkFile

Bases = Callable[[str], bytes | None]
M = TypeVar("M", bound=BaseModel)

MAX_READINGS = 60
_OVERLAY_KEYS = {"extends", "as"}


def load_campaign(
    source: bytes, file: str, *, bases: Bases | None = None, choices: Mapping[str, str] | None = None
) -> Campaign:
    """Return the campaign of a YAML file, or of an export of one.

    `file` is the name shown in faults; `bases` returns the bytes of the campaign that this one extends, by id;
    `choices` maps readings to the options chosen, defaults standing for the rest.
    Raises `FaultyFileError` with every fault, `UnknownChoiceError` for a choice that is not offered.
    """
    if source.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _exported(source, file, choices or {})
    return _resolved(_extended(read_tree(source, file), bases), choices or {})


def load_units(source: bytes, file: str, *, campaign: Campaign | None = None) -> Units:
    """Return the units of a YAML file, whose types are those of the campaign where one is given.

    Raises `FaultyFileError` with every fault.
    """
    tree = read_tree(source, file)
    known = {} if campaign is None else {"unit_types": frozenset(each.id for each in campaign.unit_types)}
    units, faults = _validated(Units, tree, known)
    if units is None:
        raise FaultyFileError(faults)
    doubled = [_fault(tree, loc, message) for loc, message in unit_disagreements(units)]
    if doubled:
        raise FaultyFileError(doubled)
    return units


def load_work(source: bytes, file: str) -> WorkFile:
    """Return the work of a JSON file; raises `FaultyFileError` with every fault."""
    work, faults = _validated(WorkFile, read_json(source, file), {})
    if work is None:
        raise FaultyFileError(faults)
    return work


def _exported(source: bytes, file: str, choices: Mapping[str, str]) -> Campaign:
    tree = read_json(source, file)
    campaign, faults = _judged(tree)
    if campaign is None or faults:
        raise FaultyFileError(faults)
    standing = {reading.id: reading.chosen for reading in campaign.readings}
    for name, option in choices.items():
        if standing.get(name) != option:
            raise UnknownChoiceError(f"导出文件的读法已经确定，不能再选“{name}={option}”")
    return campaign


def _resolved(tree: Node, choices: Mapping[str, str]) -> Campaign:
    readings = readings_of(tree)
    if len(readings) > MAX_READINGS:
        mark = (tree.get("readings") or tree).mark
        raise FaultyFileError([Fault(mark, "readings", f"读法{len(readings)}处，最多{MAX_READINGS}处")])
    checked(choices, readings)
    campaign, faults = _under(tree, choices)
    faults += _of_other_options(tree, readings, choices, known=len(faults))
    if campaign is None or faults:
        raise FaultyFileError(faults)
    return campaign


def _of_other_options(
    tree: Node, readings: Mapping[str, ReadingSource], choices: Mapping[str, str], *, known: int
) -> Iterator[Fault]:
    """Yield what is wrong with the options that do not stand, unless there is already more than will be told."""
    if known > MAX_FAULTS:
        return
    for name, reading in readings.items():
        for option in set(reading.options) - {choices.get(name, reading.default)}:
            yield from _under(tree, {**choices, name: option})[1]


def _under(tree: Node, choices: Mapping[str, str]) -> tuple[Campaign | None, list[Fault]]:
    chooser = Chooser(readings_of(tree), choices)
    campaign, faults = _judged(_with_standing(chooser.resolved(tree), chooser))
    idle = [] if tree.get("copy_of") else chooser.idle()
    return campaign, [*faults, *chooser.faults, *idle]


def _judged(tree: Node) -> tuple[Campaign | None, list[Fault]]:
    campaign, faults = _validated(Campaign, tree, declared(tree.plain()))
    if campaign is None:
        return None, faults
    return campaign, [_fault(tree, loc, message) for loc, message in disagreements(campaign)]


def _with_standing(tree: Node, chooser: Chooser) -> Node:
    listed = tree.get("readings")
    if listed is None or not isinstance(listed.value, list) or not isinstance(tree.value, dict):
        return tree
    nodes = [_standing(node, chooser) for node in listed.value]
    return Node(tree.mark, {**tree.value, "readings": Node(listed.mark, nodes)})


def _standing(node: Node, chooser: Chooser) -> Node:
    if not isinstance(node.value, dict):
        return node
    written, default = node.get("id"), node.get("default")
    name = "" if written is None else str(written.value)
    chosen = chooser.standing.get(name, None if default is None else default.value)
    places = [Node(node.mark, place) for place in chooser.resolves.get(name, [])]
    return Node(node.mark, {**node.value, "chosen": Node(node.mark, chosen or ""), "resolves": Node(node.mark, list(places))})


def _validated(model: type[M], tree: Node, context: Mapping[str, Any]) -> tuple[M | None, list[Fault]]:
    try:
        return model.model_validate(tree.plain(), context=dict(context)), []
    except ValidationError as error:
        return None, [_fault(tree, item["loc"], chinese(item, model)) for item in _told(error)]


def _told(error: ValidationError) -> Iterator[ErrorDetails]:
    """Yield pydantic's errors, without lists called short only because an item of theirs has a fault."""
    every = error.errors()
    for item in every:
        if item["type"] != "too_short" or not any(_lies_in(other, item) for other in every):
            yield item


def _lies_in(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    return len(inner["loc"]) > len(outer["loc"]) and inner["loc"][: len(outer["loc"])] == outer["loc"]


def _fault(tree: Node, loc: Loc, message: str) -> Fault:
    node, way = tree.follow(loc)
    return Fault(node.mark, path_text(way), message)


def _extended(tree: Node, bases: Bases | None) -> Node:
    faults = [*_own_words(tree), *_overlay_faults(tree)]
    named = tree.get("extends")
    source = bases(str(named.value)) if named is not None and bases is not None else None
    if named is not None and source is None:
        faults.append(Fault(named.mark, "extends", f"找不到活动“{named.value}”的文件"))
    if faults:
        raise FaultyFileError(faults)
    return tree if named is None or source is None else _copied(tree, named, source)


def _copied(tree: Node, named: Node, source: bytes) -> Node:
    base = read_tree(source, f"{named.value}.yaml")
    if base.get("extends") is not None:
        raise FaultyFileError([Fault(named.mark, "extends", f"“{named.value}”自身沿用另一文件，只能沿用一层")])
    entries = tree.value if isinstance(tree.value, dict) else {}
    over = Node(tree.mark, {key: node for key, node in entries.items() if key not in _OVERLAY_KEYS})
    merged = overlaid(base, over).value
    copied = merged if isinstance(merged, dict) else {}
    return Node(tree.mark, {**copied, "copy_of": Node(named.mark, named.value)})


def _own_words(tree: Node) -> Iterator[Fault]:
    if (written := tree.get("copy_of")) is not None:
        yield Fault(written.mark, "copy_of", "copy_of 由平台填写，请改写 extends")
    listed = tree.get("readings")
    for node in listed.value if listed is not None and isinstance(listed.value, list) else []:
        for key in ("chosen", "resolves"):
            if (written := node.get(key)) is not None:
                yield Fault(written.mark, "readings", f"{key} 由平台填写，请删去")


def _overlay_faults(tree: Node) -> Iterator[Fault]:
    named, manner, rehearsal = tree.get("extends"), tree.get("as"), tree.get("rehearsal")
    if named is None:
        if manner is not None:
            yield Fault(manner.mark, "as", "as 须与 extends 一起写")
        return
    if manner is None or manner.value != "copy":
        yield Fault((manner or named).mark, "as", "沿用另一活动时请写 as: copy")
    if rehearsal is None or rehearsal.value is not True:
        yield Fault((rehearsal or named).mark, "rehearsal", "副本只能用于试运行，请写 rehearsal: true")
    own = tree.get("id")
    if own is None or own.value == named.value:
        yield Fault((own or named).mark, "id", "副本须有自己的 id")
