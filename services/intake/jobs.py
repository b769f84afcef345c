"""What takes until others are done: the ends of windows and of uploads, and second receipts."""

from __future__ import annotations

import time
from datetime import datetime

from services.intake.actions import closing, receipts, uploads
from services.kernel.jobs import JobContext, Jobs, Outcome
from services.kernel.ports import Transaction

LOOK_EVERY_S = 0.05

JOBS = Jobs()


@JOBS.kind(closing.CLOSE, attempts=1000)
def close_window(context: JobContext) -> Outcome:
    """Close a window, wait until no write from before its end is under way, then keep what was left over."""
    of = context.payload
    closed_at = context.service.database.call(lambda transaction: closing.close(transaction, **of))
    if closed_at is None:
        return lambda transaction: closing.again(transaction, closing.CLOSE, **of)
    _settled(context, closed_at)
    return lambda transaction: closing.settle(transaction, **of)


def _settled(context: JobContext, before: datetime) -> None:
    while not context.service.stamps.is_settled(before):
        context.check()
        time.sleep(LOOK_EVERY_S)


@JOBS.kind(closing.UPLOADS_OVER, attempts=1000)
def end_uploads(context: JobContext) -> Outcome:
    """The grace for uploads is over: what did not arrive is missing."""
    of = context.payload

    def outcome(transaction: Transaction) -> None:
        if not closing.end_uploads(transaction, **of):
            closing.again(transaction, closing.UPLOADS_OVER, **of)

    return outcome


@JOBS.kind(uploads.END_EXPIRED)
def end_expired_uploads(context: JobContext) -> Outcome:
    """End the uploads whose time is over; one that is still written to is looked at again in the next hour."""
    if uploads.end_expired(context.service):
        return lambda _transaction: None
    return lambda transaction: uploads.have_ended(transaction, transaction.now)


@JOBS.kind(receipts.COMPLETE_FILES)
def complete_receipts(context: JobContext) -> Outcome:
    """Issue the second receipt of a work, and of its list, when the last file has arrived."""
    keys, work_id = context.service.keys, context.payload["work_id"]
    return lambda transaction: receipts.complete(transaction, keys, work_id)
