"""Measures a photo: Pillow in a child of its own reads it, ffmpeg counts the damage that Pillow forgives."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from services.media.domain.measures import DotsPerInch, Photo, Refused
from services.media.domain.words import kind_text
from services.media.tools import child, magic
from services.media.tools.workspace import INPUT

PHOTO_PREVIEW: Final = "preview.jpg"
_READER: Final = Path(__file__).with_name("photo_reader.py")
_LIMITS: Final = child.Limits(cpu_s=120, wall_s=180, stall_s=180, file_bytes=64 << 20, address_bytes=2 * child.GIB)
_READ_KINDS: Final = frozenset({"jpeg", "png", "tiff", "webp", "bmp", "gif"})
_PIPES: Final = {"jpeg": "jpeg_pipe", "png": "png_pipe"}
_DAMAGE: Final = re.compile(r"(?:\[[^\]]+\] )*\[(?:error|fatal|panic|warning)\] ")
_MAX_PIXELS: Final = 120_000_000


def measure_photo(directory: Path) -> Photo | Refused:
    """Measure `./input`; a small upright copy without metadata is left as `preview.jpg` where it can be read."""
    path = directory / INPUT
    kind = magic.kind_of(path)
    size_bytes = path.stat().st_size
    refused = _refused_by_content(path, kind, size_bytes)
    if refused:
        return refused
    told = _read(directory)
    if "bomb" in told:
        why = "图片像素过多，超出可处理的范围"
        return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=why)
    if "unreadable" in told:
        return Refused(size_bytes=size_bytes, kind=kind, why="图片内容无法读取")
    return _photo(told, kind, size_bytes, _errors(directory, kind))


def _refused_by_content(path: Path, kind: str, size_bytes: int) -> Refused | None:
    if kind in magic.PLAYLISTS:
        return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=f"文件是{kind_text(kind)}，不是照片")
    stowaway = magic.stowaway_of(path)
    if stowaway:
        return Refused(size_bytes=size_bytes, kind=kind, hostile=True, why=f"文件中夹带了{kind_text(stowaway)}")
    if kind not in _READ_KINDS:
        why = "文件是空的" if kind == "empty" else f"文件是{kind_text(kind)}，不是照片"
        return Refused(size_bytes=size_bytes, kind=kind, why=why)
    return None


def _read(directory: Path) -> dict[str, Any]:
    said = bytearray()

    def take(chunk: bytes) -> bool:
        said.extend(chunk[: 1 << 16])
        return True

    # -I: nothing of the user's environment or directory is imported.
    argv = (sys.executable, "-I", str(_READER), INPUT, PHOTO_PREVIEW)
    done = child.run(argv, directory, limits=_LIMITS, on_stdout=take)
    if not done.ok:
        return {"unreadable": f"{done.ending} {done.code}"}
    told: dict[str, Any] = json.loads(said)
    return told


def _errors(directory: Path, kind: str) -> int:
    """Return how often ffmpeg complains: Pillow loads hundreds of wrong bytes in silence."""
    if kind not in _PIPES:
        return 0
    complaints: list[str] = []

    def take(line: str) -> None:
        if _DAMAGE.match(line):
            complaints.append(line)

    argv = ("ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "repeat+level+error", "-protocol_whitelist", "file",
            "-f", _PIPES[kind], "-max_pixels", str(_MAX_PIXELS), "-i", INPUT, "-f", "null", "-")  # fmt: skip
    child.run(argv, directory, limits=_LIMITS, on_line=take)
    return len(complaints)


def _photo(told: dict[str, Any], kind: str, size_bytes: int, errors: int) -> Photo:
    return Photo(
        size_bytes=size_bytes,
        kind=kind,
        width_px=told["width_px"],
        height_px=told["height_px"],
        dpi=DotsPerInch(jfif_dpi=told["jfif_dpi"], exif_dpi=told["exif_dpi"]),
        payload_bytes=told["payload_bytes"],
        truncated=told["truncated"],
        errors=max(errors, int(told["damaged"])),
    )
