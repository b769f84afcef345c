"""Rules of a video slot."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from services.campaigns.findings import Frozen, Severity
from services.campaigns.quantities import Pair, Seconds, duration_range_text, duration_text
from services.campaigns.references import CardField, UnitTypeRef
from services.campaigns.slots.rule import SlotRule
from services.campaigns.text import Text

MP4_BRANDS = ("isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "M4V ", "MSNV", "f4v ", "XAVC")


class Container(SlotRule):
    """The container by its content: the major brand of its `ftyp` is one of `brands`, never the file's name."""

    label: ClassVar[str] = "视频格式"
    meaning: ClassVar[str] = "按内容（ftyp 品牌）判断的封装格式，不看扩展名"
    kind: Literal["container"] = "container"
    name: Literal["MP4"] = "MP4"
    brands: tuple[str, ...] = MP4_BRANDS

    def _asked(self) -> str:
        return f"应为{self.name}"


class VideoCodec(SlotRule):
    """The video stream's codec is one of `codecs`, in the names of ffprobe (`h264`, `hevc`)."""

    label: ClassVar[str] = "编码"
    meaning: ClassVar[str] = "视频编码"
    kind: Literal["video_codec"] = "video_codec"
    codecs: tuple[Literal["h264", "hevc", "av1", "vp9", "mpeg4"], ...] = Field(min_length=1)

    def _asked(self) -> str:
        return f"应为{'或'.join(codec_text(codec) for codec in self.codecs)}"


def codec_text(codec: str) -> str:
    """Return ffprobe's codec name as people write it."""
    return {"h264": "H.264", "hevc": "H.265", "av1": "AV1", "vp9": "VP9", "mpeg4": "MPEG-4"}.get(codec, codec)


class Resolution(SlotRule):
    """The displayed size (rotation and pixel shape applied), read in exactly one of three ways.

    `min_short_side_px`: the shorter side at least this ("不低于1080p"); `exact_px`: one of these sizes;
    `at_least_px`: both sides at least these. With `portrait` an upright picture is read with its sides swapped.
    """

    label: ClassVar[str] = "分辨率"
    meaning: ClassVar[str] = "显示尺寸（计入旋转和像素形状），三种读法只写一种；portrait 为 true 时竖屏交换宽高后比较"
    kind: Literal["resolution"] = "resolution"
    min_short_side_px: PositiveInt | None = None
    exact_px: tuple[Pair, ...] | None = Field(default=None, min_length=1)
    at_least_px: Pair | None = None
    portrait: bool = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.min_short_side_px, self.exact_px, self.at_least_px)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("resolution 须在 min_short_side_px、exact_px、at_least_px 中只写一项")
        return self

    def met_by(self, width_px: int, height_px: int) -> bool:
        """Say whether a displayed size passes."""
        width, height = (height_px, width_px) if self.portrait and height_px > width_px else (width_px, height_px)
        if self.min_short_side_px is not None:
            return (min(width, height) if self.portrait else height) >= self.min_short_side_px
        if self.exact_px is not None:
            return (width, height) in self.exact_px
        least = self.at_least_px or (0, 0)
        return width >= least[0] and height >= least[1]

    def _asked(self) -> str:
        if self.min_short_side_px is not None:
            return f"应不低于{self.min_short_side_px}p"
        if self.exact_px is not None:
            return f"应为{'或'.join(f'{width}×{height}' for width, height in self.exact_px)}"
        least = self.at_least_px or (0, 0)
        return f"应不低于{least[0]}×{least[1]}"


class Duration(SlotRule):
    """The extent of the decoded video, rounded to `round_to_s` before it is compared.

    Bounds are inclusive unless the campaign's reading says otherwise.
    """

    label: ClassVar[str] = "时长"
    meaning: ClassVar[str] = "解码画面的时长，先按 round_to_s 取整再比较"
    kind: Literal["duration"] = "duration"
    min_s: Seconds | None = Field(default=None, gt=0)
    max_s: Seconds | None = Field(default=None, gt=0)
    inclusive: bool = True
    round_to_s: PositiveFloat = 0.1

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        if self.min_s is None and self.max_s is None:
            raise ValueError("duration 须写 min_s、max_s 或两者")
        if self.min_s is not None and self.max_s is not None and self.min_s > self.max_s:
            raise ValueError("duration 的 min_s 大于 max_s")
        return self

    def rounded_s(self, seconds: float) -> float:
        """Return the length as it is compared."""
        return round(seconds / self.round_to_s) * self.round_to_s

    def met_by(self, seconds: float) -> bool:
        """Say whether a decoded length passes."""
        steps = round(seconds / self.round_to_s)
        low = None if self.min_s is None else round(self.min_s / self.round_to_s)
        high = None if self.max_s is None else round(self.max_s / self.round_to_s)
        slack = 0 if self.inclusive else 1
        return (low is None or steps >= low + slack) and (high is None or steps <= high - slack)

    def _asked(self) -> str:
        bound = "" if self.inclusive else "（不含本数）"
        return f"应为{duration_range_text(self.min_s, self.max_s)}{bound}"


