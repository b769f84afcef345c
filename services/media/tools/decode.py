"""Decodes a video once, and takes everything from that one pass.

The graph splits the decoded pictures three ways: a small picture at 5 fps for the detectors of black, frozen and cut;
a still every few seconds for people; and, for the true extent, nothing but the time of each frame. The sound goes
through loudness and level meters. The detectors write their findings into frame metadata and from there into files:
a log line could be forged by a title inside the user's file, a file of ours cannot.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import ffmpeg

from services.media.domain.measures import Decoded, Sound, Span, Still, StreamSize
from services.media.domain.timing import timing
from services.media.tools import child
from services.media.tools.probe import UnreadableError, guarded_input
from services.media.tools.progress import Progress
from services.media.tools.workspace import INPUT

TIMES: Final = "times.txt"
SEEN: Final = "seen.txt"
STILLS: Final = "stills.txt"
HEARD: Final = "heard.txt"
SHEET: Final = "sheet.jpg"
STILL_PATTERN: Final = "still-%05d.jpg"
_CELL_PATTERN: Final = "cell-%05d.jpg"

DETECTOR_FPS: Final = 5
SHEET_COLUMNS: Final = 6
SHEET_ROWS: Final = 4
STILL_STEP_S: Final = 2.0
MAX_STILLS: Final = 600
STILL_HEIGHT_PX: Final = 540
_SHEET_CELL_PX: Final = 180
_MIN_FROZEN_S: Final = 1.0
_FREEZE_NOISE: Final = 0.001
_SILENCE_FLOOR_DB: Final = -120.0
_JPEGS: Final = {"f": "image2", "vcodec": "mjpeg", "vsync": "passthrough", "q:v": 4}

_ERROR: Final = re.compile(r"(?:\[[^\]]+\] )*\[(?:error|fatal|panic)\] ")
_RESIZED: Final = re.compile(
    r"\[[^\]]+\] \[info\] filter context - .*incoming frame - w: (\d+) h: (\d+) fmt: -?\d+ pts_time: (\S+)"
)
_FRAME: Final = re.compile(r"frame:\d+ +pts:\S+ +pts_time:(\S+)")
_CHANNEL_PEAK: Final = re.compile(r"lavfi\.astats\.(\d+)\.Peak_level=(\S+)")


@dataclass(frozen=True)
class Plan:
    """What to decode: the streams by their index, and the length the packets promise."""

    kind: str
    video_index: int
    audio_index: int | None
    duration_s: float

    @property
    def still_step_s(self) -> float:
        """The distance of stills: 2 s, closer in a short film, wider in one so long that there would be too many."""
        cells = SHEET_COLUMNS * SHEET_ROWS
        return max(min(STILL_STEP_S, self.duration_s / cells), self.duration_s / MAX_STILLS, 0.04)

    @property
    def sheet_every(self) -> int:
        """How many stills make one cell of the contact sheet."""
        stills = self.duration_s / self.still_step_s
        return max(1, math.ceil(stills / (SHEET_COLUMNS * SHEET_ROWS)))


def decode(
    directory: Path,
    plan: Plan,
    *,
    limits: child.Limits | None = None,
    on_share: Callable[[float], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Decoded:
    """Decode `./input` once and return what was seen and heard; stills and the contact sheet lie in `directory`.

    Damage does not end it: the decoder's complaints are counted. Raises UnreadableError when nothing could be
    decoded or the child had to be ended.
    """
    log = _Log()
    progress = Progress(plan.duration_s, on_share)
    done = child.run(command(plan), directory, limits=limits, on_stdout=progress.take, on_line=log.take, stop=stop)
    times_ms = _times(directory / TIMES)
    if done.ending is not child.Ending.EXITED or not times_ms:
        raise UnreadableError(f"{done.ending}: {'; '.join(done.tail[-3:])}")
    return _decoded(directory, times_ms, log, done)


def command(plan: Plan) -> list[str]:
    """Return the words of the one ffmpeg that does it all."""
    opened = dict(zip(*[iter(guarded_input(plan.kind))] * 2, strict=True))
    # Without re-initialising, a change of size in the stream does not restart the detectors (and empty their files).
    source = ffmpeg.input(INPUT, **{name[1:]: value for name, value in opened.items()}, **{"reinit_filter:v": 0})
    outputs = [*_pictures(source[str(plan.video_index)], plan)]
    if plan.audio_index is not None:
        outputs.append(_sound(source[str(plan.audio_index)]))
    words = ("-nostdin", "-hide_banner", "-loglevel", "repeat+level+info", "-progress", "pipe:1", "-nostats",
             "-stats_period", "0.5", "-filter_complex_threads", "1", "-y")  # fmt: skip
    compiled: list[str] = ffmpeg.merge_outputs(*outputs).global_args(*words).compile()
    return compiled


def _pictures(video: Any, plan: Plan) -> Iterator[Any]:  # noqa: ANN401 ffmpeg-python has no types
    full, small, still = (video.filter_multi_output("split", 3)[n] for n in range(3))
    yield ffmpeg.output(full, TIMES, f="mkvtimestamp_v2", vcodec="wrapped_avframe", vsync="passthrough")
    yield ffmpeg.output(_detectors(small), "-", f="null", vcodec="wrapped_avframe")
    shown, tiled = (_stills(still, plan).filter_multi_output("split", 2)[n] for n in range(2))
    yield ffmpeg.output(shown, STILL_PATTERN, **_JPEGS)
    yield ffmpeg.output(_cells(tiled, plan), _CELL_PATTERN, **_JPEGS)


def _detectors(video: Any) -> Any:  # noqa: ANN401 ffmpeg-python has no types
    """Reduce before the detectors: at full size and rate they cost more than the decode."""
    return (
        video.filter("fps", DETECTOR_FPS)
        .filter("scale", 320, 180, flags="fast_bilinear")
        .filter("blackdetect", d=0.1, pix_th=0.1)
        .filter("freezedetect", n=_FREEZE_NOISE, d=_MIN_FROZEN_S)
        .filter("scdet", t=10, s=0)
        .filter("metadata", mode="print", file=SEEN)
    )


def _stills(video: Any, plan: Plan) -> Any:  # noqa: ANN401 ffmpeg-python has no types
    step_s = plan.still_step_s
    return (
        video.filter("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t,{step_s - 0.005:.3f})")
        .filter("metadata", mode="add", key="laurel", value="still")
        .filter("metadata", mode="print", key="laurel", file=STILLS)
        .filter("scale", f"2*max(1,trunc({STILL_HEIGHT_PX}*dar/2))", STILL_HEIGHT_PX, flags="bilinear")
        .filter("setsar", 1)
        .filter("format", "yuvj420p")
    )


def _cells(stills: Any, plan: Plan) -> Any:  # noqa: ANN401 ffmpeg-python has no types
    return stills.filter("select", f"not(mod(n,{plan.sheet_every}))").filter("scale", -2, _SHEET_CELL_PX)


def draw_sheet(directory: Path) -> None:
    """Lay the cells that `decode` left in `directory` out as one contact sheet.

    It is a run of its own: an output that writes nothing before the end silences the progress of all others.
    """
    cells = ffmpeg.input(_CELL_PATTERN, f="image2", start_number=1)
    tiled = cells.filter("tile", f"{SHEET_COLUMNS}x{SHEET_ROWS}", padding=4, margin=4)
    output = ffmpeg.output(tiled, SHEET, f="image2", vcodec="mjpeg", update=1, **{"q:v": 4, "frames:v": 1})
    words = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
    child.run(output.global_args(*words).compile(), directory, limits=child.Limits(cpu_s=60, wall_s=120))


def _sound(audio: Any) -> Any:  # noqa: ANN401 ffmpeg-python has no types
    """ebur128 cuts the sound into tenths of a second; astats then measures each of them by channel."""
    metered = (
        audio.filter("ebur128", peak="true", metadata=1)
        .filter("astats", metadata=1, reset=1, measure_overall="none", measure_perchannel="Peak_level")
        .filter("ametadata", mode="print", file=HEARD)
    )
    return ffmpeg.output(metered, "-", f="null")


class _Log:
    """Counts the decoder's complaints, and notes each new size of the picture."""

    def __init__(self) -> None:
        self.errors = 0
        self.sizes: list[StreamSize] = []

    def take(self, line: str) -> None:
        if _ERROR.match(line):
            self.errors += 1
            return
        found = _RESIZED.match(line)
        if found:
            self._resized(int(found[1]), int(found[2]), _number(found[3]) or 0.0)

    def _resized(self, width_px: int, height_px: int, at_s: float) -> None:
        """Note a size once: ffmpeg complains of every frame that is not of the first size."""
        known = {(size.width_px, size.height_px) for size in self.sizes}
        if (width_px, height_px) not in known:
            self.sizes.append(StreamSize(width_px=width_px, height_px=height_px, at_s=at_s))


