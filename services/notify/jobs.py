"""Handing messages to the mailer."""

from __future__ import annotations

from functools import partial

from services.kernel.jobs import JobContext, Jobs, Outcome
from services.notify import actions

JOBS = Jobs()


@JOBS.kind(actions.SEND, lease_s=60, attempts=8)
def send(context: JobContext) -> Outcome:
    """Hand every copy of one message over; ids are fixed, so that doing it again after a crash adds nothing to the spool."""
    message_id = context.payload["message_id"]
    ready = context.service.database.look(partial(actions.copies, message_id=message_id))
    for copy in ready:
        context.check()
        context.service.mailer.send(copy.mail)
    return partial(actions.keep_handed, message_id=message_id, handed=ready)
