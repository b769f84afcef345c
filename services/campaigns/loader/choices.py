"""Readings applied to the tree: `{by: reading, option: value}` becomes the value of the option that stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.campaigns.loader.faults import Fault, UnknownChoiceError
from services.campaigns.loader.tree import Loc, Node
from services.campaigns.references import near


@dataclass(frozen=True, slots=True)
class ReadingSource:
    """A reading as it stands in the tree: its options' words by id, and its default."""

    node: Node
    options: Mapping[str, str]
    default: str


def readings_of(tree: Node) -> dict[str, ReadingSource]:
    """Return the readings by id, as far as they can be made out; the models say what is wrong with the rest."""
    listed = tree.get("readings")
    nodes = listed.value if listed is not None and isinstance(listed.value, list) else []
    found = {_scalar(node, "id"): node for node in nodes}
    return {name: ReadingSource(node, _options(node), _scalar(node, "default")) for name, node in found.items() if name}


def _options(node: Node) -> dict[str, str]:
    listed = node.get("options")
    nodes = listed.value if listed is not None and isinstance(listed.value, list) else []
    return {name: _scalar(option, "words") for option in nodes if (name := _scalar(option, "id"))}


def _scalar(node: Node, key: str) -> str:
    found = node.get(key)
    return str(found.value) if found is not None and isinstance(found.value, str) else ""


def checked(choices: Mapping[str, str], readings: Mapping[str, ReadingSource]) -> None:
    """Raise `UnknownChoiceError` for a choice that the campaign does not offer."""
    for name, option in choices.items():
        if name not in readings:
            raise UnknownChoiceError(f"没有读法“{name}”{near(name, readings)}")
        if option not in readings[name].options:
            raise UnknownChoiceError(f"读法“{name}”没有选项“{option}”，可选：{'、'.join(readings[name].options)}")


class Chooser:
    """Resolves a tree under the standing options, and gathers faults and what each reading decides."""

    def __init__(self, readings: Mapping[str, ReadingSource], choices: Mapping[str, str]) -> None:
        self.readings = readings
        self.standing = {name: choices.get(name, reading.default) for name, reading in readings.items()}
        self.resolves: dict[str, list[str]] = {name: [] for name in readings}
        self.faults: list[Fault] = []

    def resolved(self, node: Node, loc: Loc = ()) -> Node:
        """Return the tree with every choice made and every `reading:` replaced by the words that stand."""
        if isinstance(node.value, list):
            return Node(node.mark, [self.resolved(item, (*loc, step)) for step, item in enumerate(node.value)])
        if not isinstance(node.value, dict) or (loc and loc[0] == "readings"):
            return node
        if "by" in node.value:
            return self._chosen(node, node.value, loc)
        return Node(node.mark, dict(self._entries(node.value, loc)))

    def _entries(self, entries: dict[str, Node], loc: Loc) -> Iterator[tuple[str, Node]]:
        for key, child in entries.items():
            if key == "reading" and not isinstance(child.value, (dict, list)):
                yield key, self._words(child, (*loc, key))
            else:
                yield key, self.resolved(child, (*loc, key))

    def _words(self, node: Node, loc: Loc) -> Node:
        name = str(node.value)
        if not self._known(name, node, loc):
            return node
        return Node(node.mark, self.readings[name].options.get(self.standing[name], ""))

    def _chosen(self, node: Node, branches: dict[str, Node], loc: Loc) -> Node:
        by = branches["by"]
        options = {key: child for key, child in branches.items() if key != "by"}
        name = str(by.value)
        if self._known(name, by, loc):
            self.resolves[name].append(path_text(loc))
            self._compare(name, options, node, loc)
        first = next(iter(options.values()), Node(node.mark, None))
        return self.resolved(options.get(self.standing.get(name, ""), first), loc)

    def _compare(self, name: str, options: Mapping[str, Node], node: Node, loc: Loc) -> None:
        asked = self.readings[name].options
        if set(options) != set(asked):
            words = f"读法“{name}”的选项是 {'、'.join(asked)}，此处写的是 {'、'.join(options) or '（空）'}"
            self._fault(node, loc, words)

    def _known(self, name: str, node: Node, loc: Loc) -> bool:
        if name in self.readings:
            return True
        self._fault(node, loc, f"readings 中没有“{name}”{near(name, self.readings)}")
        return False

    def _fault(self, node: Node, loc: Loc, message: str) -> None:
        self.faults.append(Fault(node.mark, path_text(loc), message))

    def idle(self) -> list[Fault]:
        """Return a fault for each reading that decides nothing."""
        return [
            Fault(self.readings[name].node.mark, "readings", f"读法“{name}”没有被任何规则使用")
            for name, places in self.resolves.items()
            if not places
        ]


def path_text(loc: Loc) -> str:
    """Return a path as it is shown: `stages.1.closes`, list items counted from 1."""
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in loc)