def _decoded(directory: Path, times_ms: list[int], log: _Log, done: child.Exit) -> Decoded:
    cuts, black, frozen = _seen(directory / SEEN)
    return Decoded(
        timing=timing([time / 1000 for time in times_ms]),
        errors=log.errors + (done.code != 0),
        sizes=tuple(log.sizes),
        cuts_s=tuple(cuts),
        black=tuple(black),
        frozen=tuple(frozen),
        stills=tuple(_still_list(directory)),
        sound=_heard(directory / HEARD),
        cpu_s=done.cpu_s,
    )


def _times(path: Path) -> list[int]:
    """Return the time of every decoded frame in milliseconds."""
    if not path.exists():
        return []
    with path.open(encoding="ascii", errors="replace") as rows:
        return [int(row) for row in map(str.strip, rows) if row.removeprefix("-").isdigit()]


def _frames(path: Path) -> Iterator[tuple[float, dict[str, str]]]:
    """Yield the time and the metadata of each frame that a `metadata=print` filter wrote."""
    if not path.exists():
        return
    at_s, told = None, dict[str, str]()
    with path.open(encoding="utf-8", errors="replace") as rows:
        for row in rows:
            found = _FRAME.match(row)
            if not found:
                key, _, value = row.strip().partition("=")
                told[key] = value
                continue
            if at_s is not None:
                yield at_s, told
            at_s, told = _number(found[1]), {}
    if at_s is not None:
        yield at_s, told


