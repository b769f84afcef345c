"""All faults of a file in one report: the rules of its slot applied to what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from services.campaigns.findings import Finding, Severity, Verdict, verdict
from services.campaigns.quantities import duration_text
from services.campaigns.slots import Container, Duration, FileSize, HeadCard, PhotoFormat, Slot, TailCard, Truncated
from services.campaigns.slots.video import codec_text
from services.media.domain.film import Screening, container_text, displayed_sizes, film_findings, size_findings
from services.media.domain.measures import Film, Measured, Photo, Refused
from services.media.domain.picture import photo_findings
from services.media.domain.words import PLATFORM, finding, kind_text

_VIDEO_KINDS = ("mov", "matroska", "avi", "flv", "asf", "mpeg", "mpegts", "ogg")
_PHOTO_KINDS = ("jpeg", "png", "gif", "bmp", "tiff", "webp", "heif", "avif")
_COUNTED = ((Severity.BLOCK, "处须修改"), (Severity.WARN, "处请注意"), (Severity.ASK, "项待人工核实"))


def judge(measured: Measured, slot: Slot, unit_type: str | None = None) -> tuple[Finding, ...]:
    """Return every finding of the slot's rules, in the order in which the campaign states them.

    `unit_type` chooses what a card must show (推荐区 or 推荐单位). A refused file is told first why nothing was read.
    """
    match measured:
        case Film():
            case = Screening(measured, unit_type, _cards(slot))
            return tuple(found for rule in slot.rules for found in film_findings(rule, case))
        case Photo():
            return tuple(found for rule in slot.rules for found in photo_findings(rule, measured, slot.label))
        case Refused():
            return tuple(_refusal(measured, slot))


def summary(measured: Measured, slot: Slot, findings: tuple[Finding, ...]) -> str:
    """Return the report's first line: what it is when it passes, how many findings of each severity."""
    counts = [
        f"{number}{words}" for severity, words in _COUNTED if (number := sum(found.severity is severity for found in findings))
    ]
    if verdict(findings) is Verdict.BLOCK or isinstance(measured, Refused):
        return f"{'，'.join(counts)}。"
    told = f"规格核验通过：{'，'.join(facts(measured, slot))}。"
    return f"{told}{'，'.join(counts)}。" if counts else told


def facts(measured: Film | Photo, slot: Slot) -> list[str]:
    """Return what was measured in few words: 7分41秒, 1920×1080, H.264, MP4, 0.99G."""
    if isinstance(measured, Photo):
        size = [f"{measured.width_px}×{measured.height_px}像素", kind_text(measured.kind)]
        return [*size, _size_text(measured.size_bytes, slot)]
    width, height, _ = displayed_sizes(measured)[0]
    codec = codec_text(measured.probed.video.codec) if measured.probed.video else ""
    return [_length_text(measured, slot), f"{width}×{height}", codec, container_text(measured),
            _size_text(measured.size_bytes, slot)]  # fmt: skip


def _length_text(film: Film, slot: Slot) -> str:
    """Return the length as it was compared, and the decoded one where rounding decided."""
    extent_s = film.decoded.timing.extent_s
    rule = next((rule for rule in slot.rules if isinstance(rule, Duration)), None)
    if rule is None:
        return duration_text(extent_s)
    compared = duration_text(rule.rounded_s(extent_s))
    below = rule.min_s is not None and extent_s < rule.min_s
    above = rule.max_s is not None and extent_s > rule.max_s
    if not (below or above) or not rule.met_by(extent_s):
        return compared
    minutes, seconds = divmod(extent_s, 60)
    exact = f"{minutes:.0f}分{seconds:.2f}秒" if minutes else f"{seconds:.2f}秒"
    return f"{compared}（实测{exact}，按{rule.round_to_s:g}秒取整）"


def _size_text(size_bytes: int, slot: Slot) -> str:
    rule = next((rule for rule in slot.rules if isinstance(rule, FileSize)), None)
    return rule.shown(size_bytes) if rule else f"{size_bytes:,}字节"


def _cards(slot: Slot) -> str:
    names = (("片头", HeadCard), ("片尾", TailCard))
    return "、".join(name for name, kind in names if any(isinstance(rule, kind) for rule in slot.rules))


def _refusal(refused: Refused, slot: Slot) -> Iterator[Finding]:
    """Yield why nothing was read, and what can be said of the file all the same."""
    expected = _VIDEO_KINDS if slot.medium == "video" else _PHOTO_KINDS
    format_rule = next((rule for rule in slot.rules if isinstance(rule, Container | PhotoFormat)), None)
    if format_rule and not refused.hostile and refused.kind in expected and not _accepts(format_rule, refused):
        subject = "视频格式" if slot.medium == "video" else f"{slot.label}格式"
        yield finding(format_rule, f"{subject}为{kind_text(refused.kind, refused.brand)}")
    else:
        yield _unread(refused, slot)
    for rule in slot.rules:
        if isinstance(rule, Truncated) and refused.cut_short:
            yield finding(rule, "文件不完整")
        if isinstance(rule, FileSize) and not refused.hostile:
            yield from size_findings(rule, refused.size_bytes, "文件" if slot.medium == "video" else slot.label)


def _accepts(rule: Container | PhotoFormat, refused: Refused) -> bool:
    if isinstance(rule, PhotoFormat):
        return refused.kind in rule.formats
    return refused.kind == "mov" and (refused.brand is None or refused.brand in rule.brands)


def _unread(refused: Refused, slot: Slot) -> Finding:
    medium = "视频" if slot.medium == "video" else "图片"
    asked = f"应为可以打开的{medium}文件"
    return Finding(
        check="hostile" if refused.hostile else "unreadable",
        severity=Severity.BLOCK,
        measured=refused.why,
        required=asked,
        cite=PLATFORM,
        message=f"{refused.why}，{asked}（{PLATFORM}）",
    )
