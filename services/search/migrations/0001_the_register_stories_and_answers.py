"""The register, stories and answers."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
        comment="Names of persons who may decide.",
    )
    op.create_table(
        "answer_given",
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("compared_hash", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False, comment="The event last emitted, as JSON."),
        sa.PrimaryKeyConstraint("work_id"),
        comment="The last answer given for each work.",
    )
    op.create_table(
        "campaign",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("tracks", sa.Text(), nullable=False, comment="Subject and rules on earlier winners of each track, as JSON."),
        sa.Column("recommend", sa.String(), nullable=False, comment="The campaign's word for 推荐."),
        sa.Column("host", sa.String(), nullable=False, comment="Whose office holds it; its name begins with its place."),
        sa.PrimaryKeyConstraint("campaign_id"),
        comment="What search needs of each campaign in force.",
    )
    op.create_table(
        "decision",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("fields", sa.String(), nullable=False, comment="Hash of what the entry said."),
        sa.Column("earlier", sa.String(), nullable=False, comment="Hash of what the record says."),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("same", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="What persons decided of pairs; rows are only added, and the last of a pair counts.",
    )
    op.create_index("decision_fields", "decision", ["fields", "decided_at"], unique=False)
    op.create_table(
        "list_import",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("defaults", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_taken", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False, comment="What was read how, and every row not taken, as JSON."),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.Column("imported_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("undone_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Lists of earlier years that were imported; one that was undone keeps its row.",
    )
    op.create_index("list_import_sha256", "list_import", ["sha256"], unique=False)
    op.create_table(
        "story",
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="Grows with every change of what the indexes hold."),
        sa.Column("dirty", sa.Boolean(), nullable=False, comment="The indexes have not been told yet."),
        sa.Column("known", sa.Boolean(), nullable=False, comment="Its head has arrived; a result or a film may come first."),
        sa.Column("state", sa.String(), nullable=False, comment="draft, submitted, withdrawn"),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("unit_name", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("compared", sa.Text(), nullable=False, comment="The fields compared, as the event carried them."),
        sa.Column("compared_hash", sa.String(), nullable=False),
        sa.Column("saved_at", services.kernel.columns.Instant(), nullable=True),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False, comment="What the published result says; empty before."),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("published_at", services.kernel.columns.Instant(), nullable=True),
        sa.Column("preview", sa.Text(), nullable=False, comment="Keys and types of the films to show, as JSON by asset."),
        sa.PrimaryKeyConstraint("work_id"),
        comment="Each work as the indexes show it: a projection of the events about it.",
    )
    op.create_index("story_dirty", "story", ["dirty"], unique=False)
    op.create_table(
        "winner",
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("import_id", sa.String(), nullable=True),
        sa.Column("result_id", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("district", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("birth_month", sa.Integer(), nullable=True),
        sa.Column("id_kid", sa.String(), nullable=True),
        sa.Column("id_digest", sa.String(), nullable=True),
        sa.Column("id_last4", sa.String(), nullable=True),
        sa.Column("contents", sa.Text(), nullable=False, comment="SHA-256 in hex, separated by spaces."),
        sa.Column("honour", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("record"),
        comment="The register of earlier winners: one row a title held.",
    )
    op.create_index("winner_import", "winner", ["import_id"], unique=False)
    op.create_index("winner_newest", "winner", ["year", "record"], unique=False)
    op.create_index("winner_result", "winner", ["result_id"], unique=False)
    op.create_table(
        "winner_key",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", "record"),
        comment="The exact keys by which a record is found.",
        sqlite_with_rowid=False,
    )
    op.create_index("winner_key_record", "winner_key", ["record"], unique=False)


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
