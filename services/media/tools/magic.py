"""Tells what a file is by its first bytes, and walks the top-level boxes of an MP4 without decoding anything."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

HEAD_BYTES: Final = 4096
_MAX_BOXES: Final = 4096
_BOX_HEADER: Final = struct.Struct(">I4s")
_LARGE_SIZE: Final = struct.Struct(">Q")
_MOV_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_PREFIXES: Final = (
    (b"\x1aE\xdf\xa3", "matroska"),
    (b"FLV", "flv"),
    (b"0&\xb2u\x8ef\xcf\x11", "asf"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"OggS", "ogg"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"%PDF", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"Rar!", "rar"),
    (b"MZ", "exe"),
)
_PLAYLISTS: Final = ((b"#EXTM3U", "hls"), (b"ffconcat", "ffconcat"), (b"[playlist]", "pls"), (b"v=0", "sdp"))
_STOWAWAYS: Final = (
    (b"%pdf-", "pdf"),
    (b"#extm3u", "hls"),
    (b"<html", "html"),
    (b"<script", "html"),
    (b"<?php", "html"),
    (b"<svg", "svg"),
)
_STOWAWAY_HEAD_BYTES: Final = 1024
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_END_BYTES: Final = 22
_ZIP_TAIL_BYTES: Final = _ZIP_END_BYTES + 0xFFFF
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
PLAYLISTS: Final = frozenset({"hls", "ffconcat", "pls", "sdp", "dash", "svg", "xml"})


@dataclass(frozen=True)
class Layout:
    """The top-level boxes of an MP4 as they lie in the file.

    `brand` is the major brand of `ftyp`, None without one. `cut_short` tells that a box reaches past the end of the
    file or that the index (`moov`) is missing; `filler_bytes` are `free` and `skip` boxes and bytes that are no box.
    """

    brand: str | None
    has_index: bool
    index_first: bool
    cut_short: bool
    filler_bytes: int


def kind_of(path: Path) -> str:
    """Return the kind of file by content: "mov" for the MP4 family, else its common name.

    "hls", "text", "empty" are kinds, too; "unknown" where nothing is recognised. Raises OSError when the file cannot
    be read.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return kind_of_head(head)


def kind_of_head(head: bytes) -> str:
    """Return the kind that the first bytes show."""
    if not head:
        return "empty"
    return _boxed(head) or _prefixed(head) or _written(head) or "unknown"


def layout_of(path: Path) -> Layout:
    """Return how the boxes of an MP4 lie. Raises OSError when the file cannot be read."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        boxes = list(_boxes(file, size_bytes))
        brand = _brand(file, boxes)
    names = [name for name, _, _ in boxes]
    end = max((start + length for _, start, length in boxes), default=0)
    return Layout(
        brand=brand,
        has_index=b"moov" in names,
        index_first=b"moov" in names and (b"mdat" not in names or names.index(b"moov") < names.index(b"mdat")),
        cut_short=end > size_bytes or b"moov" not in names,
        filler_bytes=max(0, size_bytes - end) + sum(n for name, _, n in boxes if name in {b"free", b"skip"}),
    )


def stowaway_of(path: Path) -> str | None:
    """Return the kind of a second file hidden in this one: an archive behind it, a page or script at its start.

    A motion photo's film behind the picture is none. Raises OSError when the file cannot be read.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_STOWAWAY_HEAD_BYTES)
        file.seek(max(0, size_bytes - _ZIP_TAIL_BYTES))
        tail = file.read()
    found = next((kind for word, kind in _STOWAWAYS if word in head.lower()), None)
    if found and not head.lower().startswith(b"%pdf"):
        return found
    return "zip" if not head.startswith(b"PK") and _ends_as_zip(tail) else None


def _ends_as_zip(tail: bytes) -> bool:
    """Tell whether a zip's closing record ends exactly at the end of the file, as an unpacker looks for it."""
    at = tail.rfind(_ZIP_END)
    if at < 0 or len(tail) - at < _ZIP_END_BYTES:
        return False
    comment_bytes = int.from_bytes(tail[at + 20 : at + 22], "little")
    return at + _ZIP_END_BYTES + comment_bytes == len(tail)


def _boxed(head: bytes) -> str | None:
    """Tell the ISO base media family, whose boxes have a length before their name."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "heif" if brand in _HEIF_BRANDS else "avif" if brand in _AVIF_BRANDS else "mov"
    return "mov" if head[4:8] in _MOV_BOXES and len(head) > _BOX_HEADER.size else None


def _prefixed(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return {b"AVI ": "avi", b"WEBP": "webp"}.get(head[8:12], "riff")
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        return "mpegts"
    return next((kind for prefix, kind in _PREFIXES if head.startswith(prefix)), None)


def _written(head: bytes) -> str | None:
    """Tell text, and among it the kinds that make a player open something else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    listed = next((kind for word, kind in _PLAYLISTS if start.startswith(word)), None)
    if listed:
        return listed
    if start.startswith((b"<", b"\xff\xfe<")):
        return "svg" if b"<svg" in head else "dash" if b"<MPD" in head else "xml"
    printable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in head)  # noqa: PLR2004 the first printable ASCII code
    return "text" if printable == len(head) else None


def _boxes(file: BinaryIO, size_bytes: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start, length) of each top-level box; stop at what cannot be one."""
    start = 0
    for _ in range(_MAX_BOXES):
        file.seek(start)
        header = file.read(_BOX_HEADER.size)
        if len(header) < _BOX_HEADER.size:
            return
        length, name = _BOX_HEADER.unpack(header)
        if length == 1:
            large = file.read(_LARGE_SIZE.size)
            length = _LARGE_SIZE.unpack(large)[0] if len(large) == _LARGE_SIZE.size else 0
        elif length == 0:
            length = size_bytes - start
        if length < _BOX_HEADER.size or not name.isalnum():
            return
        yield name, start, length
        start += length


def _brand(file: BinaryIO, boxes: list[tuple[bytes, int, int]]) -> str | None:
    found = next((start for name, start, _ in boxes if name == b"ftyp"), None)
    if found is None:
        return None
    file.seek(found + _BOX_HEADER.size)
    return file.read(4).decode("latin-1")
