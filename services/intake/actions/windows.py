"""Whether a write comes in time: decided by its stamp, in campaign time, against the window of its act."""

from __future__ import annotations

import json
from datetime import datetime

from services.campaigns.evaluation.windows import WindowDecision, decide_upload, decide_window
from services.campaigns.instants import moment_text
from services.campaigns.models import Act, Stage
from services.intake.actions.rules import Rules
from services.intake.store import campaigns
from services.kernel.errors import Conflict, Unavailable
from services.kernel.keys import Keys, Purpose
from services.kernel.ports import Transaction

STAMP_TYPE = "laurel-stamp+jws"


class TooEarly(Conflict):
    """409: the window has not opened."""

    kind = "too-early"


class TooLate(Conflict):
    """409: the window is over; `received_at` is the campaign time of the stamp, `held` whether the material is kept."""

    kind = "too-late"

    def __init__(self, message: str, *, stage: Stage, at: datetime) -> None:
        super().__init__(message, "The window is over.", received_at=at.isoformat(), stage=stage.id)
        self.stage = stage
        self.at = at

    @property
    def held(self) -> bool:
        """Whether what came late is kept until the organiser decides."""
        return self.stage.late is not None and self.stage.late.effect == "hold"


class AfterSettling(Unavailable):
    """503: stamped in time, come when the window had been settled; the signed stamp is the proof."""

    kind = "after-settling"

    def __init__(self, message: str, proof: str, *, stage: Stage, at: datetime) -> None:
        super().__init__(message, "Stamped in time, but the window is settled.", received_at=at.isoformat(), stamp=proof)
        self.stage = stage
        self.at = at
        self.proof = proof


def admit(transaction: Transaction, keys: Keys, rules: Rules, act: Act, received: datetime) -> datetime:
    """Return the campaign time of a write that its window admits. Raises `TooEarly`, `TooLate`, `AfterSettling`."""
    at = transaction.campaign_time(received)
    decision = decide_window(rules.campaign, act, at)
    if decision.state == "early":
        raise TooEarly(decision.message or "", "The window has not opened.", opens_at=decision.stage.opens.isoformat())
    if decision.state == "late":
        raise TooLate(decision.message or "", stage=decision.stage, at=at)
    _check_unsettled(transaction, keys, rules, decision, at)
    return at


def admit_upload(transaction: Transaction, rules: Rules, received: datetime) -> None:
    """Let an upload begin, also before its window opens. Raises `TooLate`."""
    stage = rules.campaign.stage_for("submit")
    if stage is None:
        return
    at = transaction.campaign_time(received)
    decision = decide_upload(stage, at, at)
    if decision.state == "late":
        raise TooLate(decision.message or "", stage=stage, at=at)


def ended_in_time(rules: Rules, began_at: datetime, ended_at: datetime) -> bool:
    """Whether an upload that began and ended at these campaign times counts, grace included."""
    stage = rules.campaign.stage_for("submit")
    return stage is None or decide_upload(stage, began_at, ended_at).state == "open"


def _check_unsettled(transaction: Transaction, keys: Keys, rules: Rules, decision: WindowDecision, at: datetime) -> None:
    settled = campaigns.settled_at(transaction.connection, rules.campaign_id, decision.stage.id)
    if settled is None:
        return
    proof = {"campaign": rules.campaign_id, "stage": decision.stage.id, "stamp": at.isoformat()}
    token = keys.sign_jws(Purpose.RECEIPT, json.dumps(proof).encode(), STAMP_TYPE)
    message = f"{decision.stage.label}已结束并结清，收到时间{moment_text(at)}已签名存证。请保存凭证，由主办单位决定是否受理。"
    raise AfterSettling(message, token, stage=decision.stage, at=at)
