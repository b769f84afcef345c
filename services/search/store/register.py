"""The register's rows: put in with their keys, found by them, taken out with their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, func, insert, or_, select

from services.campaigns.models.winners import Level
from services.search.domain.entries import Birth, EarlierRecord, Entry, IdDigest, Outcome, Place, Subject
from services.search.domain.keys import keys
from services.search.store.tables import winner, winner_key

_BATCH = 2_000


def add(
    connection: Connection,
    records: Iterable[EarlierRecord],
    *,
    import_id: str | None = None,
    result_id: str | None = None,
) -> None:
    """Put records in with the keys by which they are found."""
    for batch in _batches(records):
        rows = [_row(record) | {"import_id": import_id, "result_id": result_id} for record in batch]
        connection.execute(insert(winner), rows)
        found_by = [{"key": key, "record": record.record} for record in batch for key in keys(record.entry)]
        connection.execute(insert(winner_key), found_by)


def _batches(records: Iterable[EarlierRecord]) -> Iterator[list[EarlierRecord]]:
    rest = iter(records)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def remove(connection: Connection, *, import_id: str | None = None, result_id: str | None = None) -> int:
    """Take out what came from an import or a result; return how many records."""
    whose = winner.c.import_id == import_id if import_id else winner.c.result_id == result_id
    connection.execute(delete(winner_key).where(winner_key.c.record.in_(select(winner.c.record).where(whose))))
    return connection.execute(delete(winner).where(whose)).rowcount


def like(connection: Connection, entry: Entry) -> list[EarlierRecord]:
    """Return the records that share a key with an entry."""
    found = select(winner_key.c.record).where(winner_key.c.key.in_(keys(entry)))
    return [_record(row) for row in connection.execute(select(winner).where(winner.c.record.in_(found)))]


def imported_like(connection: Connection, entries: Iterable[Entry]) -> list[tuple[str, EarlierRecord]]:
    """Return the records of lists that share a key with any of the entries, each with its import."""
    wanted = {key for entry in entries for key in keys(entry)}
    found = select(winner_key.c.record).where(winner_key.c.key.in_(wanted))
    rows = connection.execute(select(winner).where(winner.c.record.in_(found), winner.c.import_id.is_not(None)))
    return [(row.import_id, _record(row)) for row in rows]


def get(connection: Connection, record: str) -> EarlierRecord | None:
    """Return one record."""
    row = connection.execute(select(winner).where(winner.c.record == record)).one_or_none()
    return _record(row) if row else None


@dataclass(frozen=True)
class Wanted:
    """Which records to show; empty asks for all. `text` is part of a name, an organisation or a title."""

    text: str = ""
    subject: Subject | None = None
    level: Level | None = None
    year: int | None = None


def listed(connection: Connection, wanted: Wanted, *, limit: int, offset: int) -> tuple[int, list[EarlierRecord]]:
    """Return the number of all records wanted, and a page of them, newest year first."""
    conditions = [
        column == value
        for column, value in (
            (winner.c.subject, wanted.subject),
            (winner.c.level, wanted.level),
            (winner.c.year, wanted.year),
        )
        if value is not None
    ]
    if wanted.text:
        columns = (winner.c.name, winner.c.organisation, winner.c.honour)
        conditions.append(or_(*(column.contains(wanted.text, autoescape=True) for column in columns)))
    total = connection.execute(select(func.count()).select_from(winner).where(*conditions)).scalar_one()
    newest = select(winner).where(*conditions).order_by(winner.c.year.desc(), winner.c.record.desc())
    return total, [_record(row) for row in connection.execute(newest.limit(limit).offset(offset))]


def _row(record: EarlierRecord) -> dict[str, Any]:
    entry = record.entry
    return {
        "record": record.record,
        "subject": entry.subject,
        "name": entry.name,
        "organisation": entry.organisation,
        "province": entry.place.province,
        "city": entry.place.city,
        "district": entry.place.district,
        "region_code": entry.place.code,
        "birth_year": entry.birth.year if entry.birth else None,
        "birth_month": entry.birth.month if entry.birth else None,
        "id_kid": entry.id_digest.kid if entry.id_digest else None,
        "id_digest": entry.id_digest.digest if entry.id_digest else None,
        "id_last4": entry.id_digest.last4 if entry.id_digest else None,
        "contents": " ".join(sorted(entry.contents)),
        "honour": record.honour,
        "level": record.level,
        "year": record.year,
        "outcome": record.outcome,
        "external_id": record.external_id,
        "source": record.source,
    }


def _record(row: Row[Any]) -> EarlierRecord:
    entry = Entry(
        subject=Subject(row.subject),
        name=row.name,
        organisation=row.organisation,
        place=Place(row.province, row.city, row.district, row.region_code),
        birth=Birth(row.birth_year, row.birth_month) if row.birth_year else None,
        id_digest=IdDigest(row.id_kid, row.id_digest, row.id_last4) if row.id_kid else None,
        contents=frozenset(row.contents.split()),
    )
    level = cast("Level | None", row.level)
    return EarlierRecord(row.record, entry, row.honour, row.year, level, Outcome(row.outcome), row.source, row.external_id)
