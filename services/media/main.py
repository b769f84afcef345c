"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection

from services.kernel.instants import to_us
from services.kernel.metrics import MEDIA_QUEUE_AGE
from services.kernel.service import Context, Definition
from services.media import store
from services.media.actions import JUDGE
from services.media.api import router
from services.media.handlers import HANDLERS
from services.media.jobs import JOBS
from services.media.tools.workspace import sweep


def _observe(rows: Connection) -> None:
    import time  # noqa: PLC0415 a gauge of age is the one place that needs the wall clock

    oldest = store.oldest_waiting(rows, JUDGE)
    MEDIA_QUEUE_AGE.set(0 if oldest is None else max(0.0, time.time() - to_us(oldest) / 1e6))


def _start(context: Context) -> None:
    """Remove what a killed process left in the scratch folder."""
    sweep(context.folder)


MEDIA = Definition(
    name="media",
    prefixes=("assets", "bytes"),
    handlers=HANDLERS,
    jobs=JOBS,
    routers=(router,),
    migrations=Path(__file__).parent / "migrations",
    observers=(_observe,),
    start=_start,
    job_threads=lambda settings: settings.media_processes,
)
