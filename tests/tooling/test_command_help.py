"""What `laurel` says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from typer.main import get_command

from services.__main__ import app


def _helps() -> Iterator[tuple[str, str]]:
    waiting = [("laurel", get_command(app))]
    while waiting:
        name, command = waiting.pop()
        yield name, command.help or ""
        waiting.extend((f"{name} {each}", below) for each, below in getattr(command, "commands", {}).items())


@pytest.mark.parametrize(("command", "words"), [pytest.param(*each, id=each[0]) for each in _helps()])
def test_every_command_says_what_it_does_in_chinese_and_beside_it_in_english(command: str, words: str) -> None:
    first_line = words.splitlines()[0]
    assert re.match(r"[\u4e00-\u9fff]", first_line), command
    assert re.search(r"。[A-Z][a-z]+ [^\u4e00-\u9fff]*\.$", first_line), command
