"""What each rule says of a video."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch

from services.campaigns.findings import Finding, Severity
from services.campaigns.quantities import duration_text
from services.campaigns.slots import (
    AudioMissing,
    Black,
    Container,
    Corrupt,
    Duration,
    FileSize,
    FrameRate,
    FrozenPicture,
    HeadCard,
    Look,
    Padded,
    Resolution,
    Silent,
    SlotRule,
    TailCard,
    Truncated,
    VideoCodec,
)
from services.campaigns.slots.video import codec_text
from services.media.domain.levels import dead_channels, silences
from services.media.domain.measures import Film, Span
from services.media.domain.words import clock_text, finding, kind_text, span_text

_STEADY_SHARE = 0.9
_ERRORS_OF_A_CUT = 10
_MOSTLY = 0.9
_CHANNELS = {1: ("单",), 2: ("左", "右")}


@singledispatch
def film_findings(rule: SlotRule, film: Film, unit_type: str | None, cards: str) -> Iterator[Finding]:
    """Yield what `rule` finds in the video. `cards` says which cards the slot asks a person to look at."""
    raise TypeError(f"{type(rule).__name__} is no rule of a video")


@film_findings.register
def _(rule: Container, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    probed = film.probed
    if probed.kind != "mov" or probed.brand not in rule.brands:
        yield finding(rule, rule.kind, f"视频格式为{container_text(film)}")


@film_findings.register
def _(rule: VideoCodec, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    video = film.probed.video
    if video and video.codec not in rule.codecs:
        yield finding(rule, rule.kind, f"编码为{codec_text(video.codec)}")


@film_findings.register
def _(rule: Resolution, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    sizes = displayed_sizes(film)
    missed = next((size for size in sizes if not rule.met_by(size[0], size[1])), None)
    if missed is None:
        return
    first, (width, height, at_s) = sizes[0], missed
    if missed is first:
        yield finding(rule, rule.kind, f"分辨率{width}×{height}")
        return
    measured = f"分辨率{first[0]}×{first[1]}，{clock_text(at_s)}起变为{width}×{height}"
    yield finding(rule, rule.kind, measured, at_s=at_s)


@film_findings.register
def _(rule: Duration, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    shown = film.decoded.timing
    if rule.met_by(shown.extent_s):
        return
    measured = f"时长{duration_text(rule.rounded_s(shown.extent_s))}"
    if shown.stragglers:
        measured += f"（另有{shown.stragglers}帧标在{clock_text(shown.claimed_s)}，不计入）"
    yield finding(rule, rule.kind, measured)


@film_findings.register
def _(rule: FrameRate, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    rate_fps = film.decoded.timing.rate_fps
    if rate_fps is None:
        return
    steady = film.counted.timing.steady_share >= _STEADY_SHARE
    if not rule.met_by(rate_fps) or not steady:
        yield finding(rule, rule.kind, f"帧率{rate_fps:.4g}" if steady else f"帧率不恒定，平均{rate_fps:.4g}")


@film_findings.register
def _(rule: FileSize, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    yield from size_findings(rule, film.size_bytes, "文件")


@film_findings.register
def _(rule: Truncated, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    if not cut_short(film):
        return
    video = film.probed.video
    declared = video.declared_frames if video else None
    present = film.counted.video_packets
    frames = f"，应有{declared:,}帧，实有{present:,}帧" if declared and declared > present else ""
    yield finding(rule, rule.kind, f"文件不完整{frames}", at_s=film.decoded.timing.extent_s)


@film_findings.register
def _(rule: Corrupt, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    errors = film.decoded.errors
    explained = _ERRORS_OF_A_CUT if cut_short(film) else 0
    if errors > rule.max_errors + explained:
        yield finding(rule, rule.kind, f"解码时发现{errors:,}处数据损坏")


@film_findings.register
def _(rule: Padded, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    share = film.counted.payload_bytes / max(1, film.size_bytes)
    if share < rule.min_payload_share:
        yield finding(rule, rule.kind, f"音视频数据只占文件的{share:.0%}，其余为填充数据")


@film_findings.register
def _(rule: Black, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    for start_s, until_s in _at_least(film.decoded.black, rule.min_s, film.decoded.timing.extent_s):
        yield _stretch(rule, rule.kind, start_s, until_s, "黑场")


@film_findings.register
def _(rule: FrozenPicture, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    """A black stretch does not move either; it is reported once, as black."""
    extent_s = film.decoded.timing.extent_s
    black = list(_at_least(film.decoded.black, 0, extent_s))
    for start_s, until_s in _at_least(film.decoded.frozen, rule.min_s, extent_s):
        dark_s = sum(max(0.0, min(until_s, end_s) - max(start_s, begin_s)) for begin_s, end_s in black)
        if dark_s < _MOSTLY * (until_s - start_s):
            yield _stretch(rule, rule.kind, start_s, until_s, "画面静止")


@film_findings.register
def _(rule: Silent, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    sound = film.decoded.sound
    if sound is None:
        return
    extent_s = film.decoded.timing.extent_s
    for start_s, end_s in silences(sound, rule.below_db):
        until_s = min(end_s, extent_s)
        if until_s - start_s >= rule.min_s:
            yield _stretch(rule, rule.kind, start_s, until_s, "无声")
    names = _CHANNELS.get(len(sound.levels_db), ())
    for channel in dead_channels(sound, rule.below_db):
        name = names[channel] if names else f"第{channel + 1}"
        yield finding(rule, rule.kind, f"{name}声道全程无声", sentence=f"{name}声道全程无声，其他声道有声")


@film_findings.register
def _(rule: AudioMissing, film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    if film.probed.audio is None:
        yield finding(rule, rule.kind, "文件没有音轨")


@film_findings.register
def _(rule: HeadCard, film: Film, unit_type: str | None, cards: str) -> Iterator[Finding]:
    until_s = min(rule.within_s, film.decoded.timing.extent_s)
    yield _card(rule, unit_type, cards, "片头", 0.0, until_s)


@film_findings.register
def _(rule: TailCard, film: Film, unit_type: str | None, cards: str) -> Iterator[Finding]:
    extent_s = film.decoded.timing.extent_s
    yield _card(rule, unit_type, cards, "片尾", max(0.0, extent_s - rule.within_s), extent_s)


@film_findings.register
def _(rule: Look, _film: Film, _unit_type: str | None, _cards: str) -> Iterator[Finding]:
    yield look_finding(rule)


def look_finding(rule: Look) -> Finding:
    """Return the question that only a person can answer."""
    return finding(rule, rule.kind, "须由人核实", sentence=rule.asked())


def size_findings(rule: FileSize, size_bytes: int, subject: str) -> Iterator[Finding]:
    """Yield what the size on disk breaks; both bounds are inclusive."""
    too_large = rule.max_bytes is not None and size_bytes > rule.max_bytes
    too_small = rule.min_bytes is not None and size_bytes < rule.min_bytes
    if too_large or too_small:
        yield finding(rule, rule.kind, f"{subject}{rule.shown(size_bytes)}（{size_bytes:,}字节）")


def cut_short(film: Film) -> bool:
    """Tell whether the file ends before its contents: packets fewer than the index declares, or a box past the end."""
    probed, counted = film.probed, film.counted
    tracks = ((probed.video, counted.video_packets), (probed.audio, counted.audio_packets))
    missing = any(track and (track.declared_frames or 0) > packets for track, packets in tracks)
    return missing or probed.cut_short or counted.damaged_packets > 0


def displayed_sizes(film: Film) -> list[tuple[int, int, float]]:
    """Return each displayed size with the second from which it holds, the first one at 0."""
    video = film.probed.video
    if video is None:
        return []
    changes = [(*video.displayed(size.width_px, size.height_px), size.at_s) for size in film.decoded.sizes]
    return [(*video.displayed_px, 0.0), *changes]


def container_text(film: Film) -> str:
    """Return the container by content."""
    return kind_text(film.probed.kind, film.probed.brand)


def _at_least(spans: tuple[Span, ...], min_s: float, extent_s: float) -> Iterator[tuple[float, float]]:
    for span in spans:
        until_s = extent_s if span.end_s is None else span.end_s
        if until_s - span.start_s >= min_s:
            yield span.start_s, until_s


def _stretch(rule: SlotRule, check: str, start_s: float, until_s: float, what: str) -> Finding:
    text = f"{span_text(start_s, until_s)}{what}"
    return finding(rule, check, text, at_s=start_s, until_s=until_s, sentence=text)


def _card(
    rule: HeadCard | TailCard, unit_type: str | None, cards: str, place: str, start_s: float, until_s: float
) -> Finding:
    shown = "、".join(item.words for item in rule.asked_of(unit_type))
    asks = f"应写明{shown}" if shown and not rule.words else rule.asked()
    window = span_text(start_s, until_s)
    sentence = f"请核对{cards}画面：{place}（{window}）{asks}"
    return finding(
        rule, rule.kind, f"{place}画面{window}", at_s=start_s, until_s=until_s, sentence=sentence, severity=Severity.ASK
    )
