"""What notify is made of."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from services.kernel.clocks import SystemClock
from services.kernel.metrics import HEAD_AGE
from services.kernel.service import Definition
from services.notify.api import MESSAGES, RECORD
from services.notify.handlers import HANDLERS
from services.notify.jobs import JOBS
from services.notify.store.witness import last_head_told_at


def observe(connection: Connection) -> None:
    """Set the age of the last witnessed head."""
    told_at = last_head_told_at(connection)
    HEAD_AGE.set(0 if told_at is None else (SystemClock().now() - told_at).total_seconds())


NOTIFY = Definition(
    name="notify",
    prefixes=("messages", "record"),
    handlers=HANDLERS,
    jobs=JOBS,
    routers=(MESSAGES, RECORD),
    migrations=Path(__file__).parent / "migrations",
    observers=(observe,),
)
