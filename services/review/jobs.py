"""Long work: settling a round's end, tallying it, and letting ballots into the record at fixed times."""

from __future__ import annotations

import time
from datetime import datetime

from services.kernel import faults
from services.kernel.errors import Transient
from services.kernel.jobs import JobContext, Jobs, Outcome
from services.review.actions import closing
from services.review.actions.rounds import BATCH_JOB

JOBS = Jobs()
LOOK_EVERY_S = 0.02


@JOBS.kind(closing.SETTLE_JOB)
def settle(context: JobContext) -> Outcome:
    """Wait until the end has come and no write stamped before it is unanswered (design §5), then close."""
    round_id, number = context.payload["round_id"], context.payload["closing"]
    faults.hit("closing.before-settled")
    _wait_for_answers(context, _wait_for_end(context, round_id))
    return lambda transaction: closing.settle(transaction, round_id, number)


def _wait_for_end(context: JobContext, round_id: str) -> datetime:
    """Return a system instant at which the end had come. `Transient` while it has not: the job is looked at again."""
    come: datetime | None = context.service.database.call(lambda transaction: closing.has_come(transaction, round_id))
    if come is None:
        raise Transient("the end of the round has not come")
    return come


def _wait_for_answers(context: JobContext, come: datetime) -> None:
    while not context.service.stamps.is_settled(come):
        context.check()
        time.sleep(LOOK_EVERY_S)


@JOBS.kind(closing.TALLY_JOB)
def tally(context: JobContext) -> Outcome:
    """Compute the tally outside the writer, and write it if the round has not changed meanwhile."""
    round_id, number = context.payload["round_id"], context.payload["tally"]
    faults.hit("closing.before-tally")
    counted = context.service.database.look(lambda connection: closing.count(connection, round_id))
    return lambda transaction: closing.keep_tally(transaction, round_id, number, counted)


@JOBS.kind(BATCH_JOB)
def enter_batch(context: JobContext) -> Outcome:
    """Let ballots enter the record at a fixed time."""
    round_id, number = context.payload["round_id"], context.payload.get("batch", 1)
    return lambda transaction: closing.enter_batch(transaction, round_id, number)
