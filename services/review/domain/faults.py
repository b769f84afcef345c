"""Why the review refuses something: each fault is one or more whole Chinese sentences for the person who asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST_TOLD, MOST_SHOWN = 10, 40


class ReviewFault(ValueError):
    """The request cannot be granted; `sentences` say what was found, what is asked and what to do next."""

    def __init__(self, sentences: str | Iterable[str]) -> None:
        self.sentences = (sentences,) if isinstance(sentences, str) else tuple(sentences)
        super().__init__("".join(self.sentences))


class RubricFixed(ReviewFault):
    """The 评审细则 was asked to change after the first ballot."""


class Shortage(ReviewFault):
    """A work has fewer experts without a conflict than the 评审细则 asks for."""


class Strangers(ReviewFault):
    """Rows of a list that name no expert of the campaign; `rows` are (place from 0, account, why), `of` the list's length."""

    def __init__(self, rows: Sequence[tuple[int, str, str]], of: int) -> None:
        self.rows = tuple(rows)
        told = [f"第{place + 1}行“{account[:MOST_SHOWN]}”{why}；" for place, account, why in rows[:MOST_TOLD]]
        more = f"另有{len(rows) - MOST_TOLD}行；" if len(rows) > MOST_TOLD else ""
        said = f"共{of}行，{len(rows)}行须改正：{''.join(told)}{more}".removesuffix("；")
        super().__init__(f"{said}。请一并改正后重新提交，本次未加入任何专家。")


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
