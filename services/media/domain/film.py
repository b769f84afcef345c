"""What each rule says of a video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch

from services.campaigns.findings import Finding
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
_MOST_STRETCHES = 20
_CHANNELS = {1: ("单",), 2: ("左", "右")}


@dataclass(frozen=True)
class Screening:
    """A film under judgement: for which unit type, and which cards (片头、片尾) its slot asks a person to look at."""

    film: Film
    unit_type: str | None = None
    cards: str = ""

    @property
    def extent_s(self) -> float:
        """The decoded length."""
        return self.film.decoded.timing.extent_s


@singledispatch
def film_findings(rule: SlotRule, _case: Screening) -> Iterator[Finding]:
    """Yield what `rule` finds in the film."""
    raise TypeError(f"{type(rule).__name__} is no rule of a video")


@film_findings.register
def _(rule: Container, case: Screening) -> Iterator[Finding]:
    probed = case.film.probed
    if probed.kind != "mov" or probed.brand not in rule.brands:
        yield finding(rule, f"视频格式为{container_text(case.film)}")


@film_findings.register
def _(rule: VideoCodec, case: Screening) -> Iterator[Finding]:
    video = case.film.probed.video
    if video and video.codec not in rule.codecs:
        yield finding(rule, f"编码为{codec_text(video.codec)}")


@film_findings.register
def _(rule: Resolution, case: Screening) -> Iterator[Finding]:
    sizes = displayed_sizes(case.film)
    missed = next((size for size in sizes if not rule.met_by(size[0], size[1])), None)
    if missed is None:
        return
    first, (width, height, at_s) = sizes[0], missed
    if missed is first:
        yield finding(rule, f"分辨率{width}×{height}")
        return
    measured = f"分辨率{first[0]}×{first[1]}，{clock_text(at_s)}起变为{width}×{height}"
    yield finding(rule, measured, at_s=at_s)


@film_findings.register
def _(rule: Duration, case: Screening) -> Iterator[Finding]:
    shown = case.film.decoded.timing
    if rule.met_by(shown.extent_s):
        return
    measured = f"时长{duration_text(rule.rounded_s(shown.extent_s))}"
    if shown.stragglers:
        measured += f"（另有{shown.stragglers}帧标在{clock_text(shown.claimed_s)}，不计入）"
    yield finding(rule, measured)


@film_findings.register
def _(rule: FrameRate, case: Screening) -> Iterator[Finding]:
    timing = case.film.counted.timing
    rate_fps = timing.rate_fps
    if rate_fps is None:
        return
    steady = timing.steady_share >= _STEADY_SHARE
    if not rule.met_by(rate_fps) or not steady:
        yield finding(rule, f"帧率{rate_fps:.4g}" if steady else f"帧率不恒定，平均{rate_fps:.4g}")


@film_findings.register
def _(rule: FileSize, case: Screening) -> Iterator[Finding]:
    yield from size_findings(rule, case.film.size_bytes, "文件")


@film_findings.register
def _(rule: Truncated, case: Screening) -> Iterator[Finding]:
    if not cut_short(case.film):
        return
    video = case.film.probed.video
    declared = video.declared_frames if video else None
    present = case.film.counted.video_packets
    frames = f"，应有{declared:,}帧，实有{present:,}帧" if declared and declared > present else ""
    yield finding(rule, f"文件不完整{frames}", at_s=case.extent_s)


@film_findings.register
def _(rule: Corrupt, case: Screening) -> Iterator[Finding]:
    errors = case.film.decoded.errors
    explained = _ERRORS_OF_A_CUT if cut_short(case.film) else 0
    if errors > rule.max_errors + explained:
        yield finding(rule, f"解码时发现{errors:,}处数据损坏")


@film_findings.register
def _(rule: Padded, case: Screening) -> Iterator[Finding]:
    share = case.film.counted.payload_bytes / max(1, case.film.size_bytes)
    if share < rule.min_payload_share:
        yield finding(rule, f"音视频数据只占文件的{share:.0%}，其余为填充数据")


@film_findings.register
def _(rule: Black, case: Screening) -> Iterator[Finding]:
    yield from _stretches(rule, _at_least(_ended(case.film.decoded.black, case.extent_s), rule.min_s), "黑场")


@film_findings.register
def _(rule: FrozenPicture, case: Screening) -> Iterator[Finding]:
    # A black stretch does not move either; it is reported once, as black.
    frozen = _at_least(_ended(case.film.decoded.frozen, case.extent_s), rule.min_s)
    black = _ended(case.film.decoded.black, case.extent_s)
    yield from _stretches(rule, [span for span in frozen if _shared_s(span, black) < _MOSTLY * _length_s(span)], "画面静止")


@film_findings.register
def _(rule: Silent, case: Screening) -> Iterator[Finding]:
    sound = case.film.decoded.sound
    if sound is None:
        return
    silent = [(start_s, min(until_s, case.extent_s)) for start_s, until_s in silences(sound, rule.below_db)]
    yield from _stretches(rule, _at_least(silent, rule.min_s), "无声")
    names = _CHANNELS.get(len(sound.levels_db), ())
    for channel in dead_channels(sound, rule.below_db):
        name = names[channel] if names else f"第{channel + 1}"
        yield finding(rule, f"{name}声道全程无声", sentence=f"{name}声道全程无声，其他声道有声")


@film_findings.register
def _(rule: AudioMissing, case: Screening) -> Iterator[Finding]:
    if case.film.probed.audio is None:
        yield finding(rule, "文件没有音轨")


@film_findings.register
def _(rule: HeadCard, case: Screening) -> Iterator[Finding]:
    yield _card(rule, case, "片头", (0.0, min(rule.within_s, case.extent_s)))


@film_findings.register
def _(rule: TailCard, case: Screening) -> Iterator[Finding]:
    yield _card(rule, case, "片尾", (max(0.0, case.extent_s - rule.within_s), case.extent_s))


@film_findings.register
def _(rule: Look, _case: Screening) -> Iterator[Finding]:
    yield look_finding(rule)


def look_finding(rule: Look) -> Finding:
    """Return the question that only a person can answer."""
    return finding(rule, "须由人核实", sentence=rule.asked())


def size_findings(rule: FileSize, size_bytes: int, subject: str) -> Iterator[Finding]:
    """Yield what the size on disk breaks."""
    if not rule.met_by(size_bytes):
        yield finding(rule, f"{subject}{rule.shown(size_bytes)}（{size_bytes:,}字节）")


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


def _at_least(spans: Iterable[tuple[float, float]], min_s: float) -> list[tuple[float, float]]:
    return [(start_s, until_s) for start_s, until_s in spans if until_s - start_s >= min_s]


def _length_s(span: tuple[float, float]) -> float:
    return span[1] - span[0]


def _shared_s(span: tuple[float, float], others: list[tuple[float, float]]) -> float:
    """Return how long `span` lies within the others."""
    return sum(max(0.0, min(span[1], until_s) - max(span[0], start_s)) for start_s, until_s in others)


def _ended(spans: tuple[Span, ...], extent_s: float) -> list[tuple[float, float]]:
    return [(span.start_s, extent_s if span.end_s is None else span.end_s) for span in spans]


def _stretches(rule: Black | FrozenPicture | Silent, spans: list[tuple[float, float]], what: str) -> Iterator[Finding]:
    """Yield a finding a stretch; a film with very many gets the first ones and a last one that counts the rest."""
    for start_s, until_s in spans[:_MOST_STRETCHES]:
        text = f"{span_text(start_s, until_s)}{what}"
        yield finding(rule, text, at_s=start_s, until_s=until_s, sentence=text)
    rest = spans[_MOST_STRETCHES:]
    if rest:
        text = f"{clock_text(rest[0][0])}起另有{len(rest):,}段{what}"
        yield finding(rule, text, at_s=rest[0][0], until_s=rest[-1][1], sentence=text)


def _card(rule: HeadCard | TailCard, case: Screening, place: str, window_s: tuple[float, float]) -> Finding:
    shown = "、".join(item.words for item in rule.asked_of(case.unit_type))
    asks = f"应写明{shown}" if shown and not rule.words else rule.asked()
    if window_s == (0.0, case.extent_s):
        measured, where = f"全片画面{span_text(*window_s)}", f"全片只有{duration_text(case.extent_s)}，其中{place}"
    else:
        measured, where = f"{place}画面{span_text(*window_s)}", f"{place}（{span_text(*window_s)}）"
    told = finding(rule, measured, sentence=f"请核对{case.cards}画面：{where}{asks}")
    return told.model_copy(update={"at_s": round(window_s[0], 2), "until_s": round(window_s[1], 2)})
