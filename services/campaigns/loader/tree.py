"""YAML text to a tree of plain values, each of which knows its place.

Anchors, aliases, tags, tabs and duplicate keys are refused, so that a file means what it shows; dates stay
text, because only the models know what a date is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.campaigns.loader.faults import Fault, FaultyFileError, Mark
from services.campaigns.text import hidden_character

if TYPE_CHECKING:
    from ruamel.yaml.nodes import MappingNode
    from ruamel.yaml.nodes import Node as YamlNode

MAX_BYTES = 128 * 1024
MAX_DEPTH = 24

Scalar = str | int | float | bool | None
Loc = tuple[str | int, ...]

_CORE = "tag:yaml.org,2002:"
_INT = re.compile(r"-?\d{1,15}")
_FLOAT = re.compile(r"-?\d{1,15}\.\d{1,15}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place: of a mapping's value the place is its key's."""

    mark: Mark
    value: dict[str, Node] | list[Node] | Scalar

    def plain(self) -> Any:
        """Return dicts, lists and scalars without their places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def follow(self, loc: Loc) -> tuple[Node, Loc]:
        """Return the last node on a path and the way to it; steps that the tree does not have are left out."""
        node, way = self, []
        for step in loc:
            child = node._child(step)
            if child is not None:
                node = child
                way.append(step)
        return node, tuple(way)

    def _child(self, step: str | int) -> Node | None:
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None

    def get(self, key: str) -> Node | None:
        """Return a mapping's value, or None."""
        return self.value.get(key) if isinstance(self.value, dict) else None


def read_tree(source: bytes, file: str) -> Node:
    """Return the tree of a YAML document; `FaultyFileError` with every fault of form found."""
    text = _decoded(source, file)
    _refuse_hidden(text, file)
    root = _composed(text, file)
    builder = _Builder(file)
    node = builder.build(root, builder.mark(root), 0)
    if builder.faults:
        raise FaultyFileError(builder.faults)
    if not isinstance(node.value, dict):
        raise FaultyFileError([Fault(node.mark, "", "文件应由“名称: 值”组成，冒号用半角，后面空一格")])
    return node


def _decoded(source: bytes, file: str) -> str:
    if len(source) > MAX_BYTES:
        raise _single(file, 1, 1, f"文件有{len(source):,}字节，应在{MAX_BYTES:,}字节以内")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start]
        column = error.start - (before.rfind(b"\n") + 1) + 1
        raise _single(file, before.count(b"\n") + 1, column, "文件不是UTF-8编码，请另存为UTF-8") from None
    if not text.strip():
        raise _single(file, 1, 1, "文件是空的")
    return text


def _refuse_hidden(text: str, file: str) -> None:
    faults = [
        Fault(Mark(file, number, line.index(hidden) + 1), "", f"含有看不见的字符 U+{ord(hidden):04X}，请删去")
        for number, line in enumerate(text.split("\n"), 1)
        if (hidden := hidden_character(line.removesuffix("\r"), allowed="\t")) is not None
    ]
    faults += [
        Fault(Mark(file, number, line.index("\t") + 1), "", "用了制表符缩进，请改用空格")
        for number, line in enumerate(text.split("\n"), 1)
        if "\t" in line[: len(line) - len(line.lstrip())]
    ]
    if faults:
        raise FaultyFileError(faults)
    if _bracket_depth(text) > MAX_DEPTH:
        raise _single(file, 1, 1, "括号嵌套过深")


def _bracket_depth(text: str) -> int:
    depth = deepest = 0
    for char in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if char in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _composed(text: str, file: str) -> YamlNode:
    from ruamel.yaml import YAML  # noqa: PLC0415 - heavy, and only a campaign file needs it
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415 - as above

    try:
        root: YamlNode | None = YAML(typ="rt", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _single(file, mark.line + 1, mark.column + 1, _syntax_words(str(error.problem))) from None
    except (YAMLError, RecursionError):
        raise _single(file, 1, 1, "文件不是可读的YAML，或嵌套过深") from None
    if root is None:
        raise _single(file, 1, 1, "文件是空的")
    return root


def _syntax_words(problem: str) -> str:
    known: tuple[tuple[str, str], ...] = (
        ("mapping values are not allowed", "此处不能有冒号：值中含“: ”时请加引号，或检查缩进"),
        ("another document", "一个文件只写一个活动，请删去“---”之后的内容"),
        ("undefined alias", "活动文件不使用别名（*）；文字以*开头时请加引号"),
        ("cannot start any token", "此处的字符不能开头：文字以@、`、%开头时请加引号"),
        ("end of stream", "引号没有配对"),
        ("<block end>", "缩进与上文不一致，或引号、列表写法不完整"),
        ("could not find expected ':'", "缺少冒号：应写成“名称: 值”"),
    )
    return next((words for part, words in known if part in problem), "不是可读的YAML，请检查缩进、冒号和引号")


def _single(file: str, line: int, column: int, message: str) -> FaultyFileError:
    return FaultyFileError([Fault(Mark(file, line, column), "", message)])


class _Builder:
    """Turns ruamel's nodes into ours and gathers faults on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[Fault] = []

    def mark(self, node: YamlNode) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def fault(self, node: YamlNode, message: str) -> None:
        self.faults.append(Fault(self.mark(node), "", message))

    def build(self, node: YamlNode, mark: Mark, depth: int) -> Node:
        if node.anchor is not None:
            self.fault(node, "活动文件不使用锚点（&）和别名（*），请把内容写全")
            return Node(mark, None)
        if depth > MAX_DEPTH:
            self.fault(node, "嵌套过深")
            return Node(mark, None)
        builders: dict[str, Callable[[Any, int], Any]] = {"mapping": self._mapping, "sequence": self._sequence}
        build = builders.get(getattr(node, "id", ""), self._scalar)
        return Node(mark, build(node, depth + 1))

    def _mapping(self, node: MappingNode, depth: int) -> dict[str, Node]:
        built: dict[str, Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key.value, str) else ""
            if not name or name == "<<":
                self.fault(key, "名称应为文字")
            elif name in built:
                self.fault(key, f"“{name}”写了两次，第一次在第{built[name].mark.line}行")
            else:
                built[name] = self.build(value, self.mark(key), depth)
        return built

    def _sequence(self, node: YamlNode, depth: int) -> list[Node]:
        return [self.build(item, self.mark(item), depth) for item in node.value]

    def _scalar(self, node: YamlNode, _depth: int) -> Scalar:
        tag, text = str(node.tag), str(node.value)
        if not tag.startswith(_CORE) or "python" in tag:
            self.fault(node, "活动文件不使用标签（!）；文字以!开头时请加引号")
            return None
        return _plain_scalar(tag.removeprefix(_CORE), text)


def _plain_scalar(tag: str, text: str) -> Scalar:
    if tag == "null":
        return None
    if tag == "bool" and text in {"true", "false"}:
        return text == "true"
    if tag == "int" and _INT.fullmatch(text):
        return int(text)
    return float(text) if tag == "float" and _FLOAT.fullmatch(text) else text
