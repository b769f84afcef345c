"""Rounds, seats, ballots and the record."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "ballot",
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("seat_id", sa.String(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", services.kernel.columns.Instant(), nullable=False, comment="campaign time"),
        sa.Column("stamped_at", services.kernel.columns.Instant(), nullable=False, comment="system time of the same instant"),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True, comment="none until it has entered the record; late ballots never do"),
        sa.PrimaryKeyConstraint("commitment"),
        comment="Ballots: a change is a new row that names the one it replaces.",
    )
    op.create_index("ballot_round", "ballot", ["round_id", "batch"], unique=False)
    op.create_index("ballot_seat", "ballot", ["seat_id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("campaign_hash", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("normalised", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
        comment="The newest version of each campaign, from intake.",
    )
    op.create_table(
        "expert",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("unit_id", sa.String(), nullable=True, comment="the employer, whose works are never theirs to judge"),
        sa.Column("name", sa.String(), nullable=False, comment="T2"),
        sa.PrimaryKeyConstraint("account_id"),
        comment="Experts, from intake's accounts.",
    )
    op.create_table(
        "panel",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "number"),
        comment="The openings of the commitments to the panel: 0 at the opening, one more for each extension.",
    )
    op.create_table(
        "panelist",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "account_id"),
        comment="The experts of a round and the units whose works they may not read.",
    )
    op.create_table(
        "record_entry",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("alg", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "seq"),
        sa.UniqueConstraint("round_id", "prev"),
        comment="The record, append-only: each entry names the hash of the one before.",
    )
    op.create_table(
        "rendition",
        sa.Column("asset_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("preview_key", sa.String(), nullable=True),
        sa.Column("preview_type", sa.String(), nullable=True),
        sa.Column("poster_key", sa.String(), nullable=True),
        sa.Column("sheet_key", sa.String(), nullable=True),
        sa.Column("waveform_key", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("asset_id"),
        comment="What experts look at, from media.",
    )
    op.create_index("rendition_work", "rendition", ["work_id"], unique=False)
    op.create_table(
        "result",
        sa.Column("result_id", sa.String(), nullable=False),
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("published_at", services.kernel.columns.Instant(), nullable=False, comment="campaign time"),
        sa.Column("document", sa.Text(), nullable=False, comment="T0: what everybody may read"),
        sa.PrimaryKeyConstraint("result_id"),
        sa.UniqueConstraint("round_id"),
        comment="Published results.",
    )
    op.create_index("result_campaign", "result", ["campaign_id"], unique=False)
    op.create_table(
        "round",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("round_key", sa.String(), nullable=False, comment="the round's id in the campaign's file"),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("alg", sa.String(), nullable=False),
        sa.Column("seed", sa.LargeBinary(), nullable=False),
        sa.Column("rubric", sa.Text(), nullable=True),
        sa.Column("rubric_hash", sa.String(), nullable=True),
        sa.Column("draws", sa.Integer(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("closings", sa.Integer(), nullable=False, comment="how often closing was asked for"),
        sa.Column("tallies", sa.Integer(), nullable=False, comment="how often a tally was asked for"),
        sa.Column("closes_at", services.kernel.columns.Instant(), nullable=True, comment="campaign time"),
        sa.Column("note", sa.Text(), nullable=False, comment="why the last closing did not take place"),
        sa.Column("height", sa.Integer(), nullable=False, comment="entries in the record"),
        sa.Column("record_head", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, comment="acts of the organiser; a ballot never shows here"),
        sa.PrimaryKeyConstraint("round_id"),
        sa.UniqueConstraint("campaign_id", "round_key"),
        comment="Rounds of review.",
    )
    op.create_table(
        "round_work",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("units", sa.Text(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False, comment="withdrawn, rejected or disqualified since"),
        sa.PrimaryKeyConstraint("round_id", "work_id"),
        comment="The works of a round.",
    )
    op.create_table(
        "seat",
        sa.Column("seat_id", sa.String(), nullable=False, comment="random: no order, no time"),
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False, comment="opens the second commitment"),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("standing", sa.String(), nullable=True, comment="the commitment of the ballot that counts"),
        sa.Column("reason", sa.Text(), nullable=True, comment="T2: why the expert recused, for the organiser's clerk alone"),
        sa.Column("recused_at", services.kernel.columns.Instant(), nullable=True, comment="campaign time"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seat_id"),
        sa.UniqueConstraint("round_id", "work_id", "account_id"),
        comment="One expert's reading of one work.",
    )
    op.create_index("seat_account", "seat", ["account_id"], unique=False)
    op.create_table(
        "tally_row",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("total", sa.String(), nullable=False, comment="an exact fraction"),
        sa.Column("mean", sa.String(), nullable=False, comment="an exact fraction"),
        sa.Column("outcome", sa.String(), nullable=True, comment="set when the head confirms the result"),
        sa.PrimaryKeyConstraint("round_id", "work_id"),
        comment="The tally.",
    )
    op.create_table(
        "tie",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("round_id", "outcome"),
        comment="People's decisions on ties.",
    )
    op.create_table(
        "work",
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False, comment="false once it was withdrawn or rejected"),
        sa.Column("head", sa.Text(), nullable=False, comment="title, track, unit and fields as work.accepted tells them"),
        sa.Column("assets", sa.Text(), nullable=False),
        sa.Column("personal", sa.Text(), nullable=False, comment="T2: story and what the register compares"),
        sa.PrimaryKeyConstraint("work_id"),
        comment="Works that passed the formal check, from intake.",
    )
    op.create_index("work_campaign", "work", ["campaign_id"], unique=False)


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
