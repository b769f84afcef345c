"""The tables of search."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, String, Table, Text

from services.kernel.columns import Instant

metadata = MetaData()

imports = Table(
    "list_import",
    metadata,
    Column("id", String, primary_key=True),
    Column("file_name", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("defaults", Text, nullable=False),
    Column("rows_read", Integer, nullable=False),
    Column("rows_taken", Integer, nullable=False),
    Column("report", Text, nullable=False, comment="What was read how, and every row not taken, as JSON."),
    Column("imported_by", String, nullable=False),
    Column("imported_at", Instant, nullable=False),
    Column("undone_by", String),
    Column("undone_at", Instant),
    Index("list_import_sha256", "sha256"),
    comment="Lists of earlier years that were imported; one that was undone keeps its row.",
)

winner = Table(
    "winner",
    metadata,
    Column("record", String, primary_key=True),
    Column("import_id", String),
    Column("result_id", String),
    Column("subject", String, nullable=False),
    Column("name", String, nullable=False),
    Column("organisation", String, nullable=False),
    Column("province", String, nullable=False),
    Column("city", String, nullable=False),
    Column("district", String, nullable=False),
    Column("region_code", String, nullable=False),
    Column("birth_year", Integer),
    Column("birth_month", Integer),
    Column("id_kid", String),
    Column("id_digest", String),
    Column("id_last4", String),
    Column("contents", Text, nullable=False, comment="SHA-256 in hex, separated by spaces."),
    Column("honour", String, nullable=False),
    Column("level", String),
    Column("year", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("external_id", String),
    Column("source", String, nullable=False),
    Index("winner_import", "import_id"),
    Index("winner_result", "result_id"),
    Index("winner_newest", "year", "record"),
    comment="The register of earlier winners: one row a title held.",
)

winner_key = Table(
    "winner_key",
    metadata,
    Column("key", BigInteger, nullable=False),
    Column("record", String, nullable=False),
    PrimaryKeyConstraint("key", "record"),
    Index("winner_key_record", "record"),
    sqlite_with_rowid=False,
    comment="The exact keys by which a record is found.",
)

decision = Table(
    "decision",
    metadata,
    Column("id", String, primary_key=True),
    Column("fields", String, nullable=False, comment="Hash of what the entry said."),
    Column("earlier", String, nullable=False, comment="Hash of what the record says."),
    Column("record", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("same", Boolean, nullable=False),
    Column("account_id", String, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Index("decision_fields", "fields", "decided_at"),
    comment="What persons decided of pairs; rows are only added, and the last of a pair counts.",
)

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("title", String, nullable=False),
    Column("tracks", Text, nullable=False, comment="Subject and rules on earlier winners of each track, as JSON."),
    Column("recommend", String, nullable=False, comment="The campaign's word for 推荐."),
    Column("host", String, nullable=False, comment="Whose office holds it; its name begins with its place."),
    comment="What search needs of each campaign in force.",
)

account = Table(
    "account",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("name", String, nullable=False),
    comment="Names of persons who may decide.",
)

story = Table(
    "story",
    metadata,
    Column("work_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("version", Integer, nullable=False, comment="Grows with every change of what the indexes hold."),
    Column("dirty", Boolean, nullable=False, comment="The indexes have not been told yet."),
    Column("known", Boolean, nullable=False, comment="Its head has arrived; a result or a film may come first."),
    Column("state", String, nullable=False, comment="draft, submitted, withdrawn"),
    Column("unit_id", String, nullable=False),
    Column("unit_name", String, nullable=False),
    Column("region_code", String, nullable=False),
    Column("track", String, nullable=False),
    Column("title", String, nullable=False),
    Column("organisation", String, nullable=False),
    Column("person", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("compared", Text, nullable=False, comment="The fields compared, as the event carried them."),
    Column("compared_hash", String, nullable=False),
    Column("saved_at", Instant),
    Column("consent", Boolean, nullable=False),
    Column("released", Boolean, nullable=False),
    Column("outcome", String, nullable=False, comment="What the published result says; empty before."),
    Column("year", Integer),
    Column("published_at", Instant),
    Column("preview", Text, nullable=False, comment="Keys and types of films, as JSON by asset."),
    Column("accepted", Text, comment="The files with which it was accepted, as JSON: only their films are shown."),
    Index("story_dirty", "dirty"),
    comment="Each work as the indexes show it: a projection of the events about it.",
)

check = Table(
    "answer_given",
    metadata,
    Column("work_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("phase", String, nullable=False),
    Column("compared_hash", String, nullable=False),
    Column("answer", String, nullable=False),
    Column("told", Text, nullable=False, comment="The event last emitted, as JSON."),
    comment="The last answer given for each work.",
)
