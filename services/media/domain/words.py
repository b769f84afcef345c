"""Numbers and kinds of file as people read them."""

from __future__ import annotations

from services.campaigns.findings import Finding, Severity
from services.campaigns.slots import AnyRule

_HOUR_S = 3600
_MINUTE_S = 60

PLATFORM = "平台要求"

KINDS = {
    "mov": "MP4",
    "matroska": "Matroska（MKV）",
    "avi": "AVI",
    "flv": "FLV",
    "asf": "WMV",
    "mpeg": "MPEG-PS",
    "mpegts": "MPEG-TS",
    "ogg": "OGG",
    "jpeg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "webp": "WebP",
    "heif": "HEIF",
    "avif": "AVIF",
    "svg": "SVG",
    "pdf": "PDF",
    "zip": "ZIP（或Office文档）",
    "rar": "RAR",
    "exe": "程序文件",
    "hls": "播放列表（M3U8）",
    "ffconcat": "播放列表（ffconcat）",
    "pls": "播放列表（PLS）",
    "sdp": "播放列表（SDP）",
    "dash": "播放列表（MPD）",
    "xml": "XML",
    "html": "网页或脚本",
    "text": "文本",
    "empty": "空文件",
}
BRANDS = {"qt  ": "QuickTime（MOV）", "3gp4": "3GP", "3gp5": "3GP", "3gp6": "3GP", "M4A ": "M4A"}


def kind_text(kind: str, brand: str | None = None) -> str:
    """Return the name of a kind of file: "MP4", "QuickTime（MOV）"."""
    if kind == "mov" and brand is not None:
        return BRANDS.get(brand, "MP4")
    return KINDS.get(kind, "无法识别的格式")


def clock_text(seconds: float) -> str:
    """Return 190.4 as "03:10", an hour and more as "1:02:03"."""
    whole = round(seconds)
    hours, rest = divmod(whole, _HOUR_S)
    tail = f"{rest // _MINUTE_S:02d}:{rest % _MINUTE_S:02d}"
    return f"{hours}:{tail}" if hours else tail


def span_text(start_s: float, until_s: float) -> str:
    """Return "03:10—03:22"."""
    return f"{clock_text(start_s)}—{clock_text(until_s)}"


def listed(items: list[str]) -> str:
    """Return "时长", "时长和分辨率" or "时长、编码和分辨率"."""
    return "和".join(("、".join(items[:-1]), items[-1])) if len(items) > 1 else "".join(items)


def finding(
    rule: AnyRule,
    measured: str,
    *,
    at_s: float | None = None,
    until_s: float | None = None,
    severity: Severity | None = None,
    sentence: str | None = None,
) -> Finding:
    """Return what a rule says of a measured value; the sentence is "measured，asked（clause）" unless given."""
    asked = rule.asked()
    return Finding(
        check=rule.kind,
        severity=severity or rule.severity,
        measured=measured,
        required=asked,
        reading=rule.reading,
        cite=rule.cite,
        message=f"{sentence or f'{measured}，{asked}'}（{rule.cite}）",
        at_s=None if at_s is None else round(at_s, 2),
        until_s=None if until_s is None else round(until_s, 2),
    )
