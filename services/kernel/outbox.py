"""Writing events: one row in the outbox, in the transaction whose rows it speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.kernel.contracts.envelope import MAX_BYTES, Envelope, Event
from services.kernel.errors import Rejected
from services.kernel.ids import new_id
from services.kernel.instants import from_us, to_us
from services.kernel.logs import current_traceparent
from services.kernel.ports import Transaction

_NEXT = (
    "INSERT INTO sequence (subject, visibility, last) VALUES (?, ?, 1) "
    "ON CONFLICT (subject, visibility) DO UPDATE SET last = sequence.last + 1 RETURNING last"
)
_APPEND = (
    "INSERT INTO outbox (event_id, type, topic, subject, key, time, sequence, logepoch, piitier, campaignid, regioncode, "
    "traceparent, data, personal) VALUES (?,?,?,?,?,?,?,(SELECT epoch FROM log),?,?,?,?,?,?)"
)
COLUMNS = (
    "id, event_id, type, topic, subject, key, time, sequence, logepoch, piitier, campaignid, regioncode, traceparent, "
    "data, personal"
)


def append(transaction: Transaction, event: Event, now: datetime) -> str:
    """Write the event and return its id. Raises `Rejected` when it is larger than 512 KiB."""
    serializer = event.__pydantic_serializer__
    data = serializer.to_json(event, exclude={"personal"})
    personal = _personal(event)
    if len(data) + len(personal or b"") > MAX_BYTES:
        raise Rejected(f"{event.TYPE} for {event.subject} is larger than {MAX_BYTES} bytes")
    event_id, subject = new_id(), event.subject
    (sequence,) = transaction.execute(_NEXT, (subject, event.TOPIC.visibility)).fetchone()
    campaign, region = event.__dict__.get("campaign_id"), event.__dict__.get("region_code")
    attributes = (event_id, event.TYPE, event.TOPIC.name, subject, event.key, to_us(now), sequence)
    tier = int(event.TIER if personal is not None else min(event.TIER, 1))
    transaction.execute(_APPEND, (*attributes, tier, campaign, region, current_traceparent(), data, personal))
    return event_id


def _personal(event: Event) -> bytes | None:
    if event.__dict__.get("personal") is None:
        return None
    return event.__pydantic_serializer__.to_json(event, include={"personal"})[len(b'{"personal":') : -1]


def envelope(source: str, row: Sequence[Any]) -> Envelope:
    """Build the envelope of one outbox row in the order of `COLUMNS`, the leading id left out."""
    event_id, type_, topic, subject, key, time, sequence, epoch, tier, campaign, region, trace, data, personal = row
    attributes = (event_id, f"laurel/{source}", type_, subject, key, topic, from_us(time), sequence, epoch, tier)
    return Envelope(*attributes, data, personal, campaign, region, trace)