class FrameRate(SlotRule):
    """The measured frame rate is one of `rates_fps`, give or take `tolerance_fps`."""

    label: ClassVar[str] = "帧率"
    meaning: ClassVar[str] = "实测帧率，允许相差 tolerance_fps"
    kind: Literal["frame_rate"] = "frame_rate"
    rates_fps: tuple[PositiveFloat, ...] = Field(min_length=1)
    tolerance_fps: float = Field(default=0.05, ge=0)

    def met_by(self, rate_fps: float) -> bool:
        """Say whether a measured rate passes."""
        return any(abs(rate_fps - rate) <= self.tolerance_fps + 1e-9 for rate in self.rates_fps)

    def _asked(self) -> str:
        return f"应为{'或'.join(f'{rate:g}' for rate in self.rates_fps)}"


class Black(SlotRule):
    """A stretch of black picture of at least `min_s`."""

    label: ClassVar[str] = "黑场"
    meaning: ClassVar[str] = "连续黑场达到 min_s"
    kind: Literal["black"] = "black"
    severity: Severity = Severity.WARN
    min_s: Seconds = Field(default=2.0, gt=0)

    def _asked(self) -> str:
        return f"黑场宜短于{duration_text(self.min_s)}"


class FrozenPicture(SlotRule):
    """A stretch of unmoving picture of at least `min_s`."""

    label: ClassVar[str] = "画面静止"
    meaning: ClassVar[str] = "画面静止达到 min_s"
    kind: Literal["frozen"] = "frozen"
    severity: Severity = Severity.WARN
    min_s: Seconds = Field(default=5.0, gt=0)

    def _asked(self) -> str:
        return f"画面静止宜短于{duration_text(self.min_s)}"


class Silent(SlotRule):
    """A stretch of sound below `below_db` of at least `min_s`."""

    label: ClassVar[str] = "无声"
    meaning: ClassVar[str] = "声音低于 below_db 达到 min_s"
    kind: Literal["silent"] = "silent"
    severity: Severity = Severity.WARN
    min_s: Seconds = Field(default=5.0, gt=0)
    below_db: float = Field(default=-50.0, lt=0)

    def _asked(self) -> str:
        return f"无声宜短于{duration_text(self.min_s)}"


class AudioMissing(SlotRule):
    """The file has no sound track."""

    label: ClassVar[str] = "声音"
    meaning: ClassVar[str] = "没有声音轨"
    kind: Literal["audio_missing"] = "audio_missing"
    severity: Severity = Severity.ASK

    def _asked(self) -> str:
        return "应有声音"


class Shown(Frozen):
    """One thing that a card shows: its words, the work's field (or `unit`) that holds it, for which unit types.

    Without `unit_types` it is asked of every unit.
    """

    words: Text
    field: CardField | None = None
    unit_types: tuple[UnitTypeRef, ...] = ()


class _Card(SlotRule):
    severity: Severity = Severity.ASK
    within_s: Seconds = Field(default=15.0, gt=0)
    length_s: Seconds | None = Field(default=None, gt=0)
    tolerance_s: Seconds = Field(default=1.0, ge=0)
    shows: tuple[Shown, ...] = ()

    def asked_of(self, unit_type: str | None) -> tuple[Shown, ...]:
        """Return what the card shows in a film of this unit type; of no known type, everything."""
        return tuple(
            shown for shown in self.shows if unit_type is None or not shown.unit_types or unit_type in shown.unit_types
        )

    def _asked(self) -> str:
        parts = [f"应写明{'、'.join(shown.words for shown in self.shows)}"] if self.shows else []
        if self.length_s is not None:
            parts.append(f"长{duration_text(self.length_s)}（±{duration_text(self.tolerance_s)}）")
        return "，".join(parts)


class HeadCard(_Card):
    """What the first `within_s` must show; a person looks."""

    label: ClassVar[str] = "片头"
    meaning: ClassVar[str] = "片头 within_s 内应写明的内容（由人看画面）；length_s 为片头应有的长度"
    kind: Literal["head_card"] = "head_card"


class TailCard(_Card):
    """What the last `within_s` must show; a person looks."""

    label: ClassVar[str] = "片尾"
    meaning: ClassVar[str] = "片尾 within_s 内应写明的内容（由人看画面）；length_s 为片尾应有的长度"
    kind: Literal["tail_card"] = "tail_card"
