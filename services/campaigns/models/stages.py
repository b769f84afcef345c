"""Time in a campaign: stages with half-open windows, deadlines, what is late, terms for repair, retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.instants import Closing, Opening
from services.campaigns.quantities import Seconds
from services.campaigns.references import Cite, UnitTypeRef
from services.campaigns.text import Id, Text

Act = Literal["enter", "submit", "list", "lock", "ballot"]
Tier = Literal["T0", "T1", "T2", "T3"]


class Late(Frozen):
    """What happens to what comes late.

    `hold`: kept as 逾期材料 outside the quota until the organiser decides; `statement`: not taken, a unit may
    add it with a 特殊情况说明; `refuse`: not taken. `words` say what to do next.
    """

    effect: Literal["hold", "statement", "refuse"]
    words: Text | None = None
    cite: Cite


class UploadGrace(Frozen):
    """How long after the end of the window an upload begun in time may go on."""

    length_s: Seconds = Field(gt=0)
    cite: Cite


class Stage(Frozen):
    """A stage and the acts it governs, from `opens` (included) to `closes` (excluded)."""

    id: Id
    label: Text
    opens: Opening
    closes: Closing
    governs: tuple[Act, ...] = ()
    early_words: Text | None = None
    late: Late | None = None
    upload_grace: UploadGrace | None = None
    cite: Cite

    @model_validator(mode="after")
    def _opens_first(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("closes 应晚于 opens")
        return self

    @property
    def uploads_close(self) -> datetime:
        """The instant from which even an upload begun in time is late."""
        grace = self.upload_grace
        return self.closes if grace is None else self.closes + timedelta(seconds=grace.length_s)


class Deadline(Frozen):
    """A duty of some unit types beside the stages: naming the liaison, sending the sealed list."""

    id: Id
    label: Text
    duty: Literal["liaison", "sealed_list", "other"]
    unit_types: tuple[UnitTypeRef, ...] = Field(min_length=1)
    closes: Closing
    cite: Cite


class Repair(Frozen):
    """The term of a 退回补正: a number of working days, or decided by the organiser each time."""

    decided_by: Literal["organiser", "term"] = "organiser"
    working_days: int | None = Field(default=None, ge=1, le=60)
    keeps_place: bool = True
    cite: Cite

    @model_validator(mode="after")
    def _a_term(self) -> Self:
        if (self.decided_by == "term") != (self.working_days is not None):
            raise ValueError("decided_by 为 term 时须写 working_days，为 organiser 时不写")
        return self


class Retention(Frozen):
    """How long a tier of data is kept; for ever without `until`."""

    tier: Tier
    until: Closing | None = None
    words: Text
    cite: Cite
