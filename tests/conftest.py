"""What holds for every test: two sizes of counts, and a summary that names the engines that really ran.

An engine counts as run when this process opened a connection to it, started it, or loaded it: vendor packages are loaded only
where they are used. `LAUREL_REQUIRE_ENGINES=1` fails the session when one of those the product needs did not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

import hypothesis
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

PROGRAMS = ("ffmpeg", "ffprobe")
LIBRARIES = ("typst", "openpyxl", "xlsxwriter", "PIL", "opencc", "numpy")
IN_CHILDREN = {"typesetting.py": "typst", "photo_reader.py": "PIL"}  # our scripts that load an engine in a process of its own
DISTRIBUTIONS = {"PIL": "Pillow", "xlsxwriter": "XlsxWriter"}
REQUIRED = ("SQLite", "ffmpeg", "ffprobe", "typst", "openpyxl", "xlsxwriter", "PIL")

_started: Counter[str] = Counter()
_connected: dict[str, str] = {}

hypothesis.settings.register_profile("test", max_examples=60, deadline=None)
hypothesis.settings.register_profile("prove", max_examples=2000, deadline=None)


def _watch(name: str, arguments: tuple[Any, ...]) -> None:
    if name == "subprocess.Popen":
        command = arguments[1] if isinstance(arguments[1], (list, tuple)) else [arguments[0]]
        names = {PurePath(os.fsdecode(word)).name for word in command[:8]}
        _started.update(names & {*PROGRAMS} | {IN_CHILDREN[name] for name in names & {*IN_CHILDREN}})


sys.addaudithook(_watch)


@event.listens_for(Engine, "connect")
def _note(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("pysqlite3"):
        import pysqlite3

        _connected["SQLite"] = f"{pysqlite3.sqlite_version} by pysqlite3 {version('pysqlite3')}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--prove", action="store_true", help="run the full counts and the long tests")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("prove" if config.getoption("--prove") else "test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--prove"):
        return
    for item in items:
        if (mark := item.get_closest_marker("prove")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"only with --prove: {mark.args[0]}"))


@pytest.fixture(scope="session")
def proving(pytestconfig: pytest.Config) -> bool:
    """Whether the full counts are wanted: `150 if proving else 15`."""
    return bool(pytestconfig.getoption("--prove"))


def engines_that_ran() -> dict[str, str]:
    programs = {name: _program_version(name) for name in PROGRAMS if _started[name]}
    libraries = {name: version(DISTRIBUTIONS.get(name, name)) for name in LIBRARIES if name in sys.modules or _started[name]}
    return _connected | programs | libraries


def _program_version(name: str) -> str:
    told = subprocess.run([shutil.which(name) or name, "-version"], capture_output=True, text=True, check=False)
    return " ".join(told.stdout.split()[2:3])


def _idle() -> list[str]:
    ran = engines_that_ran()
    return [name for name in REQUIRED if name not in ran]


def _required() -> bool:
    return os.environ.get("LAUREL_REQUIRE_ENGINES") == "1"


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _required() and session.exitstatus == pytest.ExitCode.OK and _idle():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("engines that ran")
    for name, said in engines_that_ran().items():
        terminalreporter.line(f"{name} {said}")
    if idle := _idle():
        word = "REQUIRED, BUT DID NOT RUN" if _required() else "did not run"
        terminalreporter.line(f"{word}: {', '.join(idle)}")
