"""Write the documents that are generated from code: `python -m scripts.write_docs`, or `--check` to name the stale ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from scripts import interface_tables
from services.campaigns import manual
from services.kernel import docs
from services.kernel.handlers import Kind
from services.kernel.service import Definition
from services.runtime import DEFINITIONS

DOCS = Path(__file__).parents[1] / "docs"
_ACTS = {Kind.PROJECTION: "keeps", Kind.REACTION: "acts"}


def consumers(definitions: Sequence[Definition] = DEFINITIONS) -> dict[str, list[str]]:
    """Return who handles each event type, and whether it keeps it or acts on it."""
    found: dict[str, list[str]] = {}
    for definition in definitions:
        for name, handler in definition.handlers.by_type.items():
            acts = " and ".join(_ACTS[kind] for kind, _ in handler.steps)
            found.setdefault(name, []).append(f"{definition.handlers.consumer} ({acts})")
    return found


def _whole(lines: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """Make a page that is written whole, whatever stood there."""
    return lambda _before: "\n".join(lines()) + "\n"


PAGES: Mapping[str, Callable[[str], str]] = {
    "settings.md": _whole(docs.settings_page),
    "metrics.md": _whole(docs.metrics_page),
    "events.md": _whole(partial(docs.events_page, consumers())),
    "campaigns.md": manual.filled,
    "interfaces.md": interface_tables.filled,
}
"""How each page is made from what stands there: most are written whole, in some only the tables are filled in."""


def stale(folder: Path = DOCS) -> list[str]:
    """Name the pages that differ from the code."""
    present = {name: (folder / name).read_text(encoding="utf-8") for name in PAGES if (folder / name).exists()}
    return [name for name, made in PAGES.items() if name not in present or present[name] != made(present[name])]


def write(folder: Path = DOCS) -> None:
    """Write every page; where there is none yet, the words around its tables are those of the repository's."""
    folder.mkdir(exist_ok=True)
    for name, made in PAGES.items():
        stands = folder / name if (folder / name).exists() else DOCS / name
        (folder / name).write_text(made(stands.read_text(encoding="utf-8") if stands.exists() else ""), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Run the command; with `--check` exit 1 when a page is stale."""
    if arguments == ["--check"]:
        names = stale()
        for name in names:
            sys.stderr.write(f"docs/{name} is stale: run make docs\n")
        return 1 if names else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
