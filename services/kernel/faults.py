"""Points at which a test may kill the process; each is named here once, and armed only by `LAUREL_FAULT=name:kill[:n]`."""

from __future__ import annotations

import os
import signal

POINTS: dict[str, str] = {
    "writer.before-commit": "pieces have run, COMMIT has not been sent",
    "writer.after-commit": "COMMIT has returned, nobody has been answered",
    "delivery.after-handler": "a handler has returned inside its savepoint",
    "delivery.after-commit": "a delivery is durable, its worker does not know yet",
    "job.claimed": "a job is leased, its work has not begun",
    "job.stage-done": "a stage has ended, its result is not recorded",
    "job.stage-recorded": "a stage's result is recorded",
    "job.before-outcome": "the work is done, its outcome is not submitted",
    "job.after-outcome": "the outcome is durable, the worker does not know yet",
    "store.before-rename": "an object's bytes are durable under a temporary name",
    "store.after-rename": "an object has its name, its folder is not synced",
    "upload.after-write": "bytes were written, not synced",
    "upload.after-sync": "bytes are durable, their offset row is not",
    "upload.after-offset": "the offset row is durable, nobody has been answered",
    "upload.before-finish": "the last byte is durable, the object is not stored",
    "upload.after-store": "the object is stored, the upload's row and event are not",
    "submit.before-receipt": "a work is submitted in the open transaction, its receipt is not signed",
    "lock.before-receipt": "a list is locked in the open transaction, its receipt is not signed",
    "ballot.before-record": "a ballot's row is written in the open transaction, its commitment is not",
    "closing.before-settled": "a round's end is durable, its settling has not begun",
    "closing.before-tally": "a round is closed, its tally is not written",
}

_armed: dict[str, int] = {}


def arm(specification: str | None) -> None:
    """Arm points from `name:kill` or `name:kill:n` (the n-th time), separated by commas; ValueError for an unknown one."""
    _armed.clear()
    for part in filter(None, (specification or "").split(",")):
        name, _, action = part.partition(":")
        verb, _, count = action.partition(":")
        if name not in POINTS or verb != "kill":
            raise ValueError(f"LAUREL_FAULT: {part!r} is no fault point followed by :kill")
        _armed[name] = int(count or 1)


def hit(name: str) -> None:
    """Pass the point; when it is armed, end this process as a power cut would."""
    if _armed and name in _armed:
        _armed[name] -= 1
        if _armed[name] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
