"""The kernel's tables."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("offset_us", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="One row: how this service turns system time into campaign time.",
    )
    op.create_table(
        "deferred",
        sa.Column("arrival", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("waits_for", sa.String(), nullable=True),
        sa.Column("due", services.kernel.columns.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="waiting or dead"),
        sa.Column("arrived_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("arrival"),
        sa.UniqueConstraint("consumer", "event_id"),
        comment="Events that wait or are dead; while a key has a row here its later events queue behind it.",
        sqlite_autoincrement=True,
    )
    op.create_index("deferred_key", "deferred", ["consumer", "key", "arrival"], unique=False)
    op.create_index("deferred_waits", "deferred", ["waits_for"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("account", "route", "key"),
        comment="Successful answers by account, route and Idempotency-Key, written with their effect.",
    )
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id"),
        comment="What has been taken: one row an event, so that a second delivery has no second effect.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="queued, running, done or failed"),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("due", services.kernel.columns.Instant(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="how often it was claimed"),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False, comment="how often its work failed"),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("lease_until", services.kernel.columns.Instant(), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("finished_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "key"),
        comment="Long work: claimed under a lease, heartbeaten, finished with its outcome in one transaction.",
    )
    op.create_index("job_claim", "job", ["state", "due"], unique=False)
    op.create_table(
        "job_stage",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "stage"),
        comment="Stages of a job that are finished and are not repeated.",
    )
    op.create_table(
        "log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="One row: which life of this log the events belong to; renewed by a restore.",
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("time", services.kernel.columns.Instant(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("logepoch", sa.String(), nullable=False),
        sa.Column("piitier", sa.Integer(), nullable=False),
        sa.Column("campaignid", sa.String(), nullable=True),
        sa.Column("regioncode", sa.String(), nullable=True),
        sa.Column("traceparent", sa.String(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("personal", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id"),
        comment="The service's events, each written with the rows it speaks of; on SQLite this table is its part of the log.",
        sqlite_autoincrement=True,
    )
    op.create_index("outbox_subject", "outbox", ["subject"], unique=False)
    op.create_index(
        "outbox_unpublished",
        "outbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("published_at IS NULL"),
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_table(
        "position",
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("logepoch", sa.String(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column(
            "singly", sa.Integer(), nullable=False, comment="How many more deliveries go singly after an unclean release."
        ),
        sa.Column(
            "trying", sa.String(), nullable=True, comment="The event id being delivered singly, written before the attempt."
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often `trying` was begun and not finished."),
        sa.PrimaryKeyConstraint("consumer", "partition"),
        comment="Where a consumer is in each partition, and whether it left it cleanly.",
    )
    op.create_table(
        "revocation",
        sa.Column("subject", sa.String(), nullable=False, comment="session/… or account/…"),
        sa.Column("ended_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
        comment="Sessions and accounts that have ended.",
    )
    op.create_table(
        "sequence",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "visibility"),
        comment="The last sequence number of each subject and visibility.",
    )
    op.execute("INSERT INTO clock (id, revision, offset_us) VALUES (1, 0, 0)")


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
