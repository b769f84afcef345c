"""Rules that fit a file of any medium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from services.campaigns.findings import Severity
from services.campaigns.quantities import Base, is_size, parse_size_bytes, size_text
from services.campaigns.slots.rule import SlotRule
from services.campaigns.text import Id, Text


def _read(value: object, info: ValidationInfo) -> object:
    base: Base = info.data.get("base", "binary")
    return parse_size_bytes(value, base) if isinstance(value, str) else value


def _in_words(text: str) -> str:
    parse_size_bytes(text, "decimal")
    return text


Written = Annotated[str, AfterValidator(_in_words)]
Bytes = Annotated[int, BeforeValidator(_read), Field(gt=0)]


class FileSize(SlotRule):
    """Size on disk, bounds inclusive unless the campaign's reading says otherwise.

    A bound is written as the notice writes it ("1G") and read in `base`, or as a number of bytes;
    `written` keeps the notice's word.
    """

    label: ClassVar[str] = "文件大小"
    meaning: ClassVar[str] = "文件在磁盘上的大小；按通知写法（1G、5MB）填写，base 定按二进制还是十进制读"
    kind: Literal["file_size"] = "file_size"
    base: Base = "binary"
    written: Written | None = None
    min_bytes: Bytes | None = None
    max_bytes: Bytes | None = None
    inclusive: bool = True

    @model_validator(mode="before")
    @classmethod
    def _keep_the_word(cls, data: Any) -> Any:
        return _with_word(data) if isinstance(data, Mapping) else data

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


def _with_word(data: Mapping[str, Any]) -> dict[str, Any]:
    words = [str(bound).strip() for name in ("min_bytes", "max_bytes") if is_size(bound := data.get(name))]
    return {**data, "written": words[0]} if words else dict(data)


class Truncated(SlotRule):
    """The file ends before its contents do."""

    label: ClassVar[str] = "文件完整"
    meaning: ClassVar[str] = "文件没有传完或被截短"
    kind: Literal["truncated"] = "truncated"

    def _asked(self) -> str:
        return "文件应完整"


class Corrupt(SlotRule):
    """The decoder reports damage, more than `max_errors` times."""

    label: ClassVar[str] = "数据无损坏"
    meaning: ClassVar[str] = "解码时报告的损坏次数超过 max_errors"
    kind: Literal["corrupt"] = "corrupt"
    max_errors: int = Field(default=0, ge=0)

    def _asked(self) -> str:
        return "应能完整解码"


class Padded(SlotRule):
    """Less than `min_payload_share` of the file is picture or sound: it was made larger with filler."""

    label: ClassVar[str] = "无填充数据"
    meaning: ClassVar[str] = "画面和声音占文件的比例低于 min_payload_share，文件被填充加大"
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
    meaning: ClassVar[str] = "只能由人判断的事项，勾选时记录姓名和时间；item 是它在本材料中的名称"
    kind: Literal["look"] = "look"
    severity: Severity = Severity.ASK
    item: Id
    question: Text

    def _asked(self) -> str:
        return f"请人工核实：{self.question}"
