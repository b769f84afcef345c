"""What the organiser is told before publication, and the readings that must be confirmed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import sqrt

from services.campaigns.evaluation.sentences import cited
from services.campaigns.findings import Finding, Severity
from services.campaigns.instants import days_text, last_day, local
from services.campaigns.models import Campaign, Reading, Round, Stage
from services.campaigns.slots import FileSize, PhotoDpi, Slot
from services.campaigns.slots.photo import MM_PER_INCH

PUBLICATION_CHECKS = (
    "stage_gap",
    "stage_holiday",
    "calendar_unknown",
    "reading_remark",
    "rubric_not_in_notice",
    "award_sum",
    "photo_reach",
    "reading_open",
)
OUTSIDE = "本活动约定"
_HARD_TO_REACH = 2
_GRAINY_JPEG_BYTES_PER_PIXEL = 1.37  # measured: 1654×2315 px with grain at quality 100 is just over 5 MB


@dataclass(frozen=True, slots=True)
class DayKind:
    """Whether people work on a day, and the statutory holiday that it belongs to."""

    workday: bool
    holiday: str | None = None


Calendar = Callable[[date], DayKind | None]


def publication_findings(campaign: Campaign, calendar: Calendar) -> tuple[Finding, ...]:
    """Return all 请注意 at once (warn), then one question (ask) for each reading.

    `calendar` says what a day is, or None for a day whose holidays are not published yet.
    """
    return (
        *_gaps(campaign),
        *(found for stage in campaign.stages for found in _holidays(stage, calendar)),
        *_remarks(campaign),
        *(found for review in campaign.rounds for found in _rubric(review)),
        *_awards(campaign),
        *(found for track in campaign.tracks for slot in track.slots for found in _photo_reach(campaign, slot)),
        *(_question(reading) for reading in campaign.readings),
    )


def unconfirmed(campaign: Campaign, confirmed: Collection[str]) -> tuple[Reading, ...]:
    """Return the readings that no person has confirmed yet."""
    return tuple(reading for reading in campaign.readings if reading.id not in confirmed)


def publication_hold(campaign: Campaign, confirmed: Collection[str]) -> str | None:
    """Return “还有6处读法未确认，暂不能发布。”, or None when all are confirmed."""
    count = len(unconfirmed(campaign, confirmed))
    return f"还有{count}处读法未确认，暂不能发布。" if count else None


def _gaps(campaign: Campaign) -> Iterator[Finding]:
    gaps = [
        days_text(local(earlier.closes).date(), last_day(later.opens))
        for earlier, later in pairwise(campaign.stages)
        if later.opens > earlier.closes
    ]
    if gaps:
        message = f"阶段之间有空档：{'、'.join(gaps)}，空档期可否修改材料，请确认。"
        yield _warn("stage_gap", "、".join(gaps), "阶段前后相接", campaign.stages[0].cite, message)


def _holidays(stage: Stage, calendar: Calendar) -> Iterator[Finding]:
    if "ballot" not in stage.governs:
        return
    days = [*_days(stage)]
    kinds = [kind for day in days if (kind := calendar(day)) is not None]
    span = days_text(days[0], days[-1])
    if len(kinds) < len(days):
        message = f"{stage.label}{span}：{days[-1].year}年放假安排尚未公布，不能计算工作日。"
        yield _warn("calendar_unknown", span, "已公布的放假安排", stage.cite, message)
        return
    names = dict.fromkeys(kind.holiday for kind in kinds if kind.holiday)
    if names:
        workdays = sum(kind.workday for kind in kinds)
        message = f"{stage.label}{span}跨{'、'.join(names)}假期，实际工作日{workdays}天。"
        yield _warn("stage_holiday", f"工作日{workdays}天", "工作日充足", stage.cite, message)


def _days(stage: Stage) -> Iterator[date]:
    day, last = local(stage.opens).date(), last_day(stage.closes)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _remarks(campaign: Campaign) -> Iterator[Finding]:
    for reading in campaign.readings:
        if reading.standing.remark:
            yield _warn("reading_remark", reading.standing.words, reading.question, reading.cite, reading.standing.remark)


def _rubric(review: Round) -> Iterator[Finding]:
    if review.rubric.cite == OUTSIDE:
        yield _warn("rubric_not_in_notice", "未规定", "评审分值", OUTSIDE, "通知未规定评审分值。")


def _awards(campaign: Campaign) -> Iterator[Finding]:
    planned = sum(award.count for award in campaign.awards)
    for review in campaign.rounds:
        widest = review.outcomes[0]
        if campaign.awards and planned != widest.count:
            message = f"奖项合计{planned}，{widest.label}为{widest.count}，两数不等{cited(widest.cite)}。"
            yield _warn("award_sum", str(planned), str(widest.count), widest.cite, message)


def _photo_reach(campaign: Campaign, slot: Slot) -> Iterator[Finding]:
    sizes = [rule for rule in slot.rules if isinstance(rule, FileSize) and rule.min_bytes]
    prints = [rule for rule in slot.rules if isinstance(rule, PhotoDpi) and rule.print_mm]
    for size in sizes:
        for dpi in prints:
            yield from _out_of_reach(campaign.terms.nominee, slot.label, size, dpi)


def _out_of_reach(nominee: str, label: str, size: FileSize, dpi: PhotoDpi) -> Iterator[Finding]:
    sides_mm = dpi.print_mm or (0, 0)
    width_in, height_in = (side / MM_PER_INCH for side in sides_mm)
    needed_dpi = sqrt(size.bound_bytes / _GRAINY_JPEG_BYTES_PER_PIXEL / (width_in * height_in))
    if needed_dpi < _HARD_TO_REACH * dpi.min_dpi:
        return
    scan_dpi = round(needed_dpi / 100) * 100
    scan = f"约{scan_dpi}dpi扫描（约{width_in * scan_dpi:.0f}×{height_in * scan_dpi:.0f}像素）"
    about = f"{label}（{sides_mm[0]}×{sides_mm[1]}毫米）达到{size.written or size.bound_bytes}，一般需{scan}"
    message = f"{about}。两项要求可同时满足，但多数{nominee}难以做到，请确认按‘须修改’还是‘请注意’{cited(size.cite)}。"
    yield _warn("photo_reach", scan, dpi.asked(), size.cite, message)


def _question(reading: Reading) -> Finding:
    standing = reading.standing.words
    return Finding(
        check="reading_open",
        severity=Severity.ASK,
        measured=standing,
        required="请确认",
        reading=reading.id,
        cite=reading.cite,
        message=f"{reading.question}现按：{standing}{cited(reading.cite)}。请确认。",
    )


def _warn(check: str, measured: str, required: str, cite: str, message: str) -> Finding:
    return Finding(check=check, severity=Severity.WARN, measured=measured, required=required, cite=cite, message=message)
