"""The end of a window: a fact, then settled, then what was left over becomes 逾期材料.

Each stage that takes something from units has two jobs: one at the window's end, one at the end of the grace for uploads. Both
are due in campaign time, so a change of a rehearsal's clock makes them due anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.campaigns.models import Campaign, Stage
from services.intake.actions import late, repairs
from services.intake.actions.rules import Rules, in_force
from services.intake.store import campaigns, lists, works
from services.kernel import metrics
from services.kernel.clocks import read_clock
from services.kernel.instants import to_us
from services.kernel.ports import Transaction
from services.kernel.tables import job as jobs

CLOSE = "stage.close"
UPLOADS_OVER = "stage.uploads-over"
NEVER = timedelta(days=365 * 50)
_DUE = "UPDATE job SET due = ? WHERE kind = ? AND key = ? AND state = 'queued'"


def schedule(transaction: Transaction, campaign: Campaign) -> None:
    """Open the windows of a campaign that is being published, and have their ends looked after."""
    for stage in _taking(campaign):
        campaigns.add_window(transaction.connection, campaign.id, stage.id, stage.closes)
        payload = {"campaign_id": campaign.id, "stage_id": stage.id}
        for kind, at in _ends(stage):
            transaction.enqueue(kind, _key(campaign.id, stage.id), payload, due=_due(transaction, at))


def reschedule(transaction: Transaction) -> None:
    """The campaign clock was changed: make what is still to come due when it comes by the new clock."""
    for row in campaigns.published(transaction.connection):
        for stage in _taking(in_force(transaction.connection, row.id).campaign):
            for kind, at in _ends(stage):
                due = to_us(_due(transaction, at))
                transaction.execute(_DUE, (due, kind, _key(row.id, stage.id)))
    transaction.wrote_jobs = True


def _taking(campaign: Campaign) -> Iterator[Stage]:
    return (stage for stage in campaign.stages if set(stage.governs) & {"enter", "submit", "list", "lock"})


def _ends(stage: Stage) -> list[tuple[str, datetime]]:
    ends = [(CLOSE, stage.closes)]
    return [*ends, (UPLOADS_OVER, stage.uploads_close)] if "lock" in stage.governs else ends


def _key(campaign_id: str, stage_id: str) -> str:
    return f"{campaign_id}/{stage_id}"


def _due(transaction: Transaction, at: datetime) -> datetime:
    """Return the system instant at which campaign time comes to `at`, far away while the clock stands before it."""
    now = transaction.campaign_time()
    if now >= at:
        return transaction.now
    return transaction.now + (NEVER if read_clock(transaction).stopped_at else at - now)


def close(transaction: Transaction, campaign_id: str, stage_id: str) -> datetime | None:
    """Write that a window has closed; return the system instant before which writes must be answered, None when too early."""
    stage = _stage(in_force(transaction.connection, campaign_id), stage_id)
    if transaction.campaign_time() < stage.closes:
        return None
    campaigns.mark_window(transaction.connection, campaign_id, stage_id, closed_at=transaction.now)
    return transaction.now


def settle(transaction: Transaction, campaign_id: str, stage_id: str) -> None:
    """No write from before the end is under way any more: keep what was left over as 逾期材料."""
    rules = in_force(transaction.connection, campaign_id)
    campaigns.mark_window(transaction.connection, campaign_id, stage_id, settled_at=transaction.now)
    stage = _stage(rules, stage_id)
    if "lock" not in stage.governs:
        return
    for work in works.left_over(transaction.connection, campaign_id):
        late.keep_left_over(transaction, rules, stage, work)


def end_uploads(transaction: Transaction, campaign_id: str, stage_id: str) -> bool:
    """The grace is over: a required file that did not arrive is a missing item of its work. False when too early."""
    rules = in_force(transaction.connection, campaign_id)
    if transaction.campaign_time() < _stage(rules, stage_id).uploads_close:
        return False
    campaigns.mark_window(transaction.connection, campaign_id, stage_id, uploads_closed_at=transaction.now)
    for work in works.locked(transaction.connection, campaign_id):
        repairs.return_missing_files(transaction, rules, work)
    return True


def again(transaction: Transaction, kind: str, campaign_id: str, stage_id: str) -> None:
    """A job that came too early, because the clock was changed meanwhile, is due anew."""
    stage = _stage(in_force(transaction.connection, campaign_id), stage_id)
    at = dict(_ends(stage))[kind]
    renewed = jobs.update().where(jobs.c.kind == kind, jobs.c.key == _key(campaign_id, stage_id))
    transaction.connection.execute(
        renewed.values(state="queued", due=_due(transaction, at), attempts=0, percent=0, finished_at=None)
    )
    transaction.wrote_jobs = True


def _stage(rules: Rules, stage_id: str) -> Stage:
    return next(stage for stage in rules.campaign.stages if stage.id == stage_id)


def observe(connection: Connection) -> None:
    """Set the gauges of deadlines and of places taken."""
    for row in campaigns.windows(connection):
        metrics.DEADLINE.labels(row.campaign_id, row.stage_id).set(row.closes_at.timestamp())
    for row in campaigns.published(connection):
        rules = in_force(connection, row.id)
        most = sum(
            quota.max for unit in rules.units.values() for quota in rules.campaign.quotas if quota.unit_type == unit.type
        )
        metrics.QUOTA_USED.labels(row.id).set(lists.taken(connection, row.id) / most if most else 0.0)
