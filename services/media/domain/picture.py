"""What each rule says of a photo."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from services.campaigns.findings import Finding, Severity
from services.campaigns.slots import (
    Corrupt,
    FileSize,
    Look,
    Padded,
    PhotoDpi,
    PhotoFormat,
    PhotoPixels,
    SlotRule,
    Truncated,
)
from services.media.domain.film import look_finding, size_findings
from services.media.domain.measures import Photo
from services.media.domain.words import finding, kind_text


@singledispatch
def photo_findings(rule: SlotRule, _photo: Photo, _label: str) -> Iterator[Finding]:
    """Yield what `rule` finds in the photo; the label is its slot's: 证件照."""
    raise TypeError(f"{type(rule).__name__} is no rule of a photo")


@photo_findings.register
def _(rule: PhotoFormat, photo: Photo, label: str) -> Iterator[Finding]:
    if photo.kind not in rule.formats:
        yield finding(rule, f"{label}格式为{kind_text(photo.kind)}")


@photo_findings.register
def _(rule: PhotoPixels, photo: Photo, label: str) -> Iterator[Finding]:
    if not rule.met_by(photo.width_px, photo.height_px):
        yield finding(rule, f"{label}{photo.width_px}×{photo.height_px}像素")


@photo_findings.register
def _(rule: PhotoDpi, photo: Photo, _label: str) -> Iterator[Finding]:
    printed_dpi = rule.printed_dpi(photo.width_px, photo.height_px)
    passed = [rule.met_by(mark, printed_dpi) for mark in photo.dpi.marks or (None,)]
    if all(passed):
        return
    # Two marks that contradict each other are a question, not a fault.
    severity = Severity.ASK if any(passed) else None
    yield finding(rule, dpi_text(rule, photo, printed_dpi), severity=severity)


@photo_findings.register
def _(rule: FileSize, photo: Photo, label: str) -> Iterator[Finding]:
    yield from size_findings(rule, photo.size_bytes, label)


@photo_findings.register
def _(rule: Truncated, photo: Photo, label: str) -> Iterator[Finding]:
    if photo.truncated:
        yield finding(rule, f"{label}文件不完整")


@photo_findings.register
def _(rule: Corrupt, photo: Photo, label: str) -> Iterator[Finding]:
    if photo.errors > rule.max_errors and not photo.truncated:
        yield finding(rule, f"{label}解码时发现{photo.errors}处数据损坏")


@photo_findings.register
def _(rule: Padded, photo: Photo, label: str) -> Iterator[Finding]:
    share = photo.payload_bytes / max(1, photo.size_bytes)
    if share < rule.min_payload_share:
        yield finding(rule, f"{label}的图像数据只占文件的{share:.0%}，其余为填充数据")


@photo_findings.register
def _(rule: Look, _photo: Photo, _label: str) -> Iterator[Finding]:
    yield look_finding(rule)


def dpi_text(rule: PhotoDpi, photo: Photo, printed_dpi: float | None) -> str:
    """Return both readings: "标注72dpi，按35×49毫米计算约300dpi"."""
    parts = [_marks_text(photo)]
    if rule.print_mm and printed_dpi is not None:
        parts.append(f"按{rule.print_mm[0]}×{rule.print_mm[1]}毫米计算约{printed_dpi:.0f}dpi")
    return "，".join(parts)


def _marks_text(photo: Photo) -> str:
    jfif, exif = photo.dpi.jfif_dpi, photo.dpi.exif_dpi
    if jfif is not None and exif is not None and round(jfif) != round(exif):
        return f"JFIF标注{jfif:.4g}dpi、EXIF标注{exif:.4g}dpi"
    return next((f"标注{mark:.4g}dpi" for mark in photo.dpi.marks), "未标注dpi")
