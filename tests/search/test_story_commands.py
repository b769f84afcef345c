"""`laurel search` and `laurel index rebuild`, on files alone and beside a platform that runs: the same answers."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

from services.__main__ import main
from services.kernel.contracts.events import Compared
from tests.search.conftest import World, campaign, consent, earlier_campaign, release, result, submitted

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(open_world: Callable[..., World], tmp_path: Path) -> Path:
    world = open_world()
    world.emit("intake", earlier_campaign(), campaign("jiangzhou-2025"))
    for work, title in (("w1", "灯下三代人"), ("w2", "江上夜校")):
        world.emit("intake", submitted(work, title, story="夜校的灯亮了。"))
    world.emit("review", result(("w1", "灯下三代人", Compared())))
    world.emit("intake", consent("w1"), release("w1"))
    world.settle()
    world.platform.stop()
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def running(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(home)])
        return int(ended.value.code or 0), capsys.readouterr().out

    return running


@contextmanager
def platform_on(home: Path) -> Iterator[None]:
    words = [sys.executable, "-m", "services", "up", "--home", str(home), "--port", "0"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        assert any(re.search(r"http://\S+", line) for line in process.stdout)
        yield
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(20)


def ids(answered: tuple[int, str]) -> list[str]:
    return sorted(hit["work_id"] for hit in json.loads(answered[1])["hits"])


def test_a_search_finds_the_same_on_files_and_beside_a_platform(run: Run, home: Path) -> None:
    questions = [("灯亮", "--json"), ("灯亮", "--staff", "--json"), ("无此词", "--json"), ("夜校",)]
    alone = [run("search", *words) for words in questions]
    assert [code for code, _ in alone] == [0, 0, 1, 0]
    assert (ids(alone[0]), ids(alone[1])) == (["w1"], ["w1", "w2"])
    assert alone[3][1].startswith("共1件，显示1件。\n《灯下三代人》")
    with platform_on(home):
        assert [run("search", *words) for words in questions] == alone


def test_an_index_is_rebuilt_from_the_rows(run: Run, home: Path) -> None:
    for file in (home / "index").glob("stories-*"):
        file.unlink()
    assert run("search", "灯亮", "--staff", "--json")[0] == 1, "the indexes are lost"
    assert json.loads(run("index", "rebuild", "stories-staff", "--json")[1]) == {"job": None, "works": 2}
    assert ids(run("search", "灯亮", "--staff", "--json")) == ["w1", "w2"]
    assert run("search", "灯亮", "--json")[0] == 1, "the other one stays as it was"
    with platform_on(home):
        told = json.loads(run("index", "rebuild", "--json")[1])
        assert told["job"]
        until(lambda: ids(run("search", "灯亮", "--json")) == ["w1"])
    assert run("index", "rebuild")[1] == "已重建索引，共2件作品。\n"


def test_what_is_no_index_is_a_wrong_call(run: Run) -> None:
    assert run("index", "rebuild", "winners")[0] == 64
    assert run("search", "灯亮", "--limit", "0")[0] == 64
