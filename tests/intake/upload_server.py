"""A service that is nothing but uploads over a table of works: `python upload_server.py HOME` tells its address and serves."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import uvloop
from sqlalchemy import Column, String, Table, select

from services import runtime
from services.intake.actions import uploads
from services.intake.actions.uploads import Place
from services.intake.api.uploads import router
from services.intake.jobs import JOBS
from services.intake.store import metadata
from services.intake.store.uploads import Upload
from services.kernel.errors import NotFound, Unprocessable
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction
from services.kernel.service import Context, Definition
from services.kernel.settings import Settings

work = Table("work_of_test", metadata, Column("id", String, primary_key=True), Column("unit_id", String, nullable=False))
SLOTS = {"video", "photo"}
UNITS = {"w-1": "u-1", "w-2": "u-2"}


class TableWorks:
    """The smallest owner of works there can be."""

    def place_for(self, transaction: Transaction, work_id: str, slot: str, unit_id: str, _received: datetime) -> Place:
        """Look the work up."""
        owner = transaction.connection.execute(select(work.c.unit_id).where(work.c.id == work_id)).scalar_one_or_none()
        if owner != unit_id:
            raise NotFound
        if slot not in SLOTS:
            raise Unprocessable("没有这项材料。", "No such slot.")
        return self._place(unit_id)

    def file_arrived(self, _transaction: Transaction, upload: Upload) -> Place:
        """Nothing to attach it to."""
        return self._place(upload.unit_id)

    def _place(self, unit_id: str) -> Place:
        return Place(unit_id=unit_id, region_code="990101", campaign_id="c-1", campaign_version=1, campaign_hash="0" * 64)


WORKS = TableWorks()


def start(context: Context) -> None:
    """Make the tables, the works, and good what a crash left."""

    def tables(transaction: Transaction) -> None:
        metadata.create_all(transaction.connection)
        if transaction.connection.execute(select(work)).first() is None:
            transaction.connection.execute(work.insert(), [{"id": key, "unit_id": unit} for key, unit in UNITS.items()])

    context.database.call(tables)
    uploads.recover(context, WORKS)


DEFINITION = Definition(
    name="intake",
    prefixes=("", "uploads"),
    handlers=Handlers("intake"),
    jobs=JOBS,
    routers=(router(WORKS),),
    migrations=Path(__file__).parents[1] / "kernel" / "no_migrations",
    start=start,
)


def _announce(_platform: runtime.Platform, address: str) -> None:
    sys.stdout.write(f"{address}\n")
    sys.stdout.flush()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM."""
    platform = runtime.Platform(settings, definitions=(DEFINITION,))
    platform.start()
    try:
        uvloop.run(runtime._serve(platform, _announce))
    finally:
        platform.stop()


if __name__ == "__main__":
    serve(Settings(home=Path(sys.argv[1]), port=int(sys.argv[2]) if len(sys.argv) > 2 else 0, argon2_memory_kib=8192))
