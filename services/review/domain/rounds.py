"""轮次: the states of a round, and what has to be true before the next one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from services.review.domain.faults import NotNow, Outstanding

if TYPE_CHECKING:
    from services.review.domain.assignment import Seat

BEIJING = ZoneInfo("Asia/Shanghai")


class RoundState(StrEnum):
    """A round from its declaration to the published result."""

    DECLARED = "declared"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    TALLIED = "tallied"
    DECIDED = "decided"
    CONFIRMED = "confirmed"
    PUBLISHED = "published"


class Act(StrEnum):
    """What moves a round on."""

    OPEN = "open"
    CLOSE = "close"
    RESUME = "resume"
    RECOUNT = "recount"
    SETTLE = "settle"
    TALLY = "tally"
    DECIDE = "decide"
    CONFIRM = "confirm"
    PUBLISH = "publish"


_NEXT: dict[tuple[RoundState, Act], RoundState] = {
    (RoundState.DECLARED, Act.OPEN): RoundState.OPEN,
    (RoundState.OPEN, Act.CLOSE): RoundState.CLOSING,
    # A recusal stamped before the closing can leave a ballot missing: the closing has then not taken place.
    (RoundState.CLOSING, Act.RESUME): RoundState.OPEN,
    (RoundState.CLOSING, Act.SETTLE): RoundState.CLOSED,
    (RoundState.CLOSED, Act.TALLY): RoundState.TALLIED,
    (RoundState.TALLIED, Act.DECIDE): RoundState.DECIDED,
    # A work that leaves before the result is confirmed changes the ranking.
    (RoundState.TALLIED, Act.RECOUNT): RoundState.CLOSED,
    (RoundState.DECIDED, Act.RECOUNT): RoundState.CLOSED,
    (RoundState.DECIDED, Act.CONFIRM): RoundState.CONFIRMED,
    (RoundState.CONFIRMED, Act.PUBLISH): RoundState.PUBLISHED,
}

STATE_NAMES = {
    RoundState.DECLARED: "尚未开始评审",
    RoundState.OPEN: "正在评审",
    RoundState.CLOSING: "正在结束评审",
    RoundState.CLOSED: "已结束评审，等待评分汇总",
    RoundState.TALLIED: "已汇总评分，等待复议登记",
    RoundState.DECIDED: "已汇总评分，等待负责人确认结果",
    RoundState.CONFIRMED: "结果已确认，等待公布",
    RoundState.PUBLISHED: "结果已公布",
}

ACT_NAMES = {
    Act.OPEN: "开始评审",
    Act.CLOSE: "结束评审",
    Act.RESUME: "恢复评审",
    Act.RECOUNT: "重新汇总评分",
    Act.SETTLE: "结束评审",
    Act.TALLY: "汇总评分",
    Act.DECIDE: "登记复议结果",
    Act.CONFIRM: "确认结果",
    Act.PUBLISH: "公布结果",
}

VOTING = frozenset({RoundState.OPEN, RoundState.CLOSING})


def advance(state: RoundState, act: Act) -> RoundState:
    """Return the state after the act; NotNow with the state in words when the round is not there."""
    try:
        return _NEXT[state, act]
    except KeyError:
        raise NotNow(f"本轮次{STATE_NAMES[state]}，现在不能{ACT_NAMES[act]}。") from None


def refuse_missing(seats: Iterable[Seat]) -> None:
    """Outstanding when seats are given whose ballot is missing (story 29)."""
    missing = list(seats)
    if missing:
        works = len({seat.work for seat in missing})
        raise Outstanding(f"还有{len(missing)}份评分未提交，涉及{works}件作品，暂不能结束。")


def reminder_sentence(experts: int, ballots: int, unheld: int) -> str:
    """Return what the organiser is told after 催评: `unheld` ballots are missing and no expert holds them."""
    if not ballots and not unheld:
        return "评分表都已提交，不需要催评。"
    asked = f"已向{experts}名评审专家催评，共{ballots}份评分表未提交。" if ballots else "没有可以催评的评审专家。"
    if not unheld:
        return asked
    also = "另有" if ballots else "有"
    return f"{asked}{also}{unheld}份评分表没有专家填写（已回避或账号已停用，未找到替补），请增补专家。"


def in_time(stamp: datetime, closes_at: datetime | None) -> bool:
    """Tell whether a ballot received at `stamp` counts: windows are half-open, the closing instant is late (§5)."""
    return closes_at is None or stamp < closes_at


def receipt_sentence(stamp: datetime) -> str:
    """Return what an expert is told whose ballot counts."""
    return f"评分表已收到，收到时间{_instant(stamp)}。评审结束前可以修改。"


def late_sentence(stamp: datetime, closes_at: datetime) -> str:
    """Return what an expert is told whose ballot came at or after the closing (story 29).

    Where the clock of a rehearsal was set back meanwhile, the receipt bears an instant before the closing.
    """
    if stamp < closes_at:
        return (
            f"本轮次评审已结束（{minute(closes_at)}）。试运行的时钟后来调回，所以收到时间显示为{_instant(stamp)}。"
            "评分表已保存，不计入汇总。"
        )
    return f"评审已于{minute(closes_at)}结束，收到时间{_instant(stamp)}。评分表已保存，不计入汇总。"


def minute(at: datetime) -> str:
    """Return an instant as people say it: 10月17日17:30, to the millisecond where it is not a whole minute."""
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日{local:%H:%M}" if not (local.second or local.microsecond) else _instant(at)


def _instant(at: datetime) -> str:
    local = at.astimezone(BEIJING)
    return f"{local.month}月{local.day}日{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
