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


def _setup(tree: Path, path: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(tree / "scripts/setup"), *arguments]
    if os.getuid() == 0:
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env={"PATH": path, **environment})


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
    assert "当前用户不能安装。请以root运行：apt-get install" in refused.stderr
    assert "I may not install them; please run: apt-get install" in refused.stderr
    for package in ("ffmpeg", "fonts-noto-cjk", "python3-venv", "strace", "poppler-utils"):
        assert package in refused.stderr
    assert not (tree / ".venv").exists()


def _program(tree: Path, name: str, script: str) -> Path:
    """Put a program on the path of `_setup`."""
    path = tree / "bin" / name
    path.write_text(f"#!/bin/bash\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _python(tree: Path, name: str, version: str, *, fits: bool, venv: bool = True) -> Path:
    """Put a Python of a version there, as far as setup asks one; its `pip` reaches no index."""
    pip = "mkdir -p .venv/bin; printf '#!/bin/bash\\nexit 1\\n' >.venv/bin/pip; chmod +x .venv/bin/pip"
    return _program(
        tree,
        name,
        f"""case "$*" in
          *print*) echo {version} ;;
          *version_info*) exit {0 if fits else 1} ;;
          *ensurepip*) exit {0 if venv else 1} ;;
          *--version*) echo Python {version} ;;
          "-m venv "*) {pip} ;;
        esac""",
    )


@pytest.fixture
def equipped(tree: Path) -> Path:
    """A machine that has all but Python, and a folder that anybody may write to."""
    for name in ("ffmpeg", "ffprobe"):
        _program(tree, name, "exit 0")
    _program(tree, "fc-list", "echo Noto Sans CJK SC")
    for tool in ("mkdir", "chmod"):
        (tree / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    tree.chmod(0o777)
    return tree


def _told(refused: subprocess.CompletedProcess[str]) -> str:
    """Return what was said, which is a line of Chinese and below it the same in English."""
    first, *_, last = refused.stderr.splitlines()
    assert re.match(r"setup: .*[\u4e00-\u9fff]", first), refused.stderr
    assert re.fullmatch(r"setup: [\x20-\x7e]+", last), refused.stderr
    assert refused.returncode == 1
    return refused.stderr


def test_on_a_machine_with_another_python_it_is_told_which_is_needed_and_how_to_name_it(equipped):
    _python(equipped, "python3", "3.13", fits=False)
    told = _told(_setup(equipped, str(equipped / "bin")))
    assert "需要 Python 3.11，本机的 python3 是 3.13。" in told
    assert "make setup PYTHON=/完整路径/python3.11" in told
    assert "make setup PYTHON=/whole/path/python3.11" in told
    assert "apt-get" not in told


def test_a_python_that_is_named_is_taken_or_told_to_be_another(equipped):
    _python(equipped, "python3", "3.13", fits=False)
    other = _python(equipped, "python3.12", "3.12", fits=False)
    told = _told(_setup(equipped, str(equipped / "bin"), PYTHON=str(other)))
    assert f"PYTHON 写的是 {other}（版本 3.12），需要的是 Python 3.11。" in told
    told = _told(_setup(equipped, str(equipped / "bin"), PYTHON="/nowhere/python3.11"))
    assert "PYTHON 写的是 /nowhere/python3.11，需要的是 Python 3.11。" in told
    named = _python(equipped, "own-python", "3.11", fits=True)
    begun = _setup(equipped, str(equipped / "bin"), PYTHON=str(named))
    assert "用 Python 3.11 建立 .venv" in begun.stdout


def test_a_python_without_venv_and_pip_asks_for_their_package(equipped):
    _python(equipped, "python3", "3.11", fits=True, venv=False)
    told = _told(_setup(equipped, str(equipped / "bin")))
    assert "缺少以下Debian软件包，当前用户不能安装。请以root运行：apt-get install python3-venv" in told


def test_without_a_network_it_is_told_what_to_look_at(equipped):
    _python(equipped, "python3", "3.11", fits=True)
    told = _told(_setup(equipped, str(equipped / "bin")))
    assert "没有装成 requirements.lock 所列的包。请检查网络" in told
    assert "pip config set global.index-url" in told
    assert not (equipped / ".venv" / "setup-make_environment").exists()


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
