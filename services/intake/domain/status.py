"""The one sentence that says where a work stands and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake.domain.files import Report, open_sentence
from services.intake.domain.works import EDITABLE, WorkState


def status_line(
    state: WorkState, reports: Sequence[Report], *, missing: str | None, receipt: str | None, returned: int, reason: str
) -> str:
    """Return the sentence. `missing` is what a draft still lacks, `returned` how many items are still to be mended."""
    if state is WorkState.DRAFT:
        return f"{state.label}。{missing or '可以提交。'}"
    if state is WorkState.RETURNED:
        return f"{state.label}{returned}项，名额保留。"
    if state is WorkState.REJECTED:
        return f"{state.label}：{reason}"
    checking = open_sentence(reports) if state in EDITABLE | {WorkState.LOCKED} else None
    receipted = f"，回执 {receipt}" if receipt and state is not WorkState.WITHDRAWN else ""
    return f"{state.label}{receipted}。{checking or ''}"
