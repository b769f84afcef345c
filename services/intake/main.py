"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from services.intake.actions import closing, uploads
from services.intake.actions.files import WorksOfUnits
from services.intake.api import campaigns, clock, late, lists, people, receipts, sessions, works
from services.intake.api.uploads import router as uploads_router
from services.intake.handlers import HANDLERS
from services.intake.jobs import JOBS
from services.kernel.service import Context, Definition

WORKS = WorksOfUnits()


def start(context: Context) -> None:
    """Take up what the last process left: uploads that were whole, expired or nobody's."""
    uploads.recover(context, WORKS)


def observe(connection: Connection) -> None:
    """Set intake's gauges."""
    uploads.observe(connection)
    closing.observe(connection)


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
        sessions.router,
        people.router,
        campaigns.router,
        clock.router,
        works.router,
        uploads_router(WORKS),
        lists.router,
        late.router,
        receipts.router,
    ),
    migrations=Path(__file__).parent / "migrations",
    observers=(observe,),
    start=start,
    job_threads=lambda _settings: 2,  # one may wait for a window to settle
)
