"""Campaign files of the repository, and what their edited copies are told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from services.campaigns.instants import parse_instant
from services.campaigns.loader import Fault, FaultyFileError, load_campaign

CAMPAIGNS = Path(__file__).parents[2] / "campaigns"
S0_FILE = CAMPAIGNS / "s0-shanghai-2024-stories.yaml"


def at(beijing: str) -> datetime:
    return parse_instant(beijing, bare_date=True)


def faults_of(text: str | bytes, bases: dict[str, bytes] | None = None) -> tuple[Fault, ...]:
    source = text.encode() if isinstance(text, str) else text
    with pytest.raises(FaultyFileError) as raised:
        load_campaign(source, "file.yaml", bases=(bases or {}).get)
    return raised.value.faults
