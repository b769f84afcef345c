"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from services.intake.actions import uploads
from services.intake.actions.files import WorksOfUnits
from services.intake.api import campaigns, clock, lists, people, sessions, works
from services.intake.api.uploads import router as upload_routes
from services.intake.handlers import HANDLERS
from services.intake.jobs import JOBS
from services.kernel.service import Context, Definition

WORKS = WorksOfUnits()


def start(context: Context) -> None:
    """Take up what the last process left: uploads that were whole, expired or nobody's."""
    uploads.recover(context, WORKS)


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
        "office",
    ),
    handlers=HANDLERS,
    jobs=JOBS,
    routers=(
        campaigns.router,
        people.router,
        sessions.router,
        clock.router,
        works.router,
        lists.router,
        upload_routes(WORKS),
    ),
    migrations=Path(__file__).parent / "migrations",
    start=start,
)
