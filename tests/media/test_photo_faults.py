"""What a photo may hide, under the rules of a national notice."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from services.campaigns.findings import Finding, Severity
from services.campaigns.slots import Corrupt, FileSize, Look, Padded, PhotoDpi, PhotoFormat, PhotoPixels, Truncated

Judged = Callable[..., tuple[Finding, ...]]
CITE = "三（二）1（2）"
WHOLE = (Truncated(cite=CITE), Corrupt(cite=CITE), Padded(cite=CITE))
TAG = PhotoDpi(min_dpi=300, read="tag", cite=CITE)


def picture(width: int = 413, height: int = 579) -> Image.Image:
    noise = Image.effect_noise((width, height), 60)
    return Image.merge("RGB", (noise, noise.rotate(180), noise))


def jpeg(**words: object) -> bytes:
    kept = io.BytesIO()
    picture().save(kept, "JPEG", **{"quality": 90, "dpi": (300, 300), **words})
    return kept.getvalue()


@pytest.fixture
def photo(tmp_path: Path, judged: Judged) -> Callable[..., tuple[Finding, ...]]:
    def check(data: bytes, *rules: object) -> tuple[Finding, ...]:
        path = tmp_path / f"{zlib.crc32(data)}.jpg"
        path.write_bytes(data)
        return judged(path, *rules, medium="photo", label="证件照")

    return check


def checks(findings: tuple[Finding, ...]) -> list[str]:
    return [found.check for found in findings]


def test_a_good_photo_passes(photo: Judged) -> None:
    rules = (PhotoFormat(formats=("jpeg",), cite=CITE), PhotoPixels(min_long_side_px=500, cite=CITE), TAG, *WHOLE)
    assert photo(jpeg(), *rules) == ()


def test_the_words_of_the_story(photo: Judged) -> None:
    rules = (
        FileSize(min_bytes="5MB", base="decimal", severity=Severity.WARN, cite=CITE),
        PhotoDpi(min_dpi=301, read="print_size", print_mm="35×49", cite=CITE),
        Look(item="bare", question="免冠", cite=CITE),
    )
    data = jpeg(dpi=(72, 72))
    size, dpi, look = photo(data, *rules)
    assert size.message == f"证件照{len(data) / 1e6:.2f}MB（{len(data):,}字节），应不小于5MB（本活动按5,000,000字节）（{CITE}）"
    assert size.severity is Severity.WARN
    assert dpi.message == f"标注72dpi，按35×49毫米计算约300dpi，应不低于301dpi（{CITE}）"
    assert (look.severity, look.message) == (Severity.ASK, f"请人工核实：免冠（{CITE}）")


def test_a_png_called_jpg(photo: Judged) -> None:
    kept = io.BytesIO()
    picture().save(kept, "PNG")
    (found,) = photo(kept.getvalue(), PhotoFormat(formats=("jpeg",), cite=CITE))
    assert found.message == f"证件照格式为PNG，应为jpg（{CITE}）"


def test_a_heif_called_jpg(photo: Judged) -> None:
    data = struct.pack(">I", 24) + b"ftypheic" + bytes(12)
    (found,) = photo(data, PhotoFormat(formats=("jpeg",), cite=CITE))
    assert (found.check, found.measured) == ("photo_format", "证件照格式为HEIF")


def exif(dpi: tuple[int, int], unit: int) -> bytes:
    """EXIF by hand: an XResolution of any fraction, which Pillow itself would refuse to write."""
    tags = struct.pack("<HHHIIHHII", 2, 0x011A, 5, 1, 38, 0x0128, 3, 1, unit)
    return b"Exif\x00\x00II*\x00" + struct.pack("<I", 8) + tags + struct.pack("<III", 0, *dpi)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ({"dpi": (300, 300)}, []),
        ({"dpi": (72, 72)}, ["block"]),
        ({"dpi": (0, 0)}, ["block"]),
        ({"dpi": (0, 0), "exif": exif((300, 1), 2)}, []),
        ({"dpi": (0, 0), "exif": exif((2997, 10), 2)}, []),
        ({"dpi": (0, 0), "exif": exif((300, 0), 2)}, ["block"]),
        ({"dpi": (0, 0), "exif": exif((300, 1), 1)}, ["block"]),
        ({"dpi": (0, 0), "exif": exif((119, 1), 3)}, []),
        ({"dpi": (72, 72), "exif": exif((300, 1), 2)}, ["ask"]),
        ({"dpi": (300, 300), "exif": exif((72, 1), 2)}, ["ask"]),
    ],
)
def test_both_marks_of_dpi_are_read(photo: Judged, words: dict[str, object], answer: list[str]) -> None:
    tolerant = PhotoDpi(min_dpi=300, read="tag", cite=CITE)
    found = photo(jpeg(**words), tolerant)
    assert [each.severity.value for each in found] == answer
    if answer == ["ask"]:
        assert "JFIF标注" in found[0].measured
        assert "EXIF标注" in found[0].measured


def test_a_turned_photo_is_judged_upright(photo: Judged) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    (found,) = photo(jpeg(exif=turned), PhotoPixels(min_short_side_px=1000, cite=CITE))
    assert found.measured == "证件照579×413像素"


def test_a_photo_cut_short_is_found_though_it_verifies(photo: Judged) -> None:
    data = jpeg()[:-20000]
    with Image.open(io.BytesIO(data)) as opened:
        opened.verify()
    assert checks(photo(data, *WHOLE)) == ["truncated"]


def test_a_photo_cut_at_its_last_bytes(photo: Judged) -> None:
    assert checks(photo(jpeg()[:-200], *WHOLE)) == ["truncated"]


def test_corrupt_bytes_that_load_in_silence(photo: Judged) -> None:
    data = bytearray(jpeg())
    middle = len(data) // 2
    data[middle : middle + 400] = b"\x5a" * 400
    with Image.open(io.BytesIO(bytes(data))) as opened:
        opened.load()
    assert checks(photo(bytes(data), *WHOLE)) == ["corrupt"]


def test_a_png_with_a_wrong_checksum(photo: Judged) -> None:
    kept = io.BytesIO()
    picture(60, 60).save(kept, "PNG")
    data = bytearray(kept.getvalue())
    data[data.index(b"IDAT") + 5000] ^= 0xFF
    assert checks(photo(bytes(data), *WHOLE)) == ["corrupt"]


@pytest.mark.parametrize("filler", ["comment", "trailing"])
def test_filler_is_not_picture(photo: Judged, filler: str) -> None:
    data = jpeg(quality=30)
    if filler == "comment":
        comment = b"\xff\xfe" + struct.pack(">H", 60002) + bytes(60000)
        data = data[:2] + comment * 5 + data[2:]
    else:
        data += bytes(5 * len(data))
    (found,) = photo(data, *WHOLE)
    assert found.check == "padded"
    assert found.measured.startswith("证件照的图像数据只占文件的")


@pytest.mark.parametrize("side", [12_000, 30_000])
def test_a_bomb_is_refused_and_eats_nothing(photo: Judged, side: int) -> None:
    """30,000×30,000 pixels in a hundred kilobytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(side * 3 + 1) * 100, 9)
    (found,) = photo(png(header, body), *WHOLE)
    assert found.check == "hostile"
    assert found.severity is Severity.BLOCK


