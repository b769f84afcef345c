"""Refusals of the domain, as answers a person can act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from services.kernel.auth import Principal
from services.kernel.errors import Conflict, NotFound, Unprocessable
from services.review.domain.faults import (
    BallotFault,
    DecisionFault,
    NotNow,
    Outstanding,
    ReviewFault,
    RubricFixed,
    Shortage,
    Strangers,
    Undecided,
)

_PROBLEMS: dict[type[ReviewFault], Callable[[str], Conflict | Unprocessable]] = {
    BallotFault: lambda said: Unprocessable(said, "The scores do not fit the rubric.", kind="scores-refused"),
    DecisionFault: lambda said: Unprocessable(said, "The decision does not fit the tie.", kind="decision-refused"),
    Strangers: lambda said: Unprocessable(said, "Every row must name an expert of this campaign.", kind="unknown-experts"),
    Shortage: lambda said: Conflict(said, "Some works lack experts without a conflict.", kind="experts-lacking"),
    RubricFixed: lambda said: Conflict(said, "The rubric cannot change after the first ballot.", kind="rubric-fixed"),
    Outstanding: lambda said: Conflict(said, "Ballots are still outstanding.", kind="ballots-outstanding"),
    Undecided: lambda said: Conflict(said, "A tie waits for a decision.", kind="tie-undecided"),
    NotNow: lambda said: Conflict(said, "The round is not in a state for this.", kind="not-now"),
}


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the domain refuses into a `Conflict` or `Unprocessable` with every sentence."""
    try:
        yield
    except ReviewFault as fault:
        problem = _PROBLEMS[type(fault)](str(fault))
        problem.extra["sentences"] = list(fault.sentences)
        if isinstance(fault, Strangers):
            problem.extra["errors"] = [_row(*row) for row in fault.rows]
        raise problem from fault


def require_campaign(who: Principal, campaign_id: str) -> None:
    """NotFound when the account is bound to another campaign."""
    if who.campaign_id not in {None, campaign_id}:
        raise NotFound


def _row(place: int, account: str, why: str) -> dict[str, object]:
    field, pointer = f"expert_ids.{place}", f"/expert_ids/{place}"
    return {"field": field, "pointer": pointer, "row": place + 1, "value": account, "message": f"第{place + 1}行{why}。"}
