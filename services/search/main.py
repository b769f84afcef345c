"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.service import Definition

SEARCH = Definition(
    name="search",
    prefixes=("stories", "winners", "exclusions"),
    handlers=Handlers("search"),
    jobs=Jobs(),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
)
