"""One file laid over another: `extends:` with `as: copy`.

A mapping is merged key by key. Items of a list that have a name (`id`; a rule's `kind` and `item`; a quota's
unit type and track; a tier) are merged with the item of the same name or added; any other list is replaced.
"""

from __future__ import annotations

from services.campaigns.loader.tree import Node

_NAMES = (("id",), ("kind", "item"), ("unit_type", "track"), ("tier",))


def overlaid(base: Node, over: Node) -> Node:
    """Return the base with the overlay's values in place of its own; a value keeps the place it comes from."""
    if isinstance(base.value, dict) and isinstance(over.value, dict) and "by" not in over.value:
        merged = dict(base.value) if "by" not in base.value else {}
        for key, node in over.value.items():
            merged[key] = overlaid(merged[key], node) if key in merged else node
        return Node(over.mark, merged)
    if isinstance(base.value, list) and isinstance(over.value, list):
        return Node(over.mark, _merged_list(base.value, over.value))
    return over


def _merged_list(base: list[Node], over: list[Node]) -> list[Node]:
    names = [_name(node) for node in over]
    if not over or None in names:
        return over
    merged = {(_name(node) or ("", str(index))): node for index, node in enumerate(base)}
    for name, node in zip(names, over, strict=True):
        key = name or ()
        merged[key] = overlaid(merged[key], node) if key in merged else node
    return list(merged.values())


def _name(node: Node) -> tuple[str, ...] | None:
    for keys in _NAMES:
        first = node.get(keys[0])
        if first is not None:
            return tuple(str(found.value) for key in keys if (found := node.get(key)) is not None)
    return None
