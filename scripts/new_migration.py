"""Write a migration from what a service's tables say and its migrations do not say yet.

Usage: python scripts/new_migration.py kernel|intake|media|review|notify|search "what it brings"
"""

from __future__ import annotations

import importlib
import re
import sys
import tempfile
from pathlib import Path

from alembic.autogenerate import api
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from sqlalchemy import MetaData

from services.kernel import schema
from services.kernel.adapters.sqlite_database import connect_engine

ROOT = Path(__file__).parent.parent / "services"
TEMPLATE = '''"""{message}."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "{revision}"
down_revision = {down}


def upgrade() -> None:
    {body}


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
'''


def main(name: str, message: str) -> None:
    """Compare, render, write."""
    kernel = name == "kernel"
    folder = schema.KERNEL / "versions" if kernel else ROOT / name / "migrations"
    folder.mkdir(exist_ok=True)
    metadata: MetaData = importlib.import_module("services.kernel.tables" if kernel else f"services.{name}.store").metadata
    present = sorted(path.stem for path in folder.glob("[0-9]*.py"))
    number = f"{len(present) + 1:04d}"
    with tempfile.TemporaryDirectory() as scratch:
        engine = connect_engine(Path(scratch) / "file")
        schema.upgrade(engine, folder)
        with engine.connect() as connection:
            options = {"target_metadata": metadata, "include_object": lambda thing, *_: mine(thing, metadata)}
            context = MigrationContext.configure(connection, opts=options)
            script: MigrationScript = api.produce_migrations(context, metadata)
            body = api.render_python_code(script.upgrade_ops, migration_context=context, sqlalchemy_module_prefix="sa.")
    slug = re.sub(r"\W+", "_", message.lower()).strip("_")
    down = repr(present[-1].split("_", 1)[0]) if present else "None"
    path = folder / f"{number}_{slug}.py"
    path.write_text(
        TEMPLATE.format(message=message, revision=number, down=down, body=re.sub(r" *# ### .*\n?", "", body).strip()),
        encoding="utf-8",
    )
    sys.stdout.write(f"{path}\n")


def mine(thing: object, metadata: MetaData) -> bool:
    """Leave the tables of others alone."""
    table = getattr(thing, "table", thing)
    return getattr(table, "name", None) in metadata.tables


if __name__ == "__main__":
    main(*sys.argv[1:])
