"""The review's tables, and the queries that more than one action asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    exists,
    func,
    select,
)

from services.kernel.columns import Instant
from services.kernel.tables import revocation
from services.review.domain.ballots import SeatState
from services.review.domain.rounds import VOTING

metadata = MetaData()

campaign = Table(
    "campaign",
    metadata,
    Column("campaign_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("campaign_hash", String, nullable=False),
    Column("title", String, nullable=False),
    Column("host", String, nullable=False),
    Column("rehearsal", Boolean, nullable=False),
    Column("normalised", Text, nullable=False),
    comment="The newest version of each campaign, from intake.",
)

expert = Table(
    "expert",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("campaign_id", String),
    Column("unit_id", String, comment="the employer, whose works are never theirs to judge"),
    Column("name", String, nullable=False, comment="T2"),
    comment="Experts, from intake's accounts.",
)

work = Table(
    "work",
    metadata,
    Column("work_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("accepted", Boolean, nullable=False, comment="false once it was withdrawn or rejected"),
    Column("head", Text, nullable=False, comment="title, track, unit and fields as work.accepted tells them"),
    Column("assets", Text, nullable=False),
    Column("personal", Text, nullable=False, comment="T2: story and what the register compares"),
    Index("work_campaign", "campaign_id"),
    comment="Works that passed the formal check, from intake.",
)

rendition = Table(
    "rendition",
    metadata,
    Column("asset_id", String, primary_key=True),
    Column("work_id", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("preview_key", String),
    Column("preview_type", String),
    Column("poster_key", String),
    Column("sheet_key", String),
    Column("waveform_key", String),
    Index("rendition_work", "work_id"),
    comment="What experts look at, from media.",
)

round_ = Table(
    "round",
    metadata,
    Column("round_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("round_key", String, nullable=False, comment="the round's id in the campaign's file"),
    Column("label", String, nullable=False),
    Column("state", String, nullable=False),
    Column("alg", String, nullable=False),
    Column("seed", LargeBinary, nullable=False),
    Column("rubric", Text),
    Column("rubric_hash", String),
    Column("draws", Integer, nullable=False),
    Column("batches", Integer, nullable=False),
    Column("closings", Integer, nullable=False, comment="how often closing was asked for"),
    Column("tallies", Integer, nullable=False, comment="how often a tally was asked for"),
    Column("closes_at", Instant, comment="campaign time"),
    Column("note", Text, nullable=False, comment="why the last closing did not take place"),
    Column("height", Integer, nullable=False, comment="entries in the record"),
    Column("record_head", String, nullable=False),
    Column("revision", Integer, nullable=False, comment="acts of the organiser; a ballot never shows here"),
    UniqueConstraint("campaign_id", "round_key"),
    comment="Rounds of review.",
)

panel = Table(
    "panel",
    metadata,
    Column("round_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    PrimaryKeyConstraint("round_id", "number"),
    comment="The openings of the commitments to the panel: 0 at the opening, one more for each extension.",
)

panelist = Table(
    "panelist",
    metadata,
    Column("round_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("units", Text, nullable=False),
    PrimaryKeyConstraint("round_id", "account_id"),
    comment="The experts of a round and the units whose works they may not read.",
)

round_work = Table(
    "round_work",
    metadata,
    Column("round_id", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("title", String, nullable=False),
    Column("units", Text, nullable=False),
    Column("gone", Boolean, nullable=False, comment="withdrawn, rejected or disqualified since"),
    PrimaryKeyConstraint("round_id", "work_id"),
    comment="The works of a round.",
)

seat = Table(
    "seat",
    metadata,
    Column("seat_id", String, primary_key=True, comment="random: no order, no time"),
    Column("round_id", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("account_id", String, nullable=False),
    Column("pseudonym", String, nullable=False),
    Column("nonce", LargeBinary, nullable=False, comment="opens the second commitment"),
    Column("state", String, nullable=False),
    Column("draft", Text, nullable=False),
    Column("standing", String, comment="the commitment of the ballot that counts"),
    Column("reason", Text, comment="T2: why the expert recused, for the organiser's clerk alone"),
    Column("recused_at", Instant, comment="campaign time"),
    Column("revision", Integer, nullable=False),
    UniqueConstraint("round_id", "work_id", "account_id"),
    Index("seat_account", "account_id"),
    comment="One expert's reading of one work.",
)

ballot = Table(
    "ballot",
    metadata,
    Column("commitment", String, primary_key=True),
    Column("round_id", String, nullable=False),
    Column("seat_id", String, nullable=False),
    Column("scores", Text, nullable=False),
    Column("replaces", String),
    Column("nonce", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False, comment="campaign time"),
    Column("stamped_at", Instant, nullable=False, comment="system time of the same instant"),
    Column("late", Boolean, nullable=False),
    Column("batch", Integer, comment="none until it has entered the record; late ballots never do"),
    Index("ballot_round", "round_id", "batch"),
    Index("ballot_seat", "seat_id"),
    comment="Ballots: a change is a new row that names the one it replaces.",
)

record_entry = Table(
    "record_entry",
    metadata,
    Column("round_id", String, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("alg", String, nullable=False),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("payload", Text, nullable=False),
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
    PrimaryKeyConstraint("round_id", "seq"),
    UniqueConstraint("round_id", "prev"),
    comment="The record, append-only: each entry names the hash of the one before.",
)

tie = Table(
    "tie",
    metadata,
    Column("round_id", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_by", String, nullable=False),
    PrimaryKeyConstraint("round_id", "outcome"),
    comment="People's decisions on ties.",
)

tally_row = Table(
    "tally_row",
    metadata,
    Column("round_id", String, nullable=False),
    Column("work_id", String, nullable=False),
    Column("place", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("total", String, nullable=False, comment="an exact fraction"),
    Column("mean", String, nullable=False, comment="an exact fraction"),
    Column("outcome", String, comment="set when the head confirms the result"),
    PrimaryKeyConstraint("round_id", "work_id"),
    comment="The tally.",
)

result = Table(
    "result",
    metadata,
    Column("result_id", String, primary_key=True),
    Column("round_id", String, nullable=False, unique=True),
    Column("campaign_id", String, nullable=False),
    Column("published_at", Instant, nullable=False, comment="campaign time"),
    Column("document", Text, nullable=False, comment="T0: what everybody may read"),
    Index("result_campaign", "campaign_id"),
    comment="Published results.",
)

Found = Row[Any] | None


def find_round(connection: Connection, round_id: str, *, lock: bool = False) -> Found:
    """Return a round's row; with `lock` nobody else changes it or its record until this transaction ends."""
    query = select(round_).where(round_.c.round_id == round_id)
    return connection.execute(query.with_for_update() if lock else query).one_or_none()


