"""Messages, whom they reach, and the witnessed heads."""

import sqlalchemy as sa
from alembic import op

import services.kernel.columns

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=True),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("invitation_id", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True, comment="The mailbox (T2); no name is kept here."),
        sa.PrimaryKeyConstraint("account_id"),
        comment="Who can be written to.",
    )
    op.create_index("account_unit", "account", ["unit_id"], unique=False)
    op.create_table(
        "campaign",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False, comment="CampaignWords as JSON"),
        sa.PrimaryKeyConstraint("campaign_id"),
        comment="What messages need of a campaign.",
    )
    op.create_table(
        "head",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("alg", sa.String(), nullable=False),
        sa.Column("told_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        comment="The record's heads, each as it was told; never emptied, never changed: the witness.",
    )
    op.create_index("head_round", "head", ["round_id", "height"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False, comment="account/…, unit/… or invitation/…"),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject_en", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("at", services.kernel.columns.Instant(), nullable=False, comment="Campaign time of the fact."),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("event_id", "recipient"),
        comment="Messages as they are read on the platform; each once for an event and a recipient.",
    )
    op.create_index("message_campaign", "message", ["campaign_id", "id"], unique=False)
    op.create_index("message_recipient", "message", ["recipient", "id"], unique=False)
    op.create_table(
        "published",
        sa.Column("round_id", sa.String(), nullable=False),
        sa.Column("result_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("round_id"),
        comment="Rounds whose result is public: so are their heads.",
    )
    op.create_table(
        "reading",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("read_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "account_id"),
        comment="Who has read which message.",
    )
    op.create_table(
        "sending",
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column(
            "recipient",
            sa.String(),
            nullable=False,
            comment="account/…, or the message's own recipient when nobody has an account.",
        ),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=False),
        sa.Column("handed_at", services.kernel.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "recipient", "channel"),
        sa.UniqueConstraint("mail_id"),
        comment="What was handed to the mailer: once for a message, a recipient and a channel.",
    )
    op.create_table(
        "unit",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "unit_id"),
        comment="The recommending units of a campaign.",
    )
    op.create_table(
        "work",
        sa.Column("work_id", sa.String(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("unit_name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="That of the event it was taken from."),
        sa.PrimaryKeyConstraint("work_id"),
        comment="Whose a work is and what it is called.",
    )


def downgrade() -> None:
    """A release's tables stay: the previous release's code runs on them."""
