"""intake."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=True),
        sa.Column(
            "campaign_id", sa.String(), nullable=True, comment="Set for an expert who was invited for one campaign alone."
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("mobile", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("invitation_id", sa.String(), nullable=False),
        sa.Column("opened_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("ended_at", services.kernel.columns.Instant(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mobile"),
        comment="One person in one role.",
    )
    op.create_index("account_email", "account", ["email"], unique=False)
    op.create_index("account_unit", "account", ["unit_id", "role"], unique=False)
    op.create_table(
        "act",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", services.kernel.columns.Instant(), nullable=False, comment="System time."),
        sa.Column("campaign_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="操作日志: rows are only ever added.",
    )
    op.create_index("act_subject", "act", ["subject", "id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="draft, waiting or published"),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False, comment="The campaign file as it came."),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("extends", sa.Text(), nullable=True, comment="The file that it copies, as it was then."),
        sa.Column("units_source", sa.Text(), nullable=True),
        sa.Column("units_file_name", sa.String(), nullable=True),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False, comment="JSON; the units file as it was read, null before it came"),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="0 before it is published"),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=True),
        sa.Column("requested_at", services.kernel.columns.Instant(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("published_at", services.kernel.columns.Instant(), nullable=True, comment="Campaign time."),
        sa.Column("one_person", sa.Boolean(), nullable=False, comment="Whether one person requested and confirmed."),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Campaigns.",
    )
    op.create_table(
        "campaign_version",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("published_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "version"),
        comment="Each version that is or was in force.",
    )
    op.create_table(
        "clock_confirmation",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", "service"),
        comment="Services that said they keep a revision of the campaign clock.",
    )
    op.create_table(
        "failed_login",
        sa.Column(
            "login_hash", sa.String(), nullable=False, comment="SHA-256 of what was typed, whether an account has it or not."
        ),
        sa.Column("device_id", sa.String(), nullable=False, comment="The device that has signed in before, empty for others."),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("login_hash", "device_id"),
        comment="Wrong passwords in a row; a known device is not held up by what strangers try.",
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=True),
        sa.Column("unit_name", sa.String(), nullable=False),
        sa.Column("has_mobile", sa.Boolean(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column(
            "kid",
            sa.String(),
            nullable=True,
            comment="The key by which the code is made again for printing; null where it cannot be.",
        ),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("issued_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("used_by", sa.String(), nullable=True),
        sa.Column("used_at", services.kernel.columns.Instant(), nullable=True),
        sa.Column("void_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code_hash"),
        comment="Printed letters, each with a code for one role that works once; of the code the hash is kept.",
    )
    op.create_index("invitation_campaign", "invitation", ["campaign_id", "unit_id"], unique=False)
    op.create_table(
        "late",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=True),
        sa.Column("list_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False, comment="submission, lock or unlisted"),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=True, comment="A signed stamp, where one was given."),
        sa.Column("received_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column("kept_at", services.kernel.columns.Instant(), nullable=False, comment="System time."),
        sa.PrimaryKeyConstraint("id"),
        comment="逾期材料: kept outside the quota until the organiser decides.",
    )
    op.create_index("late_unit", "late", ["campaign_id", "unit_id"], unique=False)
    op.create_index("late_work", "late", ["work_id"], unique=False)
    op.create_table(
        "liaison_report",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("received_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "unit_id", "account_id"),
        comment="Who was reported as liaison, and when.",
    )
    op.create_table(
        "office",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("one_person", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=True),
        sa.Column("changed_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="One row: whether one person may do what otherwise takes two; each such act says so.",
    )
    op.create_table(
        "place",
        sa.Column("list_id", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "track"),
        comment="The row that whoever takes or gives back a place changes: two cannot take the last one.",
    )
    op.create_table(
        "reading",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("reading_id", sa.String(), nullable=False),
        sa.Column("option", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("confirmed_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "reading_id"),
        comment="Readings that a person confirmed, with the option that stands.",
    )
    op.create_table(
        "receipt",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=True),
        sa.Column("list_id", sa.String(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("follows", sa.String(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False, comment="The signed receipt, a compact JWS."),
        sa.Column("received_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.PrimaryKeyConstraint("number"),
        comment="Receipts.",
    )
    op.create_index("receipt_list", "receipt", ["list_id"], unique=False)
    op.create_index("receipt_work", "receipt", ["work_id"], unique=False)
    op.create_table(
        "receipt_counter",
        sa.Column("series", sa.String(), nullable=False, comment="Prefix and year."),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series"),
        comment="The last number given in each series.",
    )
    op.create_table(
        "reset",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("issued_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("expires_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("used_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash"),
        comment="One-time codes for forgotten passwords.",
    )
    op.create_table(
        "returned_item",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False, comment="A field or a slot."),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "term", services.kernel.columns.Instant(), nullable=True, comment="Campaign time; null when the organiser decides."
        ),
        sa.Column(
            "returned_by", sa.String(), nullable=True, comment="Null for the platform: a fault that was found after the lock."
        ),
        sa.Column("returned_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column("mended_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="What goes back to the unit, item by item.",
    )
    op.create_index("returned_item_work", "returned_item", ["work_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("begun_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("ended_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Sessions as they began; one that was not renewed in time has no end here.",
    )
    op.create_index("session_account", "session", ["account_id"], unique=False)
    op.create_table(
        "statement",
        sa.Column("list_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.Column("filed_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.PrimaryKeyConstraint("list_id", "key"),
        comment="特殊情况说明.",
    )
    op.create_table(
        "tick",
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("ticked_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "finding"),
        comment="Questions that a person answered by looking.",
    )
    op.create_table(
        "unit_list",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=True),
        sa.Column("requested_at", services.kernel.columns.Instant(), nullable=True, comment="Campaign time."),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column(
            "locked_at",
            services.kernel.columns.Instant(),
            nullable=True,
            comment="Campaign time of the stamp of the head's confirmation.",
        ),
        sa.Column("check_code", sa.String(), nullable=True),
        sa.Column("receipt_number", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Recommendation lists.",
    )
    op.create_index("unit_list_unit", "unit_list", ["campaign_id", "unit_id"], unique=True)
    op.create_table(
        "upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="The file's name, fit to be shown."),
        sa.Column("media_type", sa.String(), nullable=False, comment="What the client calls it; nobody believes it."),
        sa.Column("client_metadata", sa.Text(), nullable=False, comment="Upload-Metadata as it came; HEAD gives it back."),
        sa.Column("length_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset_bytes", sa.BigInteger(), nullable=False, comment="How much is durable; never more than that."),
        sa.Column("client_sha256", sa.String(), nullable=True, comment="The client's own hash of the whole file."),
        sa.Column("sha256", sa.String(), nullable=True, comment="Written with the last offset."),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column(
            "begun_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time of the creation's stamp."
        ),
        sa.Column(
            "ended_at",
            services.kernel.columns.Instant(),
            nullable=True,
            comment="Campaign time at which the last byte was durable.",
        ),
        sa.Column("moved_at", services.kernel.columns.Instant(), nullable=False, comment="System time of the last offset."),
        sa.Column("expires_at", services.kernel.columns.Instant(), nullable=False, comment="System time."),
        sa.Column("object_key", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        comment="Uploads.",
    )
    op.create_index("upload_state", "upload", ["state", "expires_at"], unique=False)
    op.create_index("upload_work", "upload", ["work_id", "slot"], unique=False)
    op.create_table(
        "window",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("stage_id", sa.String(), nullable=False),
        sa.Column("closes_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column(
            "closed_at",
            services.kernel.columns.Instant(),
            nullable=True,
            comment="System time; once written the window stays closed.",
        ),
        sa.Column(
            "settled_at",
            services.kernel.columns.Instant(),
            nullable=True,
            comment="System time from which no earlier write can be under way.",
        ),
        sa.Column(
            "uploads_closed_at",
            services.kernel.columns.Instant(),
            nullable=True,
            comment="System time at which uploads begun in time were over, too.",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "stage_id"),
        comment="Closings are facts: a clock set back reopens nothing.",
    )
    op.create_table(
        "work",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("campaign_version", sa.Integer(), nullable=False, comment="The version that judged it last."),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column(
            "content",
            sa.Text(),
            nullable=False,
            comment="JSON: field id to value; of an ID number only hash, kid and last four.",
        ),
        sa.Column("compared_hash", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="Counts people's changes only."),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time of the first save."),
        sa.Column("saved_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time of the last change."),
        sa.Column("entered_late", sa.Boolean(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False, comment="特殊情况说明 for what was entered late."),
        sa.Column("submitted_at", services.kernel.columns.Instant(), nullable=True, comment="Campaign time of receipt."),
        sa.Column("receipt_number", sa.String(), nullable=True),
        sa.Column("list_id", sa.String(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True, comment="Its place on the list, from 1."),
        sa.Column("hint", sa.Text(), nullable=True, comment="JSON: the register's answer on the present fields."),
        sa.Column("consent", sa.Text(), nullable=True, comment="JSON: the last recorded consent."),
        sa.Column("release", sa.Text(), nullable=True, comment="JSON: the last decision on publication."),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why it was rejected."),
        sa.PrimaryKeyConstraint("id"),
        comment="Works.",
    )
    op.create_index(
        "work_list",
        "work",
        ["list_id", "row"],
        unique=False,
        sqlite_where=sa.text("list_id IS NOT NULL"),
        postgresql_where=sa.text("list_id IS NOT NULL"),
    )
    op.create_index("work_unit", "work", ["campaign_id", "unit_id", "id"], unique=False)
    op.create_table(
        "work_file",
        sa.Column("id", sa.String(), nullable=False, comment="The id of its upload, which is the asset's id."),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("begun_at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time."),
        sa.Column(
            "arrived_at",
            services.kernel.columns.Instant(),
            nullable=False,
            comment="Campaign time at which the last byte was durable.",
        ),
        sa.Column(
            "late", sa.Boolean(), nullable=False, comment="Ended beyond the grace, or came when nothing was asked any more."
        ),
        sa.Column("check_state", sa.String(), nullable=False),
        sa.Column("campaign_hash", sa.String(), nullable=True, comment="The campaign that the verdict names."),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True, comment="JSON: findings, summary, remedies, frames."),
        sa.Column("rendition", sa.Text(), nullable=True, comment="JSON: keys of what people look at."),
        sa.Column("retired_at", services.kernel.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        comment="Files that are whole; one that was replaced is retired.",
    )
    op.create_index("work_file_work", "work_file", ["work_id"], unique=False)


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
