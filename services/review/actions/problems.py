"""Refusals of the domain, as answers a person can act on."""

from __future__ import annotations

from collections.abc import Iterator
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
    Undecided,
)

_KINDS: dict[type[ReviewFault], tuple[type[Conflict | Unprocessable], str, str]] = {
    BallotFault: (Unprocessable, "scores-refused", "The scores do not fit the rubric."),
    DecisionFault: (Unprocessable, "decision-refused", "The decision does not fit the tie."),
    Shortage: (Conflict, "experts-lacking", "Some works lack experts without a conflict."),
    RubricFixed: (Conflict, "rubric-fixed", "The rubric cannot change after the first ballot."),
    Outstanding: (Conflict, "ballots-outstanding", "Ballots are still outstanding."),
    Undecided: (Conflict, "tie-undecided", "A tie waits for a decision."),
    NotNow: (Conflict, "not-now", "The round is not in a state for this."),
}


@contextmanager
def refusing() -> Iterator[None]:
    """Turn what the domain refuses into a `Conflict` or `Unprocessable` with every sentence."""
    try:
        yield
    except ReviewFault as fault:
        problem, kind, detail = _KINDS[type(fault)]
        raise problem(str(fault), detail, kind=kind, sentences=list(fault.sentences)) from fault


def require_campaign(who: Principal, campaign_id: str) -> None:
    """NotFound when the account is bound to another campaign."""
    if who.campaign_id not in {None, campaign_id}:
        raise NotFound
