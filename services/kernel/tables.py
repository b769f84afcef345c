"""The tables every service keeps in its own database beside its own."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from services.kernel.columns import Instant

metadata = MetaData()
SERIAL = BigInteger().with_variant(Integer, "sqlite")

log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", String, nullable=False),
    comment="One row: which life of this log the events belong to; renewed by a restore.",
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("event_id", String, nullable=False, unique=True),
    Column("type", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("key", String, nullable=False),
    Column("time", Instant, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("logepoch", String, nullable=False),
    Column("piitier", Integer, nullable=False),
    Column("campaignid", String),
    Column("regioncode", String),
    Column("traceparent", String),
    Column("data", LargeBinary, nullable=False),
    Column("personal", LargeBinary),
    Column("published_at", Instant),
    Index("outbox_unpublished", "id", sqlite_where=text("published_at IS NULL"), postgresql_where=text("published_at IS NULL")),
    Index("outbox_subject", "subject"),
    sqlite_autoincrement=True,
    comment="The service's events, each written with the rows it speaks of; on SQLite this table is its part of the log.",
)

sequence = Table(
    "sequence",
    metadata,
    Column("subject", String, nullable=False),
    Column("visibility", String, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("subject", "visibility"),
    comment="The last sequence number of each subject and visibility.",
)

inbox = Table(
    "inbox",
    metadata,
    Column("consumer", String, nullable=False),
    Column("event_id", String, nullable=False),
    PrimaryKeyConstraint("consumer", "event_id"),
    sqlite_with_rowid=False,
    comment="What has been taken: one row an event, so that a second delivery has no second effect.",
)

position = Table(
    "position",
    metadata,
    Column("consumer", String, nullable=False),
    Column("partition", String, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("logepoch", String),
    Column("open", Boolean, nullable=False),
    Column("singly", Integer, nullable=False, comment="How many more deliveries go singly after an unclean release."),
    Column("trying", String, comment="The event id being delivered singly, written before the attempt."),
    Column("attempts", Integer, nullable=False, comment="How often `trying` was begun and not finished."),
    PrimaryKeyConstraint("consumer", "partition"),
    comment="Where a consumer is in each partition, and whether it left it cleanly.",
)

deferred = Table(
    "deferred",
    metadata,
    Column("arrival", SERIAL, primary_key=True),
    Column("consumer", String, nullable=False),
    Column("key", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    Column("type", String, nullable=False),
    Column("waits_for", String),
    Column("due", Instant),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", String, nullable=False, comment="waiting or dead"),
    Column("arrived_at", Instant, nullable=False),
    UniqueConstraint("consumer", "event_id"),
    Index("deferred_key", "consumer", "key", "arrival"),
    Index("deferred_waits", "waits_for"),
    sqlite_autoincrement=True,
    comment="Events that wait or are dead; while a key has a row here its later events queue behind it.",
)

job = Table(
    "job",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("key", String, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String, nullable=False, comment="queued, running, done or failed"),
    Column("priority", Integer, nullable=False),
    Column("due", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, comment="how often it was claimed"),
    Column("failures", Integer, nullable=False, server_default="0", comment="how often its work failed"),
    Column("token", String),
    Column("lease_until", Instant),
    Column("percent", Integer, nullable=False),
    Column("label", String, nullable=False),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    UniqueConstraint("kind", "key"),
    Index("job_claim", "state", "due"),
    comment="Long work: claimed under a lease, heartbeaten, finished with its outcome in one transaction.",
)

job_stage = Table(
    "job_stage",
    metadata,
    Column("job_id", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("result", Text, nullable=False),
    PrimaryKeyConstraint("job_id", "stage"),
    comment="Stages of a job that are finished and are not repeated.",
)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("offset_us", BigInteger, nullable=False),
    Column("stopped_at", Instant),
    comment="One row: how this service turns system time into campaign time.",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("account", String, nullable=False),
    Column("route", String, nullable=False),
    Column("key", String, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    PrimaryKeyConstraint("account", "route", "key"),
    comment="Successful answers by account, route and Idempotency-Key, written with their effect.",
)

revocation = Table(
    "revocation",
    metadata,
    Column("subject", String, primary_key=True, comment="session/… or account/…"),
    Column("ended_at", Instant, nullable=False),
    comment="Sessions and accounts that have ended.",
)
