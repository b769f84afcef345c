"""what media knows, measures and judges."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("campaign_hash", sa.String(), nullable=False, comment="the campaign under which it was sent"),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("region_code", sa.String(), nullable=False),
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("object_key", sa.String(), nullable=False),
        sa.Column("completed_at", services.kernel.columns.Instant(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id"),
        comment="Every whole file of a work.",
    )
    op.create_index("asset_campaign", "asset", ["campaign_id", "retired"], unique=False)
    op.create_index("asset_region", "asset", ["region_code", "retired"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("campaign_hash", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_hash"),
        comment="Each version of a campaign that was ever in force.",
    )
    op.create_index("campaign_id_version", "campaign", ["campaign_id", "version"], unique=False)
    op.create_table(
        "judgement",
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("campaign_hash", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("remedies", sa.Text(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=True),
        sa.Column("judged_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("asset_id", "campaign_hash"),
        comment="The verdict on a file under one campaign.",
    )
    op.create_table(
        "measurement",
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("measured", sa.Text(), nullable=False, comment="JSON of the domain's Film, Photo or Refused"),
        sa.PrimaryKeyConstraint("asset_id"),
        comment="What was measured of a file; another campaign judges it from here without decoding it again.",
    )
    op.create_table(
        "rendition",
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("preview_key", sa.String(), nullable=True),
        sa.Column("preview_type", sa.String(), nullable=True),
        sa.Column("poster_key", sa.String(), nullable=True),
        sa.Column("sheet_key", sa.String(), nullable=True),
        sa.Column("waveform_key", sa.String(), nullable=True),
        sa.Column("frames", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Text(), nullable=True, comment="why an early preview was taken back"),
        sa.PrimaryKeyConstraint("asset_id"),
        comment="What people look at, by object key.",
    )
    op.create_table(
        "unit",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("unit_type", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "unit_id"),
        comment="The type of each recommending unit, which decides what a film's cards must show.",
    )
    op.create_table(
        "work",
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("work_id"),
        comment="The track of each work, which decides whose slot a file lies in.",
    )


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