def _seen(path: Path) -> tuple[list[float], list[Span], list[Span]]:
    """Return cuts, black and frozen stretches; one that lasts to the end has a start and no end in the file."""
    cuts, black, frozen = list[float](), _Spans(), _Spans()
    for at_s, told in _frames(path):
        if "lavfi.scd.time" in told:
            cuts.append(at_s)
        black.take(told.get("lavfi.black_start"), told.get("lavfi.black_end"))
        frozen.take(told.get("lavfi.freezedetect.freeze_start"), told.get("lavfi.freezedetect.freeze_end"))
    return cuts, black.close(), frozen.close()


class _Spans:
    """Pairs starts with ends."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._start_s: float | None = None

    def take(self, start: str | None, end: str | None) -> None:
        if end is not None and self._start_s is not None:
            self._spans.append(Span(start_s=self._start_s, end_s=_number(end)))
            self._start_s = None
        if start is not None:
            self._start_s = _number(start)

    def close(self) -> list[Span]:
        if self._start_s is not None:
            self._spans.append(Span(start_s=self._start_s))
            self._start_s = None
        return self._spans


def _still_list(directory: Path) -> Iterator[Still]:
    for number, (at_s, _) in enumerate(_frames(directory / STILLS), start=1):
        name = STILL_PATTERN % number
        if (directory / name).exists():
            yield Still(at_s=at_s, name=name)


def _heard(path: Path) -> Sound | None:
    """Return loudness and the level of each tenth of a second by channel; None without sound."""
    peaks = dict[int, list[float]]()
    loudness, true_peak = None, None
    for _, told in _frames(path):
        loudness = _number(told.get("lavfi.r128.I", "")) or loudness
        loudest = [_number(value) for key, value in told.items() if key.startswith("lavfi.r128.true_peaks_ch")]
        true_peak = max((value for value in loudest if value is not None), default=true_peak)
        for key, value in told.items():
            found = _CHANNEL_PEAK.match(f"{key}={value}")
            if found:
                peaks.setdefault(int(found[1]), []).append(_level(value))
    if not peaks:
        return None
    return Sound(
        step_s=0.1,
        levels_db=tuple(tuple(levels) for _, levels in sorted(peaks.items())),
        loudness_lufs=loudness,
        true_peak_dbtp=_decibel(true_peak),
    )


def _level(text: str) -> float:
    value = _number(text)
    return _SILENCE_FLOOR_DB if value is None else round(max(value, _SILENCE_FLOOR_DB), 1)


def _decibel(linear: float | None) -> float | None:
    """Return the decibels of a linear peak, which is how ebur128 writes it into metadata."""
    return None if linear is None or linear <= 0 else round(20 * math.log10(linear), 1)


def _number(text: str) -> float | None:
    """Return a finite number, or None for `nan`, `-inf` and nothing."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
