"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.service import Definition

REVIEW = Definition(
    name="review",
    prefixes=("rounds", "ballots", "results", "experts"),
    handlers=Handlers("review"),
    jobs=Jobs(),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
)
