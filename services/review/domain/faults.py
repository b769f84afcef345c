"""Why the review refuses something: each fault is one or more whole Chinese sentences for the person who asked."""

from __future__ import annotations

from collections.abc import Iterable


class ReviewFault(ValueError):
    """The request cannot be granted; `sentences` say what was found, what is asked and what to do next."""

    def __init__(self, sentences: str | Iterable[str]) -> None:
        self.sentences = (sentences,) if isinstance(sentences, str) else tuple(sentences)
        super().__init__("".join(self.sentences))


class RubricFixed(ReviewFault):
    """The 评审细则 was asked to change after the first ballot."""


class Shortage(ReviewFault):
    """A work has fewer experts without a conflict than the 评审细则 asks for."""


class BallotFault(ReviewFault):
    """Scores that the 评审细则 does not allow, or a criterion without one."""


class NotNow(ReviewFault):
    """The round is in a state in which this cannot be done."""


class Outstanding(NotNow):
    """The round cannot close while ballots are missing."""


class DecisionFault(ReviewFault):
    """A decision on a tie that does not fit the tie."""


class Undecided(ReviewFault):
    """The selection waits for a person's decision on a tie."""
