"""Which faults an online conversion solves, and what to do about the others."""

from __future__ import annotations

from collections.abc import Iterable

from services.campaigns.findings import Finding, Frozen, Severity
from services.campaigns.slots import FileSize, Resolution, Slot
from services.media.domain.film import displayed_sizes
from services.media.domain.measures import Film, Measured
from services.media.domain.words import listed

_CONVERTED = {"container": "视频格式", "video_codec": "编码", "frame_rate": "帧率"}
_REDONE = {"duration": "时长", "resolution": "分辨率", "file_size": "文件大小"}
_SENT_AGAIN = frozenset({"truncated", "corrupt", "padded", "unreadable", "hostile"})


class Remedy(Frozen):
    """What can be done: ids of checks that a conversion solves and that it does not, and what to do."""

    convertible: tuple[str, ...] = ()
    not_convertible: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """All sentences in one."""
        return "".join(self.sentences)


def remedy(findings: Iterable[Finding], measured: Measured, slot: Slot) -> Remedy:
    """Return the way out of everything that blocks. Nothing to mend gives no sentence."""
    blocked = list(dict.fromkeys(found.check for found in findings if found.severity is Severity.BLOCK))
    if slot.medium != "video" or not isinstance(measured, Film):
        return Remedy(not_convertible=tuple(blocked), sentences=_said(_again(blocked)))
    solved = [check for check in blocked if _solves(check, measured, slot)]
    unsolved = [check for check in blocked if check not in solved]
    sentences = _said(_by_conversion(solved), _by_new_film(unsolved), _again(unsolved))
    return Remedy(convertible=tuple(solved), not_convertible=tuple(unsolved), sentences=sentences)


def _said(*sentences: str) -> tuple[str, ...]:
    return tuple(filter(None, sentences))


def _solves(check: str, film: Film, slot: Slot) -> bool:
    """Tell what a conversion can do: change container, codec and rate, make file and picture smaller, never larger."""
    if check == "resolution":
        return _shrinks(film, slot)
    if check == "file_size":
        sizes = [rule for rule in slot.rules if isinstance(rule, FileSize) and not rule.met_by(film.size_bytes)]
        return all(rule.max_bytes for rule in sizes)
    return check in _CONVERTED


def _shrinks(film: Film, slot: Slot) -> bool:
    """Tell whether an exact size of the same shape lies below every size the film shows."""
    wanted = [pair for rule in slot.rules if isinstance(rule, Resolution) for pair in rule.exact_px or ()]
    sizes = displayed_sizes(film)
    return any(all(_holds(size, pair) for size in sizes) for pair in wanted)


def _holds(size: tuple[int, int, float], pair: tuple[int, int]) -> bool:
    width, height, _ = size
    return width >= pair[0] and height >= pair[1] and width * pair[1] == height * pair[0]


def _by_conversion(checks: list[str]) -> str:
    names = [name for check, name in (_CONVERTED | {"resolution": "分辨率"}).items() if check in checks]
    if "file_size" in checks and not names:
        return "文件大小可在线转换减小，原视频保留。"
    smaller = "，文件大小随之减小" if "file_size" in checks else ""
    return f"{listed(names)}可在线转换{smaller}，原视频保留。" if names else ""


def _by_new_film(checks: list[str]) -> str:
    names = [name for check, name in _REDONE.items() if check in checks]
    if not names:
        return ""
    source = "；如原片经微信转发，请向制作单位索取未压缩文件" if "resolution" in checks else ""
    film = "剪辑后的原片" if "duration" in checks else "原片"
    return f"{listed(names)}不能靠转换解决，请提供{film}{source}。"


def _again(checks: list[str]) -> str:
    if _SENT_AGAIN.isdisjoint(checks):
        return ""
    return "请重新导出并上传完整的原文件。"
