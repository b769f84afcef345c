"""Files built to make a program open other files, reach the network or eat memory: refused, and nothing else opened."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from clips import Clips, box_at, ffmpeg

from services.campaigns.findings import Finding, Severity
from services.campaigns.slots import Container, Resolution, Truncated
from services.media.tools.probe import UnreadableError, packets, probe
from services.media.tools.workspace import workspace

Judged = Callable[..., tuple[Finding, ...]]
CITE = "附件1 二（四）"


@dataclass
class Bait:
    """A pipe that shows whether anybody opened it, and a port that shows whether anybody called."""

    pipe: Path
    port: int
    opened: threading.Event
    called: threading.Event

    def taken(self) -> list[str]:
        return [name for name, event in (("file", self.opened), ("network", self.called)) if event.is_set()]


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Bait]:
    pipe = tmp_path / "secret.ts"
    os.mkfifo(pipe)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.1)
    over = threading.Event()
    caught = Bait(pipe, listening.getsockname()[1], threading.Event(), threading.Event())

    def watch() -> None:
        while not over.is_set():
            try:
                # A pipe opens for writing without waiting only while somebody reads it.
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
                caught.opened.set()
            except OSError:
                pass
            try:
                listening.accept()[0].close()
                caught.called.set()
            except TimeoutError:
                pass

    thread = threading.Thread(target=watch)
    thread.start()
    yield caught
    over.set()
    thread.join()
    listening.close()


def playlists(bait: Bait) -> dict[str, bytes]:
    url = f"http://127.0.0.1:{bait.port}/secret.ts"
    return {
        "hls-file": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{bait.pipe}\n#EXT-X-ENDLIST\n".encode(),
        "hls-http": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n".encode(),
        "ffconcat": f"ffconcat version 1.0\nfile '{bait.pipe}'\n".encode(),
        "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        "dash": f'<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>'.encode(),
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{bait.pipe}"/></svg>'.encode(),
    }


# What old builds do unasked; the ones of today must be told to.
_PERMISSIVE = ("-allowed_extensions", "ALL", "-allowed_segment_extensions", "ALL", "-extension_picky", "0",
               "-protocol_whitelist", "file,http,tcp")  # fmt: skip
KINDS = ("hls-file", "hls-http", "ffconcat", "sdp", "dash", "svg")


@pytest.mark.parametrize("kind", KINDS)
def test_a_playlist_called_mp4_opens_nothing(bait: Bait, tmp_path: Path, judged: Judged, kind: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(playlists(bait)[kind])
    (found,) = judged(path, Container(cite=CITE))
    assert (found.check, found.severity) == ("hostile", Severity.BLOCK)
    assert "不是视频" in found.message
    assert bait.taken() == []


@pytest.mark.parametrize("demuxer", ["mov", "matroska"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_second_wall_holds_alone(bait: Bait, tmp_path: Path, kind: str, demuxer: str) -> None:
    """Were the look at the first bytes deceived, the forced demuxer still opens nothing else."""
    path = tmp_path / "film.mp4"
    path.write_bytes(playlists(bait)[kind])
    with workspace(path) as directory:
        for ask in (probe, packets):
            with pytest.raises(UnreadableError):
                ask(directory, demuxer)
    assert bait.taken() == []


def test_the_bait_catches_an_unguarded_ffmpeg(bait: Bait, tmp_path: Path) -> None:
    """The proof of the proof: without a forced demuxer the same files do open the pipe and call the port."""
    for kind in ("hls-file", "hls-http"):
        path = tmp_path / f"{kind}.mp4"
        path.write_bytes(playlists(bait)[kind])
        words = ["ffprobe", "-v", "quiet", *_PERMISSIVE, str(path)]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(words, timeout=2, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    assert bait.taken() == ["file", "network"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "文件是空的"),
        ("只是一些文字".encode(), "文件是文本"),
        (b"just words\n" * 50, "文件是文本"),
        (b"%PDF-1.7\n", "文件是PDF"),
        (b"MZ\x90\x00" + bytes(200), "文件是程序文件"),
        (bytes(5000), "文件是无法识别的格式"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(4000), "文件不完整"),
        (bytes(4) + b"mdat" + bytes(300), "文件不完整"),
    ],
)
def test_what_is_no_film(tmp_path: Path, judged: Judged, data: bytes, words: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    found = judged(path, Container(cite=CITE))[0]
    assert (found.check, found.severity) == ("unreadable", Severity.BLOCK)
    assert found.message.startswith(words)


def test_a_picture_is_no_film(tmp_path: Path, judged: Judged) -> None:
    path = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-frames:v", "1", "-f", "image2", "-c:v", "png", path)
    (found,) = judged(path, Container(cite=CITE))
    assert found.message.startswith("文件是PNG，不是视频")


def test_sound_alone_is_no_film(clips: Clips, judged: Judged) -> None:
    path = clips.copied("sound.mp4", clips.clean(), "-vn")
    (found,) = judged(path, Container(cite=CITE))
    assert found.message.startswith("文件中没有画面")


def test_a_size_that_the_index_alone_claims_counts_for_nothing(clips: Clips, judged: Judged) -> None:
    """The index claims 65,500×65,500 pixels, the pictures have 320×180."""

    def enlarge(data: bytearray) -> bytearray:
        struct.pack_into(">HH", data, box_at(data, b"avc1") + 24, 65_500, 65_500)
        return data

    path = clips.changed("huge.mp4", clips.clean(), enlarge)
    (found,) = judged(path, Resolution(min_short_side_px=1080, cite=CITE))
    assert found.measured == "分辨率320×180"


def test_a_stream_of_huge_pictures_is_refused(clips: Clips, judged: Judged) -> None:
    path = clips.clip("large.mp4", seconds=0.08, picture="color=gray:s=8192x8192:r=25:d={s}", sound=None)
    (found,) = judged(path, Container(cite=CITE))
    assert found.message.startswith("画面8192×8192，超出可处理的范围")
    assert found.check == "hostile"


def test_an_archive_behind_a_film_is_told(clips: Clips, judged: Judged, tmp_path: Path) -> None:
    path = tmp_path / "both.mp4"
    path.write_bytes(clips.clean().read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("run.sh", "echo hidden")
    (found,) = judged(path, Container(cite=CITE))
    assert (found.check, found.measured) == ("hostile", "文件中夹带了ZIP（或Office文档）")


def test_a_page_in_front_of_a_film_is_told(clips: Clips, judged: Judged, tmp_path: Path) -> None:
    data = clips.clean().read_bytes()
    page = b"<script>alert(1)</script>"
    path = tmp_path / "page.mp4"
    path.write_bytes(data[:32] + struct.pack(">I4s", len(page) + 8, b"free") + page + data[32:])
    (found,) = judged(path, Container(cite=CITE))
    assert (found.check, found.measured) == ("hostile", "文件中夹带了网页或脚本")


NAMES = ('it\'s "quoted".mp4', "two\nlines.mp4", "\u202e4pm.exe", "-i evil.mp4", "%05d.mp4", "a" * 250)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind_are_never_read_as_words(clips: Clips, judged: Judged, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(clips.clean().read_bytes())
    assert judged(path, Container(cite=CITE), Truncated(cite=CITE)) == ()


def test_a_time_stamp_that_claims_days_is_not_filled_with_pictures(clips: Clips, judged: Judged) -> None:
    path = clips.clip("days.mp4", sound=None, extra=("-bsf:v", "setts=ts=if(eq(N\\,99)\\,TS+2000000000\\,TS)"))
    (found,) = judged(path, Container(cite=CITE))
    assert found.message.startswith("画面时间超过4小时，超出可处理的范围")
