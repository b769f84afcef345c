"""Asks ffprobe what a file says of itself, and counts its packets; nothing is decoded."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.media.tools import child
from services.media.tools.workspace import INPUT

DEMUXERS: Final = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}
MAX_PIXELS: Final = 36_000_000
_MAX_JSON_BYTES: Final = 4 << 20
_LIMITS: Final = child.Limits(cpu_s=120, wall_s=300, stall_s=90, file_bytes=64 << 20, address_bytes=child.GIB)
_TOO_LARGE: Final = re.compile(r"Picture size (\d+)x(\d+) (?:exceeds|is invalid)")
_FIELDS: Final = "stream_index,pts,dts,duration,size,flags"


class UnreadableError(Exception):
    """The file cannot be read as what its first bytes promise. Carries the program's last words, for the log only."""


class PictureTooLargeError(UnreadableError):
    """A picture of the file has more pixels than are decoded here."""

    def __init__(self, width_px: int, height_px: int) -> None:
        super().__init__(f"{width_px}x{height_px} pixels")
        self.width_px = width_px
        self.height_px = height_px


def guarded_input(kind: str) -> list[str]:
    """Return the words that open `./input` and nothing else: one demuxer, one protocol, a bound on pixels."""
    return [
        "-protocol_whitelist", "file",
        "-format_whitelist", DEMUXERS[kind],
        "-f", DEMUXERS[kind].split(",")[0],
        "-max_pixels", str(MAX_PIXELS),
    ]  # fmt: skip


def probe(directory: Path, kind: str, name: str = INPUT) -> dict[str, Any]:
    """Return ffprobe's JSON of `./input` (or another file of ours there): format and streams.

    Raises UnreadableError.
    """
    wanted = ("-show_format", "-show_streams", "-of", "json")
    told = _Bounded(_MAX_JSON_BYTES)
    done = child.run(_ffprobe(kind, wanted, name=name), directory, limits=_LIMITS, on_stdout=told.take)
    if not done.ok or told.overflown:
        raise _refused(done)
    described: dict[str, Any] = json.loads(told.data)
    if not described.get("streams"):
        raise UnreadableError("no streams")
    return described


@dataclass
class Packets:
    """The packets of one stream in the order they lie in the file, times in the stream's own ticks."""

    pts: list[int] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    count: int = 0
    damaged: int = 0
    payload_bytes: int = 0


def packets(directory: Path, kind: str) -> dict[int, Packets]:
    """Return the packets of each stream, counted in one pass that ignores edit lists. Raises UnreadableError.

    A packet that the file ends in the middle of is damaged and not counted. Edit lists are ignored because a
    trimmed film legitimately shows fewer frames than it holds.
    """
    counted = _Counted()
    argv = _ffprobe(kind, ("-show_packets", "-show_entries", f"packet={_FIELDS}", "-of", "csv=p=0"), edits=False)
    done = child.run(argv, directory, limits=_LIMITS, on_stdout=counted.take)
    counted.close()
    if not done.ok:
        raise _refused(done)
    return counted.streams


def _refused(done: child.Exit) -> UnreadableError:
    child.demand_end(done)
    found = next(filter(None, map(_TOO_LARGE.search, done.tail)), None)
    if found:
        return PictureTooLargeError(int(found[1]), int(found[2]))
    return UnreadableError("; ".join(done.tail[-3:]) or done.ending)


def _ffprobe(kind: str, wanted: Sequence[str], *, edits: bool = True, name: str = INPUT) -> list[str]:
    ignoring = [] if edits or kind != "mov" else ["-ignore_editlist", "1"]
    return ["ffprobe", "-v", "error", *guarded_input(kind), *ignoring, *wanted, name]


class _Bounded:
    """Keeps what a child writes up to a bound."""

    def __init__(self, max_bytes: int) -> None:
        self.data = bytearray()
        self.overflown = False
        self._max_bytes = max_bytes

    def take(self, chunk: bytes) -> bool:
        room = self._max_bytes - len(self.data)
        self.overflown |= len(chunk) > room
        self.data += chunk[:room]
        return not self.overflown


class _Counted:
    """Reads ffprobe's packet rows as they come."""

    def __init__(self) -> None:
        self.streams: dict[int, Packets] = {}
        self._rest = b""

    def take(self, chunk: bytes) -> bool:
        *rows, self._rest = (self._rest + chunk).split(b"\n")
        for row in rows:
            self._row(row)
        return True

    def close(self) -> None:
        self._row(self._rest)

    def _row(self, row: bytes) -> None:
        cells = row.decode("ascii", "replace").split(",")
        if len(cells) < _FIELDS.count(",") + 1 or not cells[0].isdigit():
            return
        index, pts, dts, duration, size, flags = cells[:6]
        stream = self.streams.setdefault(int(index), Packets())
        if "C" in flags:
            stream.damaged += 1
            return
        stream.count += 1
        stream.payload_bytes += int(size)
        stream.pts.append(_ticks(pts, _ticks(dts, 0)))
        stream.durations.append(_ticks(duration, 0))


def _ticks(text: str, otherwise: int) -> int:
    return int(text) if text.removeprefix("-").isdigit() else otherwise
