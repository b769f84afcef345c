"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.service import Definition

NOTIFY = Definition(
    name="notify",
    prefixes=("messages", "record"),
    handlers=Handlers("notify"),
    jobs=Jobs(),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
)
