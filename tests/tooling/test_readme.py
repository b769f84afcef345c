"""Both READMEs say the same, of commands and options that there are; the first step after `laurel up` does what it says."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from started import ROOT, started

from scripts import interface_tables

ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh"])
BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)


def commands(text: str) -> list[list[str]]:
    """Return the programs, their commands and options, of every code block."""
    lines = [line.split(" #")[0] for block in BLOCK.findall(text) for line in block.replace("\\\n", "").splitlines()]
    return [
        [word for word in line.split() if re.fullmatch(r"[-./:=a-z0-9]*[a-z][-./:=a-z0-9]*", word, re.ASCII)] for line in lines
    ]


def table(text: str) -> list[str]:
    return re.findall(r"^\| (`laurel[^|]*) \|", text.replace("、", ", "), re.MULTILINE)


def test_they_are_twins():
    assert commands(ENGLISH) == commands(CHINESE)
    assert table(ENGLISH) == table(CHINESE)
    assert ENGLISH.count("\n## ") == CHINESE.count("\n## ")
    for said in ("LAUREL_HOME", "source .venv/bin/activate", "GET /receipts/keys", "PYTHON=/", "`--key`", "`--file`"):
        assert said in ENGLISH
        assert said in CHINESE


@BOTH
def test_in_code_blocks_the_command_is_written_so_that_it_is_found_and_takes_these_options(text: str):
    known = {" ".join(re.findall(r"^(?:[a-z]+ ?)+", line)[0].split()): line for line, _ in interface_tables.commands()}
    laurels = [words for words in commands(text) if words and words[0].endswith("laurel")]
    assert len(laurels) == 4
    for program, *rest in laurels:
        assert program == ".venv/bin/laurel"
        name = " ".join(["laurel", *[word for word in rest if re.fullmatch("[a-z]+", word)][:2]])
        line = known.get(name) or known[" ".join(name.split()[:2])]
        assert all(option in line for option in rest if option.startswith("--")), (rest, line)


@BOTH
def test_setup_comes_before_up(text: str):
    programs = [" ".join(words[:2]) for words in commands(text) if words]
    assert programs.index("make setup") < programs.index(".venv/bin/laurel up")


def test_every_command_that_there_is_stands_in_the_table():
    told = " ".join(table(ENGLISH))
    for line, _ in interface_tables.commands():
        words = re.findall("[a-z]+", line.split(" [")[0])[1:]
        assert words[0] in told, line


@BOTH
def test_the_step_after_up_opens_the_heads_account(text: str, tmp_path):
    (stated,) = re.findall(r"-d '(\{.*?\})'", text)
    body = json.loads(stated)
    assert list(body) == ["code", "name", "mobile", "email", "password"]
    with started(tmp_path / "home", "--rehearsal") as up:
        body |= {"code": up.said(), "name": "陆砚秋", "mobile": "13900000001"}
        body |= {"email": "lu@jiangzhou.example", "password": "correct horse battery"}
        opened = httpx.post(f"{up.address}/accounts", json=body, trust_env=False)
        keys = httpx.get(f"{up.address}/receipts/keys", trust_env=False)
    assert opened.is_success, opened.text
    assert opened.json()["token"]
    assert keys.json()["keys"]
