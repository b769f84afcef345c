"""The sentences of the stories, from measures alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.findings import Severity, Verdict, verdict
from services.campaigns.models import Campaign
from services.campaigns.slots import Slot
from services.media.domain.judging import judge, summary
from services.media.domain.levels import waveform_svg
from services.media.domain.measures import Counted, Decoded, Film, Probed, Refused, Sound, Span, StreamSize, Timing, VideoTrack
from services.media.domain.remedies import remedy
from services.media.domain.timing import timing

TAIL = "（附件1 二（四））"


@pytest.fixture
def slot(s0: Campaign) -> Slot:
    found = s0.slot("video")
    assert found
    return found


def film(**changes: object) -> Film:
    told = {
        "seconds": 461.0, "size_bytes": 1_063_004_405, "codec": "h264", "width": 1920, "height": 1080, "frozen": (),
        "sizes": (), "sound": None,
    } | changes  # fmt: skip
    frames = round(float(told["seconds"]) * 25)
    shown = Timing(frames=frames, extent_s=told["seconds"], claimed_s=told["seconds"], rate_fps=25.0)
    video = VideoTrack(
        index=0, codec=told["codec"], coded_width_px=told["width"], coded_height_px=told["height"], declared_frames=frames
    )
    sound = told["sound"] or Sound(step_s=0.1, levels_db=((-20.0,) * int(told["seconds"] * 10),) * 2)
    audio = {"index": 1, "codec": "aac", "channels": 2, "sample_rate_hz": 48000}
    return Film(
        size_bytes=told["size_bytes"],
        probed=Probed(kind="mov", brand="isom", video=video, audio=audio),
        counted=Counted(video_packets=frames, payload_bytes=int(told["size_bytes"] * 0.99), timing=shown),
        decoded=Decoded(timing=shown, frozen=told["frozen"], sizes=told["sizes"], sound=sound),
    )


FAULTY = {
    "seconds": 492.0, "size_bytes": 1_204_322_304, "codec": "hevc", "width": 1280, "height": 720,
    "frozen": (Span(start_s=190.2, end_s=202.0),),
}  # fmt: skip


def test_step_12_every_fault_in_one_report(slot: Slot) -> None:
    found = judge(film(**FAULTY), slot, "district")
    blocked = {each.message for each in found if each.severity is Severity.BLOCK}
    assert blocked == {
        "时长8分12秒，应为5—8分钟（附件1 二（一））",
        f"分辨率1280×720，应不低于1080p{TAIL}",
        f"编码为H.265，应为H.264{TAIL}",
        f"文件1.12G（1,204,322,304字节），应在1G以内（本活动按1,073,741,824字节）{TAIL}",
    }
    (frozen,) = (each for each in found if each.severity is Severity.WARN)
    assert frozen.message.startswith("03:10—03:22画面静止")
    cards = [each for each in found if each.severity is Severity.ASK]
    assert [each.check for each in cards] == ["head_card", "tail_card"]
    assert all(each.message.startswith("请核对片头、片尾画面") for each in cards)
    assert cards[1].message == "请核对片头、片尾画面：片尾（07:57—08:12）应写明推荐区、制作单位（附件1 二（三））"
    assert (cards[1].at_s, cards[1].until_s) == (477.0, 492.0)


def test_in_a_film_shorter_than_its_cards_the_whole_is_named_once(slot: Slot) -> None:
    short = judge(film(seconds=6.4, size_bytes=13_002_342), slot, "district")
    head, tail = (each for each in short if each.check in {"head_card", "tail_card"})
    asked = "请核对片头、片尾画面：全片只有6.4秒，其中"
    assert head.message == f"{asked}片头应写明故事的名称、主讲人或表演者（附件1 二（三））"
    assert tail.message == f"{asked}片尾应写明推荐区、制作单位（附件1 二（三））"
    assert (head.at_s, head.until_s, tail.at_s, tail.until_s) == (0.0, 6.4, 0.0, 6.4)
    longer = judge(film(seconds=20.0), slot, "district")
    spans = [each.message.split("：")[1].split("应")[0] for each in longer if each.check in {"head_card", "tail_card"}]
    assert spans == ["片头（00:00—00:15）", "片尾（00:05—00:20）"]


def test_the_first_line_tells_a_small_size_so_that_it_can_be_read(slot: Slot) -> None:
    small = film(size_bytes=13_002_342)
    assert "MP4，12.4MB。" in summary(small, slot, judge(small, slot))


def test_a_member_unit_shows_itself_in_the_tail(slot: Slot) -> None:
    (tail,) = (each for each in judge(film(), slot, "member") if each.check == "tail_card")
    assert "应写明推荐单位、制作单位" in tail.message


def test_step_13_what_a_conversion_solves(slot: Slot) -> None:
    faulty = film(**FAULTY)
    way_out = remedy(judge(faulty, slot), faulty, slot)
    assert way_out.convertible == ("video_codec", "file_size")
    assert way_out.not_convertible == ("resolution", "duration")
    assert way_out.message == (
        "编码可在线转换，文件大小随之减小，原视频保留。"
        "时长和分辨率不能靠转换解决，请提供剪辑后的原片；如原片经微信转发，请向制作单位索取未压缩文件。"
    )


def test_step_14_the_first_line_of_a_film_that_passes(slot: Slot) -> None:
    good = film()
    found = judge(good, slot)
    assert verdict(found) is Verdict.ASK
    assert summary(good, slot, found) == "规格核验通过：7分41秒，1920×1080，H.264，MP4，0.99G。2项待人工核实。"


def test_rounding_is_said(slot: Slot) -> None:
    nearly = film(seconds=299.96)
    assert "duration" not in {each.check for each in judge(nearly, slot)}
    assert "5分钟（实测4分59.96秒，按0.1秒取整）" in summary(nearly, slot, judge(nearly, slot))
    assert "实测" not in summary(film(seconds=300.0), slot, ())


def test_readings_stand_in_the_findings(slot: Slot) -> None:
    readings = {each.check: each.reading for each in judge(film(**FAULTY), slot)}
    assert readings["file_size"] == "1G按1,073,741,824字节"
    assert readings["duration"] == "以内、5—8分钟含本数"


def test_a_size_at_the_limit_passes(slot: Slot) -> None:
    assert "file_size" not in {each.check for each in judge(film(size_bytes=1_073_741_824), slot)}
    assert "file_size" in {each.check for each in judge(film(size_bytes=1_073_741_825), slot)}


def test_the_worst_of_several_sizes_counts(slot: Slot) -> None:
    growing = film(width=1280, height=720, sizes=(StreamSize(width_px=1920, height_px=1080, at_s=60),))
    (found,) = (each for each in judge(growing, slot) if each.check == "resolution")
    assert found.measured == "分辨率1280×720"


def test_very_many_stretches_are_counted_not_listed(slot: Slot) -> None:
    spans = tuple(Span(start_s=n * 20.0, end_s=n * 20.0 + 12) for n in range(1000))
    found = [each for each in judge(film(seconds=20_000.0, frozen=spans), slot) if each.check == "frozen"]
    assert len(found) == 21
    assert found[-1].message.startswith("06:40起另有980段画面静止")


def test_a_refused_file_is_told_what_can_be_told(slot: Slot) -> None:
    cut = Refused(size_bytes=1_204_322_304, kind="mov", why="文件不完整，缺少播放所需的索引", cut_short=True, brand="isom")
    assert [each.check for each in judge(cut, slot)] == ["unreadable", "file_size", "truncated"]
    assert remedy(judge(cut, slot), cut, slot).message == "请重新导出并上传完整的原文件。"


def test_nothing_is_to_be_mended_in_a_good_film(slot: Slot) -> None:
    assert remedy(judge(film(), slot), film(), slot).message == ""


@given(
    frames=st.integers(2, 400),
    rate=st.sampled_from([10.0, 24.0, 25.0, 29.97, 60.0]),
    moved=st.integers(1, 5),
    away_s=st.floats(30, 10_000),
)
def test_a_few_frames_moved_far_away_never_lengthen_a_film(frames: int, rate: float, moved: int, away_s: float) -> None:
    true = [n / rate for n in range(frames)]
    few = min(moved, (frames - 1) // 2, max(1, int(rate)))
    forged = [time + away_s * (n >= frames - few) for n, time in enumerate(true)]
    told = timing(forged)
    assert told.extent_s <= frames / rate + 0.01
    if few:
        assert told.stragglers == few
        assert told.claimed_s > away_s


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_any_times_give_a_length(gaps: list[float]) -> None:
    times = [sum(gaps[:n]) for n in range(len(gaps))]
    told = timing(times)
    assert 0 <= told.extent_s <= told.claimed_s + 1e-6
    assert 0 <= told.steady_share <= 1


def test_a_waveform_is_a_picture_of_numbers() -> None:
    picture = waveform_svg(Sound(step_s=0.1, levels_db=((-60.0, -6.0, 0.0),)))
    assert picture.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 120"')
    assert picture.count(",") == 6