def find_seat(connection: Connection, seat_id: str, account_id: str) -> Found:
    """Return the seat if it is this expert's."""
    mine = and_(seat.c.seat_id == seat_id, seat.c.account_id == account_id)
    return connection.execute(select(seat).where(mine)).one_or_none()


def open_seats(connection: Connection, round_id: str) -> list[Row[Any]]:
    """Return the seats that must bring a ballot: not recused, their work still there."""
    query = (
        select(seat, round_work.c.title)
        .join(round_work, and_(round_work.c.round_id == seat.c.round_id, round_work.c.work_id == seat.c.work_id))
        .where(seat.c.round_id == round_id, seat.c.state != SeatState.RECUSED, round_work.c.gone.is_(False))
        .order_by(seat.c.work_id, seat.c.pseudonym)
    )
    return list(connection.execute(query))


def round_works(connection: Connection, round_id: str) -> list[Row[Any]]:
    """Return the works of a round that are still there, by id."""
    query = select(round_work).where(round_work.c.round_id == round_id, round_work.c.gone.is_(False))
    return list(connection.execute(query.order_by(round_work.c.work_id)))


def left_seats(connection: Connection, round_id: str) -> list[Row[Any]]:
    """Return the seats that wait for a ballot of somebody whose account has ended."""
    waiting = [mine for mine in open_seats(connection, round_id) if mine.state == SeatState.ASSIGNED]
    ended = ended_panelists(connection, round_id)
    return [mine for mine in waiting if mine.account_id in ended]


def ended_panelists(connection: Connection, round_id: str) -> frozenset[str]:
    """Return the experts of a round whose accounts have ended."""
    query = select(panelist.c.account_id).where(panelist.c.round_id == round_id, _has_ended(panelist.c.account_id))
    return frozenset(connection.execute(query).scalars())


def ended_accounts(connection: Connection, account_ids: Collection[str]) -> frozenset[str]:
    """Return those of these experts whose accounts have ended."""
    query = select(expert.c.account_id).where(expert.c.account_id.in_(account_ids), _has_ended(expert.c.account_id))
    return frozenset(connection.execute(query).scalars())


def waiting_rounds(connection: Connection, account_id: str) -> list[str]:
    """Return the rounds still under way in which a ballot of this expert is open, by id."""
    query = (
        select(seat.c.round_id)
        .distinct()
        .join(round_, round_.c.round_id == seat.c.round_id)
        .where(seat.c.account_id == account_id, seat.c.state == SeatState.ASSIGNED, round_.c.state.in_(VOTING))
    )
    return list(connection.execute(query.order_by(seat.c.round_id)).scalars())


def _has_ended(account_id: ColumnElement[str]) -> ColumnElement[bool]:
    return exists().where(revocation.c.subject == "account/" + account_id)


def living_experts(connection: Connection, campaign_id: str) -> list[Row[Any]]:
    """Return the experts of a campaign whose accounts have not ended, by id."""
    query = select(expert).where(
        (expert.c.campaign_id == campaign_id) | expert.c.campaign_id.is_(None), ~_has_ended(expert.c.account_id)
    )
    return list(connection.execute(query.order_by(expert.c.account_id)))


def count_ballots(connection: Connection, round_id: str) -> int:
    """Return how many ballots came in time."""
    query = select(func.count()).where(ballot.c.round_id == round_id, ballot.c.late.is_(False))
    return connection.execute(query).scalar_one()


def tally_rows(connection: Connection, round_id: str) -> list[Row[Any]]:
    """Return the tally by place, each row with its work's title."""
    titled = and_(round_work.c.round_id == tally_row.c.round_id, round_work.c.work_id == tally_row.c.work_id)
    query = select(tally_row, round_work.c.title).join(round_work, titled).where(tally_row.c.round_id == round_id)
    return list(connection.execute(query.order_by(tally_row.c.place)))
