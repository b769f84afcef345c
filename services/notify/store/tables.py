"""notify's tables: what it knows of campaigns, people and works, its messages, and the record's heads."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text, UniqueConstraint

from services.kernel.columns import Instant

metadata = MetaData()

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("words", Text, nullable=False, comment="CampaignWords as JSON"),
    comment="What messages need of a campaign.",
)

unit = Table(
    "unit",
    metadata,
    Column("campaign_id", String, nullable=False),
    Column("unit_id", String, nullable=False),
    Column("name", String, nullable=False),
    PrimaryKeyConstraint("campaign_id", "unit_id"),
    comment="The recommending units of a campaign.",
)

account = Table(
    "account",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("unit_id", String),
    Column("campaign_id", String),
    Column("invitation_id", String),
    Column("address", String, comment="The mailbox (T2); no name is kept here."),
    Index("account_unit", "unit_id"),
    comment="Who can be written to.",
)

work = Table(
    "work",
    metadata,
    Column("work_id", String, primary_key=True),
    Column("unit_id", String, nullable=False),
    Column("unit_name", String, nullable=False),
    Column("title", String, nullable=False),
    Column("sequence", Integer, nullable=False, comment="That of the event it was taken from."),
    comment="Whose a work is and what it is called.",
)

message = Table(
    "message",
    metadata,
    Column("id", String, primary_key=True),
    Column("event_id", String, nullable=False),
    Column("recipient", String, nullable=False, comment="account/…, unit/… or invitation/…"),
    Column("template", String, nullable=False),
    Column("campaign_id", String),
    Column("by_hand", Boolean, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("subject_en", Text, nullable=False),
    Column("text_en", Text, nullable=False),
    Column("at", Instant, nullable=False, comment="Campaign time of the fact."),
    UniqueConstraint("event_id", "recipient"),
    Index("message_recipient", "recipient", "id"),
    Index("message_campaign", "campaign_id", "id"),
    comment="Messages as they are read on the platform; each once for an event and a recipient.",
)

sending = Table(
    "sending",
    metadata,
    Column("message_id", String, nullable=False),
    Column(
        "recipient", String, nullable=False, comment="account/…, or the message's own recipient when nobody has an account."
    ),
    Column("channel", String, nullable=False),
    Column("mail_id", String, nullable=False, unique=True),
    Column("handed_at", Instant, nullable=False),
    PrimaryKeyConstraint("message_id", "recipient", "channel"),
    comment="What was handed to the mailer: once for a message, a recipient and a channel.",
)

reading = Table(
    "reading",
    metadata,
    Column("message_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("read_at", Instant, nullable=False),
    PrimaryKeyConstraint("message_id", "account_id"),
    comment="Who has read which message.",
)

head = Table(
    "head",
    metadata,
    Column("event_id", String, primary_key=True),
    Column("round_id", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    Column("height", Integer, nullable=False),
    Column("head", String, nullable=False),
    Column("alg", String, nullable=False),
    Column("told_at", Instant, nullable=False),
    Index("head_round", "round_id", "height"),
    comment="The record's heads, each as it was told; never emptied, never changed: the witness.",
)

published = Table(
    "published",
    metadata,
    Column("round_id", String, primary_key=True),
    Column("result_id", String, nullable=False),
    comment="Rounds whose result is public: so are their heads.",
)
