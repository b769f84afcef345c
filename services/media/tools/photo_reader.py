"""Reads one photo in a process of its own and prints what it is as JSON; run as a script, never imported by a server.

Usage: photo_reader.py INPUT PREVIEW. Exit code 0 with a JSON line, also for a picture that is broken.
"""

from __future__ import annotations

import json
import re
import struct
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# Each plugin loaded here keeps Pillow from loading all its forty others. A picture of "MPO" is opened by "JPEG".
from PIL import (
    BmpImagePlugin,  # noqa: F401 - loading it is its use
    ExifTags,
    GifImagePlugin,  # noqa: F401 - as above
    Image,
    ImageOps,
    JpegImagePlugin,  # noqa: F401 - as above
    MpoImagePlugin,  # noqa: F401 - as above
    PngImagePlugin,  # noqa: F401 - as above
    TiffImagePlugin,  # noqa: F401 - as above
    WebPImagePlugin,  # noqa: F401 - as above
)

MAX_PIXELS: Final = 120_000_000
_FORMATS: Final = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF")
_PREVIEW_PX: Final = 1600
_STRIP_BYTES, _TILE_BYTES = 279, 325
_INCH, _CENTIMETRE = 2, 3
_CM_PER_INCH: Final = 2.54
_JFIF_INCH, _JFIF_CENTIMETRE = 1, 2
# A marker ends coded data unless it is a stuffed zero, a restart or a fill byte.
_NEXT_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_BARE_MARKERS: Final = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
_SCAN, _END = 0xDA, 0xD9


def main(name: str, preview: str) -> None:
    """Print the measures of the picture `name`; write a small upright copy without metadata to `preview`."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    data = Path(name).read_bytes()
    try:
        told = _opened(name, data, preview)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
        told = {"bomb": str(bomb)}
    except Exception as broken:  # noqa: BLE001 a decoder fed with anything may raise anything, and all of it means unreadable
        told = {"unreadable": f"{type(broken).__name__}: {broken}"}
    print(json.dumps(told))  # noqa: T201 its answer


def _opened(name: str, data: bytes, preview: str) -> dict[str, Any]:
    with Image.open(name, formats=_FORMATS) as picture:
        told = _described(picture, data)
    told |= {"truncated": False, "damaged": _fails_verification(name)}
    try:
        with Image.open(name, formats=_FORMATS) as picture:
            picture.load()
            _write_preview(picture, preview)
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as broken:
        told |= {"truncated": "truncated" in str(broken), "damaged": True}
    return told


def _described(picture: Image.Image, data: bytes) -> dict[str, Any]:
    exif = _exif(picture)
    width, height = picture.size
    turned = exif.get(ExifTags.Base.Orientation) in {5, 6, 7, 8}
    return {
        "format": picture.format,
        "width_px": height if turned else width,
        "height_px": width if turned else height,
        "jfif_dpi": _jfif_dpi(picture),
        "exif_dpi": _exif_dpi(exif, picture),
        "payload_bytes": _payload_bytes(picture.format, picture, data),
    }


def _exif(picture: Image.Image) -> Image.Exif:
    """Return the EXIF; a PNG loads all its pixels to find it, which a broken one cannot."""
    try:
        return picture.getexif()
    except (OSError, SyntaxError, ValueError):
        return Image.Exif()


def _fails_verification(name: str) -> bool:
    """PNG checksums are looked at by `verify` alone."""
    try:
        with Image.open(name, formats=_FORMATS) as picture:
            picture.verify()
    except Exception:  # noqa: BLE001 whatever it raises is the answer
        return True
    return False


def _jfif_dpi(picture: Image.Image) -> float | None:
    """Return the mark in the file's own header: JFIF's density, PNG's pHYs. Without a unit it is no mark."""
    if picture.format == "PNG":
        dpi = picture.info.get("dpi")
        return float(dpi[0]) if dpi and dpi[0] > 0 else None
    density, unit = picture.info.get("jfif_density"), picture.info.get("jfif_unit")
    if not density or density[0] <= 0:
        return None
    return {_JFIF_INCH: float(density[0]), _JFIF_CENTIMETRE: density[0] * _CM_PER_INCH}.get(unit or 0)


def _exif_dpi(exif: Image.Exif, picture: Image.Image) -> float | None:
    """Return EXIF's (for TIFF: its own) XResolution in dots per inch; 300/0 and a missing unit mean unknown."""
    tags: Any = _tiff_tags(picture) if picture.format == "TIFF" else exif
    unit = tags.get(ExifTags.Base.ResolutionUnit)
    value = _rational(tags.get(ExifTags.Base.XResolution))
    if value is None or value <= 0:
        return None
    return {_INCH: value, _CENTIMETRE: value * _CM_PER_INCH}.get(unit)


def _tiff_tags(picture: Image.Image) -> Any:
    return getattr(picture, "tag_v2", {})


def _rational(value: Any) -> float | None:
    if value is None or getattr(value, "denominator", 1) == 0:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if number == number and number < 1e6 else None  # noqa: PLR0124, PLR2004 nan, and no printer has that


def _payload_bytes(kind: str | None, picture: Image.Image, data: bytes) -> int:
    if kind in {"JPEG", "MPO"}:
        return sum(_coded_lengths(data))
    if kind == "PNG":
        return sum(length for name, length in _chunks(data) if name == b"IDAT")
    if kind == "TIFF":
        tags = _tiff_tags(picture)
        counts = tags.get(_STRIP_BYTES) or tags.get(_TILE_BYTES) or ()
        return min(len(data), sum(counts) if isinstance(counts, tuple) else int(counts))
    return len(data)


def _coded_lengths(data: bytes) -> Iterator[int]:
    """Yield the length of each scan's entropy-coded bytes, of the first picture in the file."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 the byte that starts a marker
        marker = data[at + 1]
        if marker == _END:
            return
        if marker in _BARE_MARKERS or marker == 0xFF:  # noqa: PLR2004 a fill byte
            at += 1 if marker == 0xFF else 2  # noqa: PLR2004 a fill byte
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _SCAN:
            found = _NEXT_MARKER.search(data, at)
            end = found.start() if found else len(data)
            yield end - at
            at = end


def _chunks(data: bytes) -> Iterator[tuple[bytes, int]]:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        yield name, min(length, len(data) - at - 8)
        if name == b"IEND":
            return
        at += 12 + length


def _write_preview(picture: Image.Image, preview: str) -> None:
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((_PREVIEW_PX, _PREVIEW_PX))
    upright.convert("RGB").save(preview, "JPEG", quality=85)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
