"""Campaign files as fixtures, edited copies of them, and the commands run as the main program runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from campaign_files import CAMPAIGNS, S0_FILE

from services.campaigns.commands import app
from services.campaigns.files import read_campaign
from services.campaigns.models import Campaign


@pytest.fixture(scope="session")
def s0() -> Campaign:
    return read_campaign(S0_FILE)


@pytest.fixture(scope="session")
def s2() -> Campaign:
    return read_campaign(CAMPAIGNS / "test-s2-photos.yaml")


@pytest.fixture(scope="session")
def s0_text() -> str:
    return S0_FILE.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@pytest.fixture
def laurel(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """`laurel campaign …` with usage errors as 64, as the main program maps them."""
    command = typer.main.get_command(app)

    def run(*arguments: str | Path) -> Answer:
        try:
            code = command.main([str(each) for each in arguments], prog_name="laurel campaign", standalone_mode=False)
        except typer.exceptions.TyperException as usage:
            shown = capsys.readouterr()
            return Answer(64, shown.out, shown.err + str(usage))
        captured = capsys.readouterr()
        return Answer(int(code or 0), captured.out, captured.err)

    return run
