"""One test a row of what a video may hide, on really generated films."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from clips import FAST, PICTURE, TONE, Clips, box_at, ffmpeg

from services.campaigns.findings import Finding, Severity
from services.campaigns.slots import (
    AnyRule,
    AudioMissing,
    Black,
    Container,
    Corrupt,
    Duration,
    FileSize,
    FrameRate,
    FrozenPicture,
    Padded,
    Resolution,
    Silent,
    Truncated,
    VideoCodec,
)
from services.media.domain.measures import Film, Measured

Judged = Callable[..., tuple[Finding, ...]]
CITE = "附件1 二（四）"

WHOLE = (Truncated(cite=CITE), Corrupt(cite=CITE), Padded(cite=CITE))


def ask(kind: type[AnyRule], **words: object) -> AnyRule:
    return kind(cite=CITE, **words)


def only(findings: tuple[Finding, ...], check: str) -> Finding:
    (found,) = findings
    assert found.check == check
    return found


def test_a_clean_film_passes_every_rule(clips: Clips, judged: Judged) -> None:
    rules = (
        ask(Container),
        ask(VideoCodec, codecs=("h264",)),
        ask(Resolution, min_short_side_px=180),
        ask(Duration, min_s=4, max_s=4),
        ask(FrameRate, rates_fps=(25,)),
        ask(FileSize, max_bytes="1G"),
        ask(AudioMissing),
        ask(Black),
        ask(FrozenPicture, min_s=1),
        ask(Silent, min_s=1),
        *WHOLE,
    )
    assert judged(clips.clean(), *rules) == ()


def test_another_codec_is_named(clips: Clips, judged: Judged) -> None:
    path = clips.clip("hevc.mp4", seconds=1, video=("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1",
                                                    "-x265-params", "log-level=error"))  # fmt: skip
    found = only(judged(path, ask(VideoCodec, codecs=("h264",))), "video_codec")
    assert found.message == "编码为H.265，应为H.264（附件1 二（四））"
    assert found.severity is Severity.BLOCK


def test_a_short_film_is_told_its_length(clips: Clips, judged: Judged) -> None:
    found = only(judged(clips.clean(), ask(Duration, min_s=5, max_s=8)), "duration")
    assert found.message == "时长4秒，应为5—8秒（附件1 二（四））"


def test_four_minutes_59_96_round_to_five(clips: Clips, judged: Judged) -> None:
    path = clips.clip("499960.mp4", seconds=299.96, picture="color=gray:s=64x64:r=25:d={s}", sound=None)
    assert judged(path, ask(Duration, min_s=300, max_s=480)) == ()
    assert only(judged(path, ask(Duration, min_s=300, max_s=480, round_to_s=0.01)), "duration").measured == "时长5分钟"


def test_a_forged_header_does_not_lengthen(clips: Clips, judged: Judged) -> None:
    def forge(data: bytearray) -> bytearray:
        at = box_at(data, b"mvhd") + 16
        (duration,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, duration * 90)
        return data

    path = clips.changed("forged.mp4", clips.clean(), forge)
    assert only(judged(path, ask(Duration, min_s=300, max_s=480)), "duration").measured == "时长4秒"


def test_longer_sound_does_not_lengthen(clips: Clips, judged: Judged) -> None:
    path = clips.made(
        "long-sound.mp4",
        lambda path: ffmpeg("-f", "lavfi", "-i", PICTURE.format(s=2), "-f", "lavfi", "-i", TONE.format(s=6), *FAST, path),
    )
    assert only(judged(path, ask(Duration, min_s=5, max_s=8)), "duration").measured == "时长2秒"


def test_a_moved_last_frame_does_not_lengthen(clips: Clips, judged: Judged) -> None:
    path = clips.clip("moved.mp4", sound=None, extra=("-bsf:v", "setts=ts=if(eq(N\\,99)\\,TS+3600000\\,TS)"))
    found = only(judged(path, ask(Duration, min_s=240, max_s=300)), "duration")
    assert found.measured.startswith("时长4秒（另有1帧标在")


def test_a_variable_rate_is_told(clips: Clips, judged: Judged) -> None:
    wobbling = PICTURE + ",settb=1/1000,setpts=(N/25+0.012*mod(N\\,3))/TB"
    path = clips.clip(
        "vfr.mp4", picture=wobbling, sound=None, extra=("-vsync", "passthrough", "-video_track_timescale", "90000")
    )
    found = only(judged(path, ask(FrameRate, rates_fps=(25,), tolerance_fps=1)), "frame_rate")
    assert found.measured.startswith("帧率不恒定，平均2")


def test_another_rate_is_told_and_a_stream_copied_one_passes(clips: Clips, judged: Judged) -> None:
    thirty = clips.clip("thirty.mp4", seconds=2, picture="testsrc2=s=320x180:r=30:d={s}", sound=None)
    assert only(judged(thirty, ask(FrameRate, rates_fps=(25,))), "frame_rate").message.startswith("帧率30，应为25")
    nearly = clips.clip("nearly.mp4", seconds=4, picture="testsrc2=s=320x180:r=2498/100:d={s}", sound=None)
    assert judged(nearly, ask(FrameRate, rates_fps=(25,))) == ()


def test_a_film_cut_short_with_its_index_in_front(clips: Clips, judged: Judged) -> None:
    path = clips.changed("cut.mp4", clips.clean(), lambda data: data[: len(data) * 6 // 10])
    found = only(judged(path, *WHOLE), "truncated")
    assert found.message.startswith("文件不完整，应有100帧，实有")


def test_a_cut_that_no_box_betrays_is_counted(clips: Clips, judged: Judged) -> None:
    """The data box says "to the end of the file", so only the packets tell that some are missing."""

    def cut(data: bytearray) -> bytearray:
        at = box_at(data, b"mdat") - 8
        data[at : at + 4] = bytes(4)
        return data[: len(data) * 6 // 10]

    found = only(judged(clips.changed("cut-open.mp4", clips.clean(), cut), *WHOLE), "truncated")
    assert found.message.startswith("文件不完整，应有100帧，实有")


def test_a_film_whose_edit_list_hides_its_end_is_not_cut_short(clips: Clips, judged: Judged) -> None:
    def hide(data: bytearray) -> bytearray:
        at = box_at(data, b"elst") + 8
        (length,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, length // 2)
        return data

    path = clips.changed("hidden-end.mp4", clips.clip("mute-4.mp4", sound=None), hide)
    assert judged(path, *WHOLE) == ()
    assert only(judged(path, ask(Duration, min_s=5, max_s=8)), "duration").measured.startswith("时长2")


def test_a_film_cut_short_without_its_index(clips: Clips, judged: Judged) -> None:
    late = clips.clip("index-last.mp4", extra=("-movflags", "0"))
    path = clips.changed("cut-late.mp4", late, lambda data: data[: len(data) * 6 // 10])
    assert [found.check for found in judged(path, *WHOLE)] == ["unreadable", "truncated"]


def test_a_trimmed_film_is_not_cut_short(clips: Clips, judged: Judged, measured: Callable[[Path], Measured]) -> None:
    """An edit list hides frames that the file holds: legitimate, and the shown length is the shorter one."""
    path = clips.copied("trimmed.mp4", clips.clean(), before=("-ss", "1.5"))
    film = measured(path)
    assert isinstance(film, Film)
    assert film.counted.video_packets > film.decoded.timing.frames
    assert judged(path, *WHOLE) == ()
    assert film.decoded.timing.extent_s == pytest.approx(2.5, abs=0.05)


def test_zeroed_bytes_are_damage(clips: Clips, judged: Judged) -> None:
    def zero(data: bytearray) -> bytearray:
        at = box_at(data, b"mdat") + len(data) // 3
        data[at : at + 2000] = bytes(2000)
        return data

    found = only(judged(clips.changed("zeroed.mp4", clips.clean(), zero), *WHOLE), "corrupt")
    assert "处数据损坏" in found.message


@pytest.mark.parametrize("filler", ["bytes", "box"])
def test_filler_is_not_film(clips: Clips, judged: Judged, filler: str) -> None:
    def pad(data: bytearray) -> bytearray:
        length = 4 * len(data)
        return data + (bytes(length) if filler == "bytes" else struct.pack(">I4s", length + 8, b"free") + bytes(length))

    found = only(judged(clips.changed(f"padded-{filler}.mp4", clips.clean(), pad), *WHOLE), "padded")
    assert found.measured.startswith("音视频数据只占文件的")


def test_a_frozen_stretch_and_one_to_the_end(clips: Clips, judged: Judged) -> None:
    still = PICTURE + ",loop=loop=50:size=1:start=25"
    path = clips.clip("frozen.mp4", seconds=4, picture=still, sound=None)
    found = only(judged(path, ask(FrozenPicture, min_s=1.5)), "frozen")
    assert found.severity is Severity.WARN
    assert (found.at_s, found.until_s) == (pytest.approx(1, abs=0.3), pytest.approx(4, abs=0.3))
    assert found.message.startswith("00:01—00:04画面静止")

    to_end = clips.clip("frozen-end.mp4", seconds=2, picture=PICTURE + ",tpad=stop_mode=clone:stop_duration=3", sound=None)
    found = only(judged(to_end, ask(FrozenPicture, min_s=2)), "frozen")
    assert (found.at_s, found.until_s) == (pytest.approx(2, abs=0.3), pytest.approx(5, abs=0.1))


def test_a_black_stretch_is_black_and_not_also_frozen(clips: Clips, judged: Judged) -> None:
    dark = PICTURE + ",drawbox=color=black:t=fill:enable='between(t,1,3.2)'"
    path = clips.clip("black.mp4", picture=dark, sound=None)
    found = only(judged(path, ask(Black, min_s=1), ask(FrozenPicture, min_s=1)), "black")
    assert found.message.startswith("00:01—00:03黑场")


def test_a_size_that_changes_within_the_film(clips: Clips, judged: Judged) -> None:
    def make(path: Path) -> None:
        parts = []
        for name, size in (("large", "320x180"), ("small", "160x90")):
            part = path.with_name(f"{name}.ts")
            ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=2", *FAST, part)
            parts.append(part.read_bytes())
        joined = path.with_name("joined.ts")
        joined.write_bytes(b"".join(parts))
        ffmpeg("-fflags", "+genpts", "-i", joined, "-c", "copy", path)

    path = clips.made("resized.mp4", make)
    found = only(judged(path, ask(Resolution, min_short_side_px=180)), "resolution")
    assert found.measured == "分辨率320×180，00:02起变为160×90"
    assert found.at_s == pytest.approx(2, abs=0.1)


def test_a_turned_film_is_judged_as_it_is_shown(clips: Clips, judged: Judged) -> None:
    path = clips.copied("turned.mp4", clips.clean(), "-metadata:s:v", "rotate=90")
    assert judged(path, ask(Resolution, exact_px=("320×180",), portrait=True)) == ()
    found = only(judged(path, ask(Resolution, exact_px=("320×180",), portrait=False)), "resolution")
    assert found.measured == "分辨率180×320"


def test_oblong_pixels_are_judged_as_they_are_shown(clips: Clips, judged: Judged) -> None:
    path = clips.clip("oblong.mp4", seconds=1, picture="testsrc2=s=240x180:r=25:d={s},setsar=4/3", sound=None)
    assert judged(path, ask(Resolution, exact_px=("320×180",))) == ()
    assert only(judged(path, ask(Resolution, exact_px=("240×180",))), "resolution").measured == "分辨率320×180"


def test_an_upright_film_of_1080_columns_is_1080p(clips: Clips, judged: Judged) -> None:
    path = clips.clip("upright.mp4", seconds=1, picture="testsrc2=s=1080x1920:r=25:d={s}", sound=None)
    assert judged(path, ask(Resolution, min_short_side_px=1080)) == ()
    assert only(judged(path, ask(Resolution, at_least_px="1920×1080", portrait=False)), "resolution")


def test_a_mov_called_mp4(clips: Clips, judged: Judged) -> None:
    path = clips.copied("mov.mp4", clips.clean(), "-f", "mov")
    assert only(judged(path, ask(Container)), "container").message == "视频格式为QuickTime（MOV），应为MP4（附件1 二（四））"


def test_a_matroska_called_mp4_is_judged_in_full(clips: Clips, judged: Judged) -> None:
    path = clips.copied("mkv.mp4", clips.clean(), "-f", "matroska")
    found = judged(path, ask(Container), ask(Duration, min_s=5, max_s=8))
    assert [each.check for each in found] == ["container", "duration"]
    assert found[0].measured == "视频格式为Matroska（MKV）"


def test_an_avi_called_mp4(clips: Clips, judged: Judged) -> None:
    path = clips.clip("avi.mp4", seconds=1, extra=("-f", "avi"))
    assert only(judged(path, ask(Container)), "container").measured == "视频格式为AVI"


def test_a_strange_brand(clips: Clips, judged: Judged) -> None:
    def brand(data: bytearray) -> bytearray:
        data[8:12] = b"3gp4"
        return data

    path = clips.changed("brand.mp4", clips.clean(), brand)
    assert only(judged(path, ask(Container)), "container").measured == "视频格式为3GP"


def test_no_sound_at_all(clips: Clips, judged: Judged) -> None:
    path = clips.clip("mute.mp4", seconds=1, sound=None)
    assert only(judged(path, ask(AudioMissing), ask(Silent)), "audio_missing").severity is Severity.ASK


def test_a_silent_stretch(clips: Clips, judged: Judged) -> None:
    path = clips.clip("silent.mp4", sound="aevalsrc=if(between(t\\,1\\,3)\\,0\\,0.3*sin(440*2*PI*t)):s=48000:d={s}")
    found = only(judged(path, ask(Silent, min_s=1.5)), "silent")
    assert found.message.startswith("00:01—00:03无声")
    assert judged(path, ask(Silent, min_s=2.5)) == ()


def test_a_dead_channel(clips: Clips, judged: Judged) -> None:
    path = clips.clip("dead.mp4", sound="aevalsrc=0.3*sin(440*2*PI*t)|0:s=48000:d={s}")
    assert only(judged(path, ask(Silent)), "silent").measured == "右声道全程无声"


def test_the_size_is_read_as_the_campaign_says(clips: Clips, judged: Judged) -> None:
    size = clips.clean().stat().st_size
    assert judged(clips.clean(), ask(FileSize, max_bytes=size)) == ()
    found = only(judged(clips.clean(), ask(FileSize, max_bytes=size - 1)), "file_size")
    assert f"（{size:,}字节）" in found.message


def test_all_faults_stand_in_one_report(clips: Clips, judged: Judged) -> None:
    rules = (
        ask(Duration, min_s=300, max_s=480),
        ask(Resolution, min_short_side_px=1080),
        ask(VideoCodec, codecs=("hevc",)),
        ask(FileSize, max_bytes=1000),
    )
    assert [found.check for found in judged(clips.clean(), *rules)] == [
        "duration", "resolution", "video_codec", "file_size",
    ]  # fmt: skip
