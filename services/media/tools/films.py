"""Measures a video in stages, each of which can be done again or skipped by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from services.media.domain.measures import Counted, Decoded, Film, Probed, Refused
from services.media.domain.words import kind_text
from services.media.tools import child, magic
from services.media.tools.decode import Plan, decode, draw_sheet
from services.media.tools.facts import counted_from, probed_from
from services.media.tools.probe import DEMUXERS, MAX_PIXELS, PictureTooLargeError, UnreadableError, packets, probe
from services.media.tools.workspace import INPUT

_BASE_CPU_S = 120
_CPU_PER_SECOND = 12
_MIN_WALL_S = 600
_HOUR_S = 3600
MAX_DURATION_S = 4 * _HOUR_S


def probe_film(directory: Path) -> Probed | Refused:
    """Look at `./input` without decoding: by content, then by ffprobe."""
    path = directory / INPUT
    kind = magic.kind_of(path)
    size_bytes = path.stat().st_size
    refused = _refused_by_content(path, kind, size_bytes)
    if refused:
        return refused
    layout = magic.layout_of(path) if kind == "mov" else None
    try:
        probed = probed_from(probe(directory, kind), kind, layout)
    except PictureTooLargeError as large:
        return _too_large(large.width_px, large.height_px, kind, size_bytes)
    except UnreadableError:
        return _unreadable(kind, size_bytes, layout.brand if layout else None, cut_short=bool(layout and layout.cut_short))
    return _strange(probed, size_bytes) or probed


def count_film(directory: Path, probed: Probed) -> Counted | Refused:
    """Count the packets of `./input`."""
    try:
        counted = counted_from(packets(directory, probed.kind), probed)
    except UnreadableError:
        size_bytes = (directory / INPUT).stat().st_size
        return _unreadable(probed.kind, size_bytes, probed.brand, cut_short=probed.cut_short)
    if counted.timing.claimed_s > MAX_DURATION_S:
        # Detectors see five pictures a second of whatever the time stamps claim.
        size_bytes = (directory / INPUT).stat().st_size
        why = f"画面时间超过{MAX_DURATION_S // _HOUR_S}小时，超出可处理的范围"
        return Refused(size_bytes=size_bytes, kind=probed.kind, hostile=True, why=why, brand=probed.brand)
    return counted


def decode_film(
    directory: Path,
    probed: Probed,
    counted: Counted,
    on_share: Callable[[float], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Decoded | Refused:
    """Decode `./input` once. Stills and the contact sheet are left in `directory`.

    Raises EndedEarlyError when the decode was stopped, stalled or took too long: that says nothing of the file.
    """
    if probed.video is None:
        raise ValueError("no video stream")
    length_s = counted.timing.claimed_s
    plan = Plan(probed.kind, probed.video.index, probed.audio.index if probed.audio else None, length_s)
    cpu_s = int(_BASE_CPU_S + _CPU_PER_SECOND * length_s)
    limits = child.Limits(cpu_s=cpu_s, wall_s=max(_MIN_WALL_S, 4.0 * cpu_s), file_bytes=child.GIB)
    try:
        decoded = decode(directory, plan, limits=limits, on_share=on_share, stop=stop)
    except UnreadableError:
        size_bytes = (directory / INPUT).stat().st_size
        return Refused(size_bytes=size_bytes, kind=probed.kind, why="文件中的画面无法解码", brand=probed.brand)
    draw_sheet(directory)
    return decoded


def film_from(probed: Probed, counted: Counted, decoded: Decoded, size_bytes: int) -> Film:
    """Return all that was measured."""
    return Film(size_bytes=size_bytes, probed=probed, counted=counted, decoded=decoded)


def _refused_by_content(path: Path, kind: str, size_bytes: int) -> Refused | None:
    if kind in magic.PLAYLISTS:
        why = f"文件是{kind_text(kind)}，不是视频"
        return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=why)
    stowaway = magic.stowaway_of(path)
    if stowaway:
        return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=f"文件中夹带了{kind_text(stowaway)}")
    if kind not in DEMUXERS:
        why = "文件是空的" if kind == "empty" else f"文件是{kind_text(kind)}，不是视频"
        return Refused(size_bytes=size_bytes, kind=kind, why=why)
    return None


def _strange(probed: Probed, size_bytes: int) -> Refused | None:
    """Refuse a file without pictures, and one whose pictures would eat the memory."""
    video = probed.video
    if video is None:
        return Refused(size_bytes=size_bytes, kind=probed.kind, why="文件中没有画面", brand=probed.brand)
    width, height = video.coded_width_px, video.coded_height_px
    if width * height > MAX_PIXELS:
        return _too_large(width, height, probed.kind, size_bytes)
    if width * height == 0:
        return Refused(size_bytes=size_bytes, kind=probed.kind, why="文件中的画面没有尺寸", brand=probed.brand)
    return None


def _too_large(width_px: int, height_px: int, kind: str, size_bytes: int) -> Refused:
    why = f"画面{width_px}×{height_px}，超出可处理的范围"
    return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=why)


def _unreadable(kind: str, size_bytes: int, brand: str | None, *, cut_short: bool) -> Refused:
    why = "文件不完整，缺少播放所需的索引" if cut_short else "文件内容无法读取"
    return Refused(size_bytes=size_bytes, kind=kind, why=why, cut_short=cut_short, brand=brand)