def png(header: bytes, body: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_picture_that_promises_more_than_it_holds(photo: Judged) -> None:
    header = struct.pack(">IIBBBBB", 4000, 4000, 8, 2, 0, 0, 0)
    found = photo(png(header, zlib.compress(bytes(1000))), *WHOLE)
    assert checks(found) == ["truncated", "padded"]


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (b"", "unreadable"),
        (b"only words", "unreadable"),
        (b"\xff\xd8\xff\xe0 and nothing else", "unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "hostile"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><svg>&a;</svg>", "hostile"),
    ],
)
def test_what_is_no_picture(photo: Judged, data: bytes, check: str) -> None:
    assert checks(photo(data, *WHOLE)) == [check]


def test_an_archive_behind_a_picture(photo: Judged) -> None:
    import zipfile

    kept = io.BytesIO(jpeg())
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr("run.sh", "echo hidden")
    (found,) = photo(kept.getvalue(), *WHOLE)
    assert found.check == "hostile"
    assert "夹带了ZIP" in found.message


def test_the_preview_carries_no_metadata(tmp_path: Path) -> None:
    from services.media.tools.photos import PHOTO_PREVIEW, measure_photo

    place = Image.Exif()
    place[0x8825] = {1: "N", 2: (31.0, 13.0, 0.0)}
    place[0x0112] = 6
    (tmp_path / "input").write_bytes(jpeg(exif=place))
    measure_photo(tmp_path)
    with Image.open(tmp_path / PHOTO_PREVIEW) as preview:
        assert preview.size == (579, 413)
        assert not dict(preview.getexif())


def test_two_thousand_pixels_of_a_scan_meet_both(photo: Judged) -> None:
    """A 2寸 photo scanned at about 1200 dpi meets size and dpi at once."""
    kept = io.BytesIO()
    picture(1654, 2315).save(kept, "JPEG", quality=100, dpi=(1200, 1200), subsampling=0)
    printed = PhotoDpi(min_dpi=300, read="print_size", print_mm="35×49", cite=CITE)
    rules = (FileSize(min_bytes="5MB", base="decimal", cite=CITE), printed)
    assert photo(kept.getvalue(), *rules, TAG, *WHOLE) == ()
