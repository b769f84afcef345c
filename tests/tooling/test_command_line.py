"""A wrong call, and every help screen, speak Chinese; only names of commands, options and values are Latin."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from typer.main import get_command

from services.__main__ import app, main

ENGLISH = re.compile(
    r"\b(usage|error|options|arguments|commands|default|required|missing|invalid|input|value|such|show|exit|try|got|env var)\b",
    re.IGNORECASE,
)
BOOL = re.compile(r"<\w+(\[\w+\])?>")


def _commands() -> Iterator[list[str]]:
    waiting = [([], get_command(app))]
    while waiting:
        words, command = waiting.pop()
        yield words
        waiting.extend(([*words, name], below) for name, below in getattr(command, "commands", {}).items())


COMMANDS = [pytest.param(words, id=" ".join(words) or "laurel") for words in _commands()]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


@pytest.mark.parametrize("words", COMMANDS)
def test_the_help_of_every_command_has_chinese_titles(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, *words, "--help")
    assert code == 0
    assert f"用法：{' '.join(['laurel', *words])}" in re.sub(r"\s+", " ", out)
    assert "显示本说明" in out
    titles = re.findall(r"╭─ (.*?) ─", out)
    assert set(titles) <= {"参数", "选项", "命令"}
    assert "选项" in titles
    assert not re.search(r"Show this|\[required\]|\[default|env var|Usage", out)
    assert not BOOL.search(out)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_wrong_call_of_every_command_is_told_in_chinese(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, *words, "--no-such-option")
    assert code == 64
    first, usage, more = err.splitlines()
    assert first == "没有选项“--no-such-option”。"
    assert usage.startswith(f"用法：{' '.join(['laurel', *words])}")
    assert more == f"详细说明：{' '.join(['laurel', *words])} --help"


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("frob", "没有命令“frob”。"),
        ("doctr", "没有命令“doctr”，是否想写“doctor”。"),
        ("media chek", "没有命令“chek”，是否想写“check”。"),
        ("search", "缺少参数 QUERY（检索词；几个词之间用空格，须全部出现）。"),
        ("media check x.mp4 --slot video", "缺少选项 --campaign（活动文件（YAML）、其导出文件，或campaigns目录中的活动id）。"),
        ("winners import a b", "多写了“b”，本命令不需要。"),
        ("winners import a --year x", "选项 --year 写的是“x”，应为整数。"),
        ("search x --limit=0", "选项 --limit 写的是“0”，应不小于1。"),
        ("search x --limit 101", "选项 --limit 写的是“101”，应不大于100。"),
        ("search x --staf", "没有选项“--staf”，是否想写“--staff”。"),
        ("index rebuild songs", "参数 NAME 的值，应为stories-staff、stories-public之一。"),
        ("search x --json=3", "选项“--json”后面不写值。"),
        ("deadletters drop x --reason", "选项“--reason”后面应写一个值。"),
        ("deadletters retry", "请写出事件编号，或用 --all，二者选一。"),
        ("ledger verify x --head abc", "--head 应为64位十六进制数，写的是“abc”。"),
        ("campaign explain x --reading abc", "--reading 写的是“abc”，应写成“读法=选项”，如 one-g=binary。"),
        ("up --port 99999", "设置 port（环境变量 LAUREL_PORT或选项 --port）写的是“99999”，应不大于65535。"),
    ],
)
def test_a_wrong_call_says_what_was_given_and_what_is_expected(
    call: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, *call.split())
    assert (code, out, err.splitlines()[0]) == (64, "", sentence)
    assert not ENGLISH.search(re.sub(r"“[^”]*”|用法：.*", "", err)), err


@pytest.mark.parametrize("group", ["", "media", "winners", "events"])
def test_without_a_command_its_help_is_shown_and_the_call_is_wrong(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, *group.split())
    assert (code, err.strip()) == (64, "")
    assert "用法：" in out


def test_a_setting_in_the_environment_is_told_like_an_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAUREL_LOG_LEVEL", "loud")
    code, _, err = said(capsys, "doctor")
    told = "设置 log_level（环境变量 LAUREL_LOG_LEVEL）写的是“loud”，应为debug、info、warning、error之一。\n"
    assert (code, err) == (64, told)
