"""Which services keep which revision of a rehearsal's clock."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, PrimaryKeyConstraint, String, Table, select

from services.intake.store.base import metadata

clock_confirmation = Table(
    "clock_confirmation",
    metadata,
    Column("revision", Integer, nullable=False),
    Column("service", String, nullable=False),
    PrimaryKeyConstraint("revision", "service"),
    comment="Services that said they keep a revision of the campaign clock.",
)


def confirm(connection: Connection, revision: int, service: str) -> None:
    """Write that a service keeps it; saying so twice changes nothing."""
    if service not in confirmed(connection, revision):
        connection.execute(clock_confirmation.insert().values(revision=revision, service=service))


def confirmed(connection: Connection, revision: int) -> frozenset[str]:
    """Return the services that keep a revision."""
    query = select(clock_confirmation.c.service).where(clock_confirmation.c.revision == revision)
    return frozenset(connection.execute(query).scalars())
