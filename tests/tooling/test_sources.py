"""Rules that no linter knows, read from the sources."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
EDGE_OF_CAMPAIGNS = {SERVICES / "campaigns/commands.py", SERVICES / "campaigns/files.py"}
BY_STRING = {"importlib", "imp", "pkgutil", "runpy"}
IMPURE = {
    "asyncio", "concurrent", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "secrets",
    "shutil", "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
    "fastapi", "starlette", "sqlalchemy", "pysqlite3", "httpx", "structlog", "prometheus_client", "ffmpeg", "numpy", "PIL",
    "typst", "uuid_utils",
}  # fmt: skip
SUPPRESSION = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore(?:\[[\w, -]+\])?)(?P<reason>.*)")
CLOCKS_AND_FILES = {"now", "utcnow", "today", "open", "getenv", "urandom", "monotonic", "perf_counter"}


def _sources(*patterns: str) -> list[Path]:
    return sorted({path for pattern in patterns for path in SERVICES.glob(pattern) if path.suffix == ".py"})


def _everything() -> list[Path]:
    folders = ("services", "tests", "scripts", "bench", "demo")
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            yield node.lineno, name


def imports_by_string(source: str) -> list[str]:
    """Name each way in which a source imports a module by its name in a string."""
    tree = ast.parse(source)
    imported = [f"{line}: {name}" for line, name in _imports(tree) if name.split(".")[0] in BY_STRING]
    return imported + [f"{line}: {name}" for line, name in _calls(tree) if name in {"__import__", "import_module"}]


def impurities(source: str) -> list[str]:
    """Name each import and call that makes a source do input, output, chance or time."""
    tree = ast.parse(source)
    imported = [f"{line}: import {name}" for line, name in _imports(tree) if name.split(".")[0] in IMPURE]
    return imported + [f"{line}: {name}()" for line, name in _calls(tree) if name in CLOCKS_AND_FILES]


@pytest.mark.parametrize("path", _sources("**/*.py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_is_imported_by_a_string(path):
    assert imports_by_string(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "path",
    [path for path in _sources("campaigns/**/*.py", "*/domain.py", "*/domain/**/*.py") if path not in EDGE_OF_CAMPAIGNS],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_domain_does_no_input_output_chance_or_time(path):
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    ["import importlib", "from importlib import import_module", "__import__('services.intake.main')", "x.import_module(name)"],
)
def test_a_planted_import_by_string_is_seen(planted):
    assert imports_by_string(planted)


@pytest.mark.parametrize(
    "planted", ["import os", "from random import choice", "datetime.now(UTC)", "open('x')", "import sqlalchemy.orm"]
)
def test_a_planted_impurity_is_seen(planted):
    assert impurities(planted)


def suppressions_without_a_reason(source: str) -> list[int]:
    """Return the lines that quieten ruff or mypy and do not say why beside it."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = [(token.start[0], SUPPRESSION.search(token.string)) for token in tokens if token.type == tokenize.COMMENT]
    return [line for line, found in comments if found and not found["reason"].strip(" #-")]


@pytest.mark.parametrize("path", _everything(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_suppression_says_why(path):
    source = path.read_text(encoding="utf-8")
    if path.is_relative_to(ROOT / "tests"):
        source = source.replace("# type: ignore", "#")  # mypy reads no tests
    assert suppressions_without_a_reason(source) == []


@pytest.mark.parametrize("code", ["noqa", "noqa: E501", "noqa: E501, S608", "type: ignore", "type: ignore[misc]"])
def test_a_suppression_is_seen_unless_it_says_why(code):
    assert suppressions_without_a_reason(f"x = 1  # {code}") == [1]
    assert suppressions_without_a_reason(f"x = 1  # {code} - the vendor's types are wrong") == []
    assert suppressions_without_a_reason(f"x = 1  # {code}  # the vendor's types are wrong") == []
    assert suppressions_without_a_reason(f'x = "# {code}"') == []


def unbounded_instants(source: str) -> list[str]:
    """Name each instant that a request may state without bounds: one at the end of the calendar has no UTC."""
    names = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AnnAssign)]
    written = [(node.lineno, ast.unparse(node.annotation)) for node in names]
    return [f"{line}: {told}" for line, told in written if re.search(r"\b(AwareDatetime|datetime)\b", told)]


@pytest.mark.parametrize(
    "path", _sources("*/api.py", "*/api/*.py", "kernel/web/operator.py"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_instant_of_a_request_is_bounded(path):
    assert unbounded_instants(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("planted", ["at: AwareDatetime", "term: datetime | None = None"])
def test_a_planted_unbounded_instant_is_seen(planted):
    assert unbounded_instants(f"class Body(BaseModel):\n    {planted}\n")
