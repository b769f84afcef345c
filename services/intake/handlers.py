"""Events in: each handler translates and delegates."""

from __future__ import annotations

from services.intake.actions import files, projections
from services.kernel.contracts.envelope import Envelope
from services.kernel.contracts.events import (
    AssetFailed,
    AssetJudged,
    AssetRendered,
    AssetRenditionWithdrawn,
    ClockConfirmed,
    ExclusionChecked,
    ResultPublished,
)
from services.kernel.handlers import Handlers
from services.kernel.ports import Transaction

HANDLERS = Handlers("intake")


@HANDLERS.projects(AssetJudged)
def on_judged(transaction: Transaction, event: AssetJudged, _envelope: Envelope) -> None:
    """A report is ready."""
    files.keep_verdict(transaction, event)


@HANDLERS.reacts(AssetJudged)
def on_fault(transaction: Transaction, event: AssetJudged, _envelope: Envelope) -> None:
    """A fault found after the lock returns that item."""
    files.return_block(transaction, event)


@HANDLERS.projects(AssetFailed)
def on_failed(transaction: Transaction, event: AssetFailed, _envelope: Envelope) -> None:
    """A file could not be judged."""
    files.keep_failure(transaction, event)


@HANDLERS.projects(AssetRendered)
def on_rendered(transaction: Transaction, event: AssetRendered, _envelope: Envelope) -> None:
    """There is something to look at."""
    files.keep_rendition(transaction, event)


@HANDLERS.projects(AssetRenditionWithdrawn)
def on_rendition_withdrawn(transaction: Transaction, event: AssetRenditionWithdrawn, _envelope: Envelope) -> None:
    """An early preview was taken back."""
    files.keep_rendition(transaction, event)


@HANDLERS.projects(ExclusionChecked)
def on_checked(transaction: Transaction, event: ExclusionChecked, _envelope: Envelope) -> None:
    """The register answered."""
    projections.keep_hint(transaction, event)


@HANDLERS.projects(ResultPublished)
def on_result(transaction: Transaction, event: ResultPublished, _envelope: Envelope) -> None:
    """The result is out."""
    projections.keep_outcome(transaction, event)


@HANDLERS.projects(ClockConfirmed)
def on_clock_confirmed(transaction: Transaction, event: ClockConfirmed, _envelope: Envelope) -> None:
    """A service keeps the clock."""
    projections.keep_confirmation(transaction, event)
