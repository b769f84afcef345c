"""Brings a service's database to the schema of this release: the kernel's tables, then the service's own.

Each step is an Alembic revision that the previous release's code can still run on.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from services.kernel.ids import new_id

KERNEL = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, service: Path) -> None:
    """Run what is missing of the kernel's revisions and of those in the service's `migrations/` folder."""
    _run(engine, KERNEL / "versions", "kernel_version")
    _run(engine, service, "service_version")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO log (id, epoch) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM log)", (new_id(),))


def _run(engine: Engine, versions: Path, table: str) -> None:
    from alembic import command  # noqa: PLC0415 - only at start
    from alembic.config import Config  # noqa: PLC0415 - only at start

    config = Config()
    config.set_main_option("script_location", str(KERNEL))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.attributes.update(engine=engine, version_table=table)
    command.upgrade(config, "head")
