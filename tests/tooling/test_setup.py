from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COREUTILS = ("bash", "env", "dirname", "id", "cat", "sha256sum", "cut", "rm", "printf", "grep")


def _setup(tree: Path, path: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(tree / "scripts/setup"), *arguments]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"PATH": path})


@pytest.fixture
def tree():
    """What setup reads of the repository, in a folder that anybody may read and only its owner write."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        shutil.copytree(ROOT / "scripts", tree / "scripts")
        for name in ("pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, tree)
        (tree / "bin").mkdir()
        for tool in (*COREUTILS, "setpriv"):
            (tree / "bin" / tool).symlink_to(shutil.which(tool) or tool)
        tree.chmod(0o755)
        yield tree


def test_who_may_not_install_packages_is_told_their_names(tree):
    refused = _setup(tree, str(tree / "bin"), "--tests")
    assert refused.returncode == 1
    assert "I may not install them; please run: apt-get install" in refused.stderr
    for package in ("ffmpeg", "fonts-noto-cjk", "python3-venv", "strace", "poppler-utils"):
        assert package in refused.stderr
    assert not (tree / ".venv").exists()


def test_the_lock_pins_every_package_with_hashes_and_names_no_index_or_folder():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"--index|--extra-index|--find-links|--trusted|https?://|file:", lock)
    pins = re.split(r"\n(?=[a-z0-9])", lock.strip())
    assert len(pins) > 50
    assert [pin.splitlines()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_lock_holds_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    missing = []
    for wish in asked:
        name, _, pinned = re.sub(r"\[.*?\]", "", wish).lower().partition("==")
        if f"\n{re.sub('[._]', '-', name)}=={pinned}" not in f"\n{lock}":
            missing.append(wish)
    assert missing == []


def test_what_ci_runs_and_what_make_names_is_there():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    help_text = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    for target in ("setup", "demo", "test", "prove", "bench", "lint", "docs", "clean"):
        assert f"make {target} " in help_text


def test_nothing_names_the_machine_it_was_made_on():
    traces = re.compile(rb"/work/(?:wt|main|shared|venv)|\.\./shared|/root/|/home/[a-z]+/")
    found = [str(path.relative_to(ROOT)) for path in _own_files() if traces.search(path.read_bytes())]
    assert [name for name in found if name != "tests/tooling/test_setup.py"] == []


def _own_files() -> Iterator[Path]:
    """Every file of the repository, read from the tree, because a bare machine may have no git."""
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()} | {".git"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in ignored and not name.endswith(".egg-info")]
        yield from (Path(folder) / name for name in names if not name.endswith(".pyc") and name not in ignored)
