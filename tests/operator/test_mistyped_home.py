"""A mistyped `--home` is told, and stays as it was: only `up` and an import make one."""

from __future__ import annotations

from pathlib import Path

import pytest
from operator_home import Home

from services.kernel.settings import Settings
from services.runtime import Platform

CAMPAIGN = str(Path(__file__).parents[2] / "campaigns" / "jiangzhou-2025.yaml")
COMMANDS = (
    ("doctor",),
    ("deadletters", "list"),
    ("deadletters", "show", "x"),
    ("deadletters", "retry", "--all"),
    ("deadletters", "drop", "x", "--reason", "y"),
    ("events", "tail"),
    ("search", "夜校"),
    ("index", "rebuild"),
    ("winners", "undo", "x"),
    ("winners", "check", "list.csv", "--campaign", CAMPAIGN),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("place", ["srv/laurle", "empty", "file"])
def test_nothing_is_made_where_no_data_are(
    tmp_path: Path, words: tuple[str, ...], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text("姓名\n白鹤亭\n", encoding="utf-8")
    Path("empty").mkdir()
    Path("file").write_text("x", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    done = Home(tmp_path / place).laurel(*words)
    told = done.stdout + done.stderr
    assert done.returncode == (2 if words == ("doctor",) else 3), told
    assert f"{tmp_path / place} 中没有平台数据，没有新建任何内容。请用 --home 或环境变量 LAUREL_HOME 指明数据目录" in told
    assert sorted(tmp_path.rglob("*")) == before


def test_the_home_of_the_environment_is_meant_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from services.__main__ import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAUREL_HOME", str(tmp_path / "elsewhere"))
    for words in COMMANDS:
        if words[0] != "winners":
            with pytest.raises(SystemExit):
                main(list(words))
            told = capsys.readouterr()
            assert f"{tmp_path / 'elsewhere'} 中没有平台数据" in told.out + told.err, words
    assert list(tmp_path.iterdir()) == []


def test_a_new_home_is_open_to_its_owner_alone(tmp_path):
    platform = Platform(Settings(home=tmp_path / "new", port=0), definitions=())
    platform.start()
    platform.stop()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
