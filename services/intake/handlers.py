"""Events in: verdicts and renditions of files, answers of the register, results, and services that keep the clock."""

from __future__ import annotations

from services.intake.actions import files, hints
from services.intake.store import clocks
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


@HANDLERS.reacts(AssetJudged)
def asset_judged(transaction: Transaction, event: AssetJudged, _envelope: Envelope) -> None:
    """Keep the report."""
    files.keep_verdict(transaction, event)


@HANDLERS.reacts(AssetFailed)
def asset_failed(transaction: Transaction, event: AssetFailed, _envelope: Envelope) -> None:
    """Keep that there is none."""
    files.keep_failure(transaction, event)


@HANDLERS.reacts(AssetRendered)
def asset_rendered(transaction: Transaction, event: AssetRendered, _envelope: Envelope) -> None:
    """Keep what there is to look at."""
    files.keep_rendition(transaction, event)


@HANDLERS.reacts(AssetRenditionWithdrawn)
def asset_rendition_withdrawn(transaction: Transaction, event: AssetRenditionWithdrawn, _envelope: Envelope) -> None:
    """Take back what was shown too early."""
    files.keep_rendition(transaction, event)


@HANDLERS.reacts(ExclusionChecked)
def exclusion_checked(transaction: Transaction, event: ExclusionChecked, _envelope: Envelope) -> None:
    """Keep the register's answer."""
    hints.keep(transaction, event)


@HANDLERS.reacts(ResultPublished)
def result_published(transaction: Transaction, event: ResultPublished, _envelope: Envelope) -> None:
    """Keep what became of each work."""
    hints.keep_outcomes(transaction, event)


@HANDLERS.reacts(ClockConfirmed)
def clock_confirmed(transaction: Transaction, event: ClockConfirmed, _envelope: Envelope) -> None:
    """Keep which service keeps which revision of the clock."""
    clocks.confirm(transaction.connection, event.revision, event.service)
