"""Material slots: what a work carries, and the closed list of rules that may be asked of it.

A slot holds rules of a discriminated union on `kind`; a kind is the id of its check. Two more ids are the
engine's own: `unreadable` (nothing could be measured) and `hostile` (refused before anything was decoded).
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from services.campaigns.findings import Frozen
from services.campaigns.references import Cite
from services.campaigns.slots.file import Corrupt, FileSize, Look, Padded, Truncated
from services.campaigns.slots.photo import PhotoDpi, PhotoFormat, PhotoPixels
from services.campaigns.slots.rule import SlotRule
from services.campaigns.slots.video import (
    AudioMissing,
    Black,
    Container,
    Duration,
    FrameRate,
    FrozenPicture,
    HeadCard,
    Resolution,
    Shown,
    Silent,
    TailCard,
    VideoCodec,
)
from services.campaigns.text import Id, Text

__all__ = [
    "CHECK_IDS",
    "ENGINE_CHECKS",
    "PHOTO_RULES",
    "RULES",
    "VIDEO_RULES",
    "AnyRule",
    "AudioMissing",
    "Black",
    "Container",
    "Corrupt",
    "Duration",
    "FileSize",
    "FrameRate",
    "FrozenPicture",
    "HeadCard",
    "Look",
    "Padded",
    "PhotoDpi",
    "PhotoFormat",
    "PhotoPixels",
    "Resolution",
    "Shown",
    "Silent",
    "Slot",
    "SlotRule",
    "TailCard",
    "Truncated",
    "VideoCodec",
]

AnyRule = Annotated[
    Container
    | VideoCodec
    | Resolution
    | Duration
    | FrameRate
    | Black
    | FrozenPicture
    | Silent
    | AudioMissing
    | HeadCard
    | TailCard
    | PhotoFormat
    | PhotoPixels
    | PhotoDpi
    | FileSize
    | Truncated
    | Corrupt
    | Padded
    | Look,
    Field(discriminator="kind"),
]

RULES: tuple[type[SlotRule], ...] = get_args(get_args(AnyRule)[0])
FILE_RULES = (FileSize, Truncated, Corrupt, Padded, Look)
PHOTO_RULES = (PhotoFormat, PhotoPixels, PhotoDpi, *FILE_RULES)
VIDEO_RULES = tuple(rule for rule in RULES if rule not in PHOTO_RULES) + FILE_RULES
ENGINE_CHECKS = ("unreadable", "hostile")
CHECK_IDS = (*(str(rule.model_fields["kind"].default) for rule in RULES), *ENGINE_CHECKS)


class Slot(Frozen):
    """A place for files of one medium in a work; `min_files` is 0 where the notice only encourages.

    Files of tier T2 or T3 are personal: their own unit and the organiser see them, experts and the public never do.
    """

    id: Id
    label: Text
    medium: Literal["video", "photo"]
    min_files: int = Field(default=1, ge=0)
    max_files: int = Field(default=1, ge=1)
    tier: Literal["T0", "T1", "T2", "T3"] | None = None
    cite: Cite
    rules: tuple[AnyRule, ...] = ()

    @property
    def is_personal(self) -> bool:
        """Whether only the work's own unit and the organiser may look at its files."""
        return self.tier in {"T2", "T3"}

    @model_validator(mode="after")
    def _rules_fit(self) -> Self:
        if self.min_files > self.max_files:
            raise ValueError("min_files 大于 max_files")
        allowed = VIDEO_RULES if self.medium == "video" else PHOTO_RULES
        strangers = [rule.kind for rule in self.rules if not isinstance(rule, allowed)]
        if strangers:
            raise ValueError(f"{self.medium} 材料不能使用规则 {'、'.join(strangers)}")
        items = [rule.item for rule in self.rules if isinstance(rule, Look)]
        if len(items) != len(set(items)):
            raise ValueError("同一材料中 look 的 item 不能重复")
        return self
