"""Long work and work at an instant: the ends of windows, second receipts."""

from __future__ import annotations

import time
from functools import partial

from services.intake.actions import closing, receipts
from services.kernel.jobs import JobContext, Jobs, Outcome
from services.kernel.ports import Transaction

JOBS = Jobs()
STEP_S = 0.02


@JOBS.kind(closing.CLOSE)
def close_stage(context: JobContext) -> Outcome:
    """Close a window at its end; what was left over is kept once every write from before the end is answered."""
    named = context.payload
    closed_at = context.service.database.call(partial(closing.close, **named)).result()
    if closed_at is None:
        return partial(closing.again, kind=closing.CLOSE, **named)
    while not context.service.stamps.is_settled(closed_at):
        context.check()
        time.sleep(STEP_S)
    return partial(closing.settle, **named)


@JOBS.kind(closing.UPLOADS_OVER)
def end_uploads(context: JobContext) -> Outcome:
    """At the end of the grace, files that did not arrive are missing items."""
    return partial(_end_uploads, **context.payload)


@JOBS.kind(receipts.COMPLETE_FILES)
def complete_files(context: JobContext) -> Outcome:
    """Issue second receipts once nothing is on its way any more."""
    return partial(receipts.complete, keys=context.service.keys, work_id=context.payload["work_id"])


def _end_uploads(transaction: Transaction, campaign_id: str, stage_id: str) -> None:
    if closing.too_early_for_uploads(transaction, campaign_id, stage_id):
        closing.again(transaction, closing.UPLOADS_OVER, campaign_id, stage_id)
    else:
        closing.end_uploads(transaction, campaign_id, stage_id)
