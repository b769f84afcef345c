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

from services.media.domain.measures import Decoded, StreamSize
from services.media.domain.timing import timing
from services.media.tools import child
from services.media.tools.detections import heard, number, seen, stills, times_ms
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
_MIN_FROZEN_S: Final = 0.3
_FREEZE_NOISE: Final = 0.001
_JPEGS: Final = {"f": "image2", "vcodec": "mjpeg", "vsync": "passthrough", "q:v": 4}

_ERROR: Final = re.compile(r"(?:\[[^\]]+\] )*\[(?:error|fatal|panic)\] ")
_RESIZED: Final = re.compile(
    r"\[[^\]]+\] \[info\] filter context - .*incoming frame - w: (\d+) h: (\d+) fmt: -?\d+ pts_time: (\S+)"
)


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
    shown_ms = times_ms(directory / TIMES)
    child.demand_end(done)
    if not shown_ms:
        raise UnreadableError("; ".join(done.tail[-3:]))
    return _decoded(directory, shown_ms, log, done)


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


def _pictures(video: Any, plan: Plan) -> Iterator[Any]:
    full, small, still = (video.filter_multi_output("split", 3)[n] for n in range(3))
    yield ffmpeg.output(full, TIMES, f="mkvtimestamp_v2", vcodec="wrapped_avframe", vsync="passthrough")
    yield ffmpeg.output(_detectors(small), "-", f="null", vcodec="wrapped_avframe")
    shown, tiled = (_stills(still, plan).filter_multi_output("split", 2)[n] for n in range(2))
    yield ffmpeg.output(shown, STILL_PATTERN, **_JPEGS)
    yield ffmpeg.output(_cells(tiled, plan), _CELL_PATTERN, **_JPEGS)


def _detectors(video: Any) -> Any:
    """Reduce before the detectors: at full size and rate they cost more than the decode."""
    return (
        video.filter("fps", DETECTOR_FPS)
        .filter("scale", 320, 180, flags="fast_bilinear")
        .filter("blackdetect", d=0.1, pix_th=0.1)
        .filter("freezedetect", n=_FREEZE_NOISE, d=_MIN_FROZEN_S)
        .filter("scdet", t=10, s=0)
        .filter("metadata", mode="print", file=SEEN)
    )


def _stills(video: Any, plan: Plan) -> Any:
    step_s = plan.still_step_s
    return (
        video.filter("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t,{step_s - 0.005:.3f})")
        .filter("metadata", mode="add", key="laurel", value="still")
        .filter("metadata", mode="print", key="laurel", file=STILLS)
        .filter("scale", f"2*max(1,trunc({STILL_HEIGHT_PX}*dar/2))", STILL_HEIGHT_PX, flags="bilinear")
        .filter("setsar", 1)
        .filter("format", "yuvj420p")
    )


def _cells(stills: Any, plan: Plan) -> Any:
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


def _sound(audio: Any) -> Any:
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
            self._resized(int(found[1]), int(found[2]), number(found[3]) or 0.0)

    def _resized(self, width_px: int, height_px: int, at_s: float) -> None:
        """Note a size once: ffmpeg complains of every frame that is not of the first size."""
        known = {(size.width_px, size.height_px) for size in self.sizes}
        if (width_px, height_px) not in known:
            self.sizes.append(StreamSize(width_px=width_px, height_px=height_px, at_s=at_s))


def _decoded(directory: Path, shown_ms: list[int], log: _Log, done: child.Exit) -> Decoded:
    cuts, black, frozen = seen(directory / SEEN)
    return Decoded(
        timing=timing([time / 1000 for time in shown_ms]),
        errors=log.errors + (done.code != 0),
        sizes=tuple(log.sizes),
        cuts_s=tuple(cuts),
        black=tuple(black),
        frozen=tuple(frozen),
        stills=tuple(stills(directory, STILLS, STILL_PATTERN)),
        sound=heard(directory / HEARD),
        cpu_s=done.cpu_s,
    )
