"""Makes the web preview: the streams copied into a file that starts at once, or encoded anew in one decode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import ffmpeg

from services.media.domain.measures import Probed
from services.media.domain.preview import MAX_WEB_HEIGHT_PX
from services.media.tools import child
from services.media.tools.probe import UnreadableError, guarded_input, probe
from services.media.tools.progress import Progress
from services.media.tools.workspace import INPUT

PREVIEW: Final = "preview.mp4"
_UNFINISHED: Final = "preview.part"
_COPY_CPU_S: Final = 600
_BASE_CPU_S: Final = 300
_CPU_PER_SECOND: Final = 30


class NotMadeError(Exception):
    """The preview could not be made. Carries the program's last words, for the log only."""


def remux(directory: Path, probed: Probed, size_bytes: int) -> Path:
    """Copy the streams of `./input` into `preview.mp4` with its index in front. Raises NotMadeError."""
    source = _source(probed)
    copied = ffmpeg.output(*_streams(source, probed), _UNFINISHED, c="copy", **_WEB)
    limits = child.Limits(cpu_s=_COPY_CPU_S, file_bytes=size_bytes + (64 << 20), address_bytes=child.GIB)
    return _made(directory, copied, limits, Progress(1.0, lambda _: None), lambda: False)


def encode(
    directory: Path,
    probed: Probed,
    duration_s: float,
    on_share: Callable[[float], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Encode `./input` as H.264 of at most 1080 lines and AAC into `preview.mp4`, in one decode.

    Raises NotMadeError.
    """
    source = _source(probed)
    video, *audio = _streams(source, probed)
    encoded = ffmpeg.output(_fitted(video), *audio, _UNFINISHED, **_ENCODED, **_WEB)
    cpu_s = int(_BASE_CPU_S + _CPU_PER_SECOND * duration_s)
    limits = child.Limits(cpu_s=cpu_s, wall_s=4.0 * cpu_s, address_bytes=4 * child.GIB)
    return _made(directory, encoded, limits, Progress(duration_s, on_share), stop)


_WEB: Final = {"f": "mp4", "movflags": "+faststart", "map_metadata": "-1", "map_chapters": "-1"}
_ENCODED: Final = {
    "vcodec": "libx264",
    "preset": "veryfast",
    "crf": 23,
    "maxrate": "6M",
    "bufsize": "12M",
    "pix_fmt": "yuv420p",
    "g": 50,
    "acodec": "aac",
    "b:a": "128k",
    "ac": 2,
}


def _source(probed: Probed) -> Any:
    opened = dict(zip(*[iter(guarded_input(probed.kind))] * 2, strict=True))
    return ffmpeg.input(INPUT, **{name[1:]: value for name, value in opened.items()})


def _streams(source: Any, probed: Probed) -> list[Any]:
    indexes = [track.index for track in (probed.video, probed.audio) if track]
    return [source[str(index)] for index in indexes]


def _fitted(video: Any) -> Any:
    """Square pixels, at most 1080 lines on the shorter side, even numbers."""
    shorter = f"min({MAX_WEB_HEIGHT_PX},min(ih,ih*dar))"
    return video.filter(
        "scale",
        f"2*max(1,trunc(if(gte(dar,1),{shorter}*dar,{shorter})/2))",
        f"2*max(1,trunc(if(gte(dar,1),{shorter},{shorter}/dar)/2))",
    ).filter("setsar", 1)


def _made(
    directory: Path,
    output: Any,
    limits: child.Limits,
    progress: Progress,
    stop: Callable[[], bool],
) -> Path:
    """Run, then look at the result before it gets its name: an ffmpeg that is told to end leaves a short valid file."""
    words = ("-nostdin", "-hide_banner", "-loglevel", "error", "-progress", "pipe:1", "-nostats", "-y")
    done = child.run(output.global_args(*words).compile(), directory, limits=limits, on_stdout=progress.take, stop=stop)
    made = directory / _UNFINISHED
    child.demand_end(done)
    if not done.ok or not made.exists():
        raise NotMadeError("; ".join(done.tail[-3:]))
    _probe_made(directory, made)
    return made.rename(directory / PREVIEW)


def _probe_made(directory: Path, made: Path) -> None:
    try:
        described = probe(directory, "mov", name=made.name)
    except UnreadableError as unreadable:
        raise NotMadeError(str(unreadable)) from unreadable
    if not any(stream.get("codec_type") == "video" for stream in described["streams"]):
        raise NotMadeError("no video in the preview")
