"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.service import Definition

MEDIA = Definition(
    name="media",
    prefixes=("assets", "bytes"),
    handlers=Handlers("media"),
    jobs=Jobs(),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
)
