"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.kernel.handlers import Handlers
from services.kernel.jobs import Jobs
from services.kernel.service import Definition

INTAKE = Definition(
    name="intake",
    prefixes=(
        "",
        "campaigns",
        "units",
        "invitations",
        "accounts",
        "session",
        "clock",
        "works",
        "uploads",
        "lists",
        "late",
        "receipts",
    ),
    handlers=Handlers("intake"),
    jobs=Jobs(),
    routers=(),
    migrations=Path(__file__).parent / "migrations",
)
