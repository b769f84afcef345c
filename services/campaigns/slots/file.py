"""Rules that fit a file of any medium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from services.campaigns.findings import Severity
from services.campaigns.quantities import Base, parse_size_bytes, size_text
from services.campaigns.slots.rule import SlotRule
from services.campaigns.text import Id, Text


class FileSize(SlotRule):
    """Size on disk, bounds inclusive unless the campaign's reading says otherwise.

    A bound is written as the notice writes it ("1G") and read in `base`, or as a number of bytes;
    `written` keeps the notice's word.
    """

    label: ClassVar[str] = "文件大小"
    kind: Literal["file_size"] = "file_size"
    min_bytes: PositiveInt | None = None
    max_bytes: PositiveInt | None = None
    inclusive: bool = True
    base: Base = "binary"
    written: str | None = Field(default=None, pattern=r"^\d+(\.\d+)?[KMGT]B?$")

    @model_validator(mode="before")
    @classmethod
    def _read_words(cls, data: Any) -> Any:
        return _with_bytes(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.min_bytes is None) == (self.max_bytes is None):
            raise ValueError("file_size 须写 min_bytes 或 max_bytes 之一")
        return self

    @property
    def bound_bytes(self) -> int:
        """The bound that is set."""
        return self.max_bytes or self.min_bytes or 0

    def met_by(self, size_bytes: int) -> bool:
        """Say whether a size passes."""
        beyond = size_bytes - self.bound_bytes if self.max_bytes else self.bound_bytes - size_bytes
        return beyond < 0 or (beyond == 0 and self.inclusive)

    def shown(self, size_bytes: int) -> str:
        """Return a measured size in the notice's own unit: "1.12G"."""
        return size_text(size_bytes, self.written or "1M", self.base)

    def _asked(self) -> str:
        bound = self.written or f"{self.bound_bytes:,}字节"
        phrase = f"应在{bound}以内" if self.max_bytes else f"应不小于{bound}"
        notes = [f"本活动按{self.bound_bytes:,}字节"] if self.written else []
        notes += [] if self.inclusive else ["不含本数"]
        return f"{phrase}（{'，'.join(notes)}）" if notes else phrase


def _with_bytes(data: Mapping[str, Any]) -> dict[str, Any]:
    read = dict(data)
    base: Base = "decimal" if read.get("base") == "decimal" else "binary"
    for name in ("min_bytes", "max_bytes"):
        if isinstance(read.get(name), str):
            read["written"] = read[name]
            read[name] = parse_size_bytes(read[name], base)
    return read


class Truncated(SlotRule):
    """The file ends before its contents do."""

    label: ClassVar[str] = "文件完整"
    kind: Literal["truncated"] = "truncated"

    def _asked(self) -> str:
        return "文件应完整"


class Corrupt(SlotRule):
    """The decoder reports damage, more than `max_errors` times."""

    label: ClassVar[str] = "数据无损坏"
    kind: Literal["corrupt"] = "corrupt"
    max_errors: int = Field(default=0, ge=0)

    def _asked(self) -> str:
        return "应能完整解码"


class Padded(SlotRule):
    """Less than `min_payload_share` of the file is picture or sound: it was made larger with filler."""

    label: ClassVar[str] = "无填充数据"
    kind: Literal["padded"] = "padded"
    severity: Severity = Severity.ASK
    min_payload_share: float = Field(default=0.5, gt=0, lt=1)

    def _asked(self) -> str:
        return f"有效数据应不少于{self.min_payload_share:.0%}"


class Look(SlotRule):
    """Something that only a person can judge: 免冠, 无台标, 主元素清晰.

    `item` names it inside its slot; `question` is shown to the person.
    """

    label: ClassVar[str] = "人工核实"
    kind: Literal["look"] = "look"
    severity: Severity = Severity.ASK
    item: Id
    question: Text

    def _asked(self) -> str:
        return f"请人工核实：{self.question}"
