"""Brings a service's database to the schema of this release: the kernel's tables, then the service's own.

Each step is an Alembic revision that the previous release's code can still run on.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from services.kernel.ids import new_id

KERNEL = Path(__file__).parent / "migrations"
KERNEL_TABLE = "kernel_version"
SERVICE_TABLE = "service_version"


def upgrade(engine: Engine, service: Path) -> None:
    """Run what is missing of the kernel's revisions and of those in the service's `migrations/` folder."""
    _run(engine, KERNEL / "versions", KERNEL_TABLE)
    _run(engine, service, SERVICE_TABLE)
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO log (id, epoch) SELECT 1, ? WHERE NOT EXISTS (SELECT 1 FROM log)", (new_id(),))


def current(connection: Connection) -> tuple[str | None, str | None]:
    """Return the last migrations that this database has seen: the kernel's and the service's."""
    return _seen(connection, KERNEL_TABLE), _seen(connection, SERVICE_TABLE)


def heads(service: Path) -> tuple[str | None, str | None]:
    """Return the last migrations that this release brings: the kernel's and the service's."""
    return _head(KERNEL / "versions"), _head(service)


def _seen(connection: Connection, table: str) -> str | None:
    if not inspect(connection).has_table(table):
        return None
    seen: str | None = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - one of our two names
    return seen


def _head(versions: Path) -> str | None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - only where an operator asks

    return ScriptDirectory(str(KERNEL), version_locations=[str(versions)]).get_current_head()


def _run(engine: Engine, versions: Path, table: str) -> None:
    from alembic import command  # noqa: PLC0415 - only at start
    from alembic.config import Config  # noqa: PLC0415 - only at start

    config = Config()
    config.set_main_option("script_location", str(KERNEL))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.attributes.update(engine=engine, version_table=table)
    command.upgrade(config, "head")
