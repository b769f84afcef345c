"""Writing into the log of what people did."""

from __future__ import annotations

from typing import Any

from services.intake.store import acts
from services.kernel.auth import Principal
from services.kernel.ports import Transaction


def record(transaction: Transaction, who: Principal, done: str, subject: str, **detail: Any) -> None:
    """Add who did what to which thing, now, and why."""
    acts.add(
        transaction.connection,
        at=transaction.now,
        campaign_at=transaction.campaign_time(),
        account_id=who.account_id,
        done=done,
        subject=subject,
        detail=detail,
    )
