"""Time: whether an act, an upload or a report stands in its window, to the instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.campaigns.evaluation.sentences import cited
from services.campaigns.instants import closing_text, local, moment_text, opening_text
from services.campaigns.models import Act, Campaign, Deadline, Stage
from services.kernel.errors import Conflict

State = Literal["early", "open", "late"]


class UngovernedActError(Conflict):
    """409: no stage of the campaign governs this act."""

    kind = "ungoverned-act"


@dataclass(frozen=True, slots=True)
class WindowDecision:
    """Where an instant lies against a window, and the sentence for whoever came early or late."""

    state: State
    stage: Stage
    message: str | None = None


def decide_window(campaign: Campaign, act: Act, at: datetime) -> WindowDecision:
    """Decide an act stamped `at` (aware). The window is half-open: its end is late. Raises `UngovernedActError`."""
    stage = campaign.stage_for(act)
    if stage is None:
        raise UngovernedActError(f"本活动没有阶段管理“{act}”")
    if at < stage.opens:
        return WindowDecision("early", stage, early_sentence(stage))
    if at >= stage.closes:
        return WindowDecision("late", stage, late_sentence(stage, at))
    return WindowDecision("open", stage)


def decide_upload(stage: Stage, began_at: datetime, at: datetime) -> WindowDecision:
    """Decide an upload created at `began_at` whose last byte is durable, or awaited, at `at`.

    Open while it began before the window's end and `at` lies before the end of the campaign's grace. Uploads may
    begin before the window opens.
    """
    if began_at < stage.closes and at < stage.uploads_close:
        return WindowDecision("open", stage, grace_sentence(stage) if at >= stage.closes else None)
    grace = grace_sentence(stage) if began_at < stage.closes else None
    ended = f"{grace}收到时间{moment_text(at)}，未传完的文件按缺件处理。" if grace else late_sentence(stage, at)
    return WindowDecision("late", stage, ended)


def early_sentence(stage: Stage) -> str:
    """Return “推荐上报9月23日00:00开始。” and what may be done meanwhile."""
    return f"{stage.label}{opening_text(stage.opens)}开始。{stage.early_words or ''}"


def late_sentence(stage: Stage, at: datetime) -> str:
    """Return that the stage is over, when this came (where it is kept or refused), and what happens now."""
    late = stage.late
    received = "" if late is not None and late.effect == "statement" else f"，收到时间{moment_text(at)}"
    words = late.words if late is not None and late.words else ""
    return f"{stage.label}已于{closing_text(stage.closes)}截止{received}。{words}"


def grace_sentence(stage: Stage) -> str | None:
    """Return until when an upload begun in time may go on, or None without grace."""
    if stage.upload_grace is None:
        return None
    return f"截止前已开始的上传可续传至{closing_text(stage.uploads_close)}。"


def reported_late(deadline: Deadline, at: datetime) -> bool:
    """Say whether a report received at `at` is late."""
    return at >= deadline.closes


def reported_sentence(deadline: Deadline, at: datetime) -> str:
    """Return how a report is acknowledged.

    “已登记。收到时间7月16日09:12，系统记录为逾期报送。”
    """
    shown = local(at)
    mark = "，系统记录为逾期报送" if reported_late(deadline, at) else ""
    return f"已登记。收到时间{shown.month}月{shown.day}日{shown:%H:%M}{mark}。"


def reminder_sentence(deadline: Deadline, unit_name: str) -> str:
    """Return the text of a 催报.

    “北岭区尚未报送联络员，截止时间7月15日24:00（通知七（二））。”
    """
    return f"{unit_name}尚未报送{deadline.label}，截止时间{closing_text(deadline.closes)}{cited(deadline.cite)}。"
