"""Rules of a photo slot."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from services.campaigns.quantities import Pair
from services.campaigns.slots.rule import SlotRule

MM_PER_INCH = 25.4


class PhotoFormat(SlotRule):
    """The picture's format by its content."""

    label: ClassVar[str] = "图片格式"
    meaning: ClassVar[str] = "按内容判断的图片格式"
    kind: Literal["photo_format"] = "photo_format"
    formats: tuple[Literal["jpeg", "png", "tiff"], ...] = Field(min_length=1)

    def _asked(self) -> str:
        return f"应为{'或'.join(format_text(name) for name in self.formats)}"


def format_text(name: str) -> str:
    """Return a format's name as people write it."""
    return {"jpeg": "jpg"}.get(name, name)


class PhotoPixels(SlotRule):
    """The displayed size in pixels: longer and shorter side at least these."""

    label: ClassVar[str] = "像素"
    meaning: ClassVar[str] = "显示尺寸的长边、短边至少多少像素"
    kind: Literal["photo_pixels"] = "photo_pixels"
    min_long_side_px: PositiveInt | None = None
    min_short_side_px: PositiveInt | None = None

    @model_validator(mode="after")
    def _a_bound(self) -> Self:
        if self.min_long_side_px is None and self.min_short_side_px is None:
            raise ValueError("photo_pixels 须写 min_long_side_px、min_short_side_px 或两者")
        return self

    def met_by(self, width_px: int, height_px: int) -> bool:
        """Say whether a displayed size passes."""
        long_side, short_side = max(width_px, height_px), min(width_px, height_px)
        return long_side >= (self.min_long_side_px or 0) and short_side >= (self.min_short_side_px or 0)

    def _asked(self) -> str:
        sides = (("长边", self.min_long_side_px), ("短边", self.min_short_side_px))
        return "、".join(f"{name}应不少于{bound}像素" for name, bound in sides if bound)


class PhotoDpi(SlotRule):
    """Dots per inch, read as the campaign says.

    `tag`: the file's own mark, JFIF and EXIF; `print_size`: pixels over the print size `print_mm`, the picture
    turned so that long lies on long; `either`: one of the two passes. `tolerance_dpi` lets 299.7 pass as 300.
    """

    label: ClassVar[str] = "图片分辨率"
    meaning: ClassVar[str] = "每英寸点数：tag 读文件标注，print_size 按像素除以打印尺寸计算，either 两者之一达到即可"
    kind: Literal["photo_dpi"] = "photo_dpi"
    min_dpi: PositiveFloat
    read: Literal["tag", "print_size", "either"]
    print_mm: Pair | None = None
    tolerance_dpi: float = Field(default=0.5, ge=0)

    @model_validator(mode="after")
    def _a_print_size(self) -> Self:
        if self.read != "tag" and self.print_mm is None:
            raise ValueError("photo_dpi 按打印尺寸计算时须写 print_mm，如“35×49”")
        return self

    def printed_dpi(self, width_px: int, height_px: int) -> float | None:
        """Return pixels over print size, the smaller of both directions; None without a print size."""
        if self.print_mm is None:
            return None
        ratios = zip(sorted((width_px, height_px)), sorted(self.print_mm), strict=True)
        return min(pixels / (millimetres / MM_PER_INCH) for pixels, millimetres in ratios)

    def met_by(self, tag_dpi: float | None, printed_dpi: float | None) -> bool:
        """Say whether the two readings of one picture pass; None is a reading that is not there."""
        tag_passes = tag_dpi is not None and tag_dpi + self.tolerance_dpi >= self.min_dpi
        print_passes = printed_dpi is not None and printed_dpi + self.tolerance_dpi >= self.min_dpi
        return {"tag": tag_passes, "print_size": print_passes, "either": tag_passes or print_passes}[self.read]

    def _asked(self) -> str:
        return f"应不低于{self.min_dpi:g}dpi"
