"""Alembic's entry: one transaction a run, on the engine that `kernel.schema` hands over."""

from alembic import context
from sqlalchemy import Engine

engine: Engine = context.config.attributes["engine"]
with engine.connect() as connection:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN")
    context.configure(
        connection=connection,
        version_table=context.config.attributes["version_table"],
        transactional_ddl=False,
        transaction_per_migration=False,
    )
    try:
        context.run_migrations()
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
