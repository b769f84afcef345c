"""What this service is made of."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, select

from services.kernel import metrics
from services.kernel.service import Definition
from services.review import store
from services.review.api import ROUTER
from services.review.domain.ballots import SeatState
from services.review.domain.rounds import VOTING
from services.review.handlers import HANDLERS
from services.review.jobs import JOBS


def observe(connection: Connection) -> None:
    """Set how many ballots are outstanding in each campaign."""
    there = (store.round_work.c.round_id == store.seat.c.round_id) & (store.round_work.c.work_id == store.seat.c.work_id)
    waiting = (store.seat.c.state == SeatState.ASSIGNED) & store.round_.c.state.in_(VOTING)
    query = (
        select(store.campaign.c.campaign_id, func.count(store.seat.c.seat_id).filter(waiting))
        .outerjoin(store.round_, store.round_.c.campaign_id == store.campaign.c.campaign_id)
        .outerjoin(store.seat, store.seat.c.round_id == store.round_.c.round_id)
        .outerjoin(store.round_work, there)
        .where(store.round_work.c.gone.is_not(True))
        .group_by(store.campaign.c.campaign_id)
    )
    for campaign_id, outstanding in connection.execute(query):
        metrics.REVIEWS_OUTSTANDING.labels(campaign_id).set(outstanding)


REVIEW = Definition(
    name="review",
    prefixes=("rounds", "ballots", "results", "experts"),
    handlers=HANDLERS,
    jobs=JOBS,
    routers=(ROUTER,),
    migrations=Path(__file__).parent / "migrations",
    observers=(observe,),
)
