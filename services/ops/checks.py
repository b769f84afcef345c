"""What an operator is told of what was found: fine, please note, or broken, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.ops.labels import JOBS as JOB_LABELS
from services.ops.labels import SERVICES, instant_text, length_text

LAG_NOTE_S = 30
WAITING_NOTE_S = 3600
DISK_BROKEN_BYTES = 256 * 1024**2
GIB = 1024**3

Document = Mapping[str, Any]


class Status(StrEnum):
    """How serious it is, mildest first."""

    OK = "ok"
    WARN = "warn"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `service` is None for what concerns the whole home."""

    check: str
    status: Status
    message: str
    service: str | None = None


def worst(checks: Iterable[Check]) -> Status:
    """Return the most serious status."""
    found = {check.status for check in checks}
    return next((status for status in (Status.BROKEN, Status.WARN) if status in found), Status.OK)


def of_disk(free_bytes: int, *, largest_upload_bytes: int) -> Check:
    """Judge the space that is left."""
    told = f"可用空间{free_bytes / GIB:.1f}G"
    if free_bytes < DISK_BROKEN_BYTES:
        return Check("disk", Status.BROKEN, f"{told}，已不能可靠写入。请腾出空间。")
    if free_bytes < largest_upload_bytes:
        return Check(
            "disk", Status.WARN, f"{told}，不足以存下一个最大的文件（{largest_upload_bytes / GIB:.1f}G）。请腾出空间。"
        )
    return Check("disk", Status.OK, f"{told}。")


def of_programs(versions: Mapping[str, str | None]) -> Check:
    """Judge the programs that media starts."""
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return Check("engines", Status.BROKEN, f"没有找到{'、'.join(missing)}，视频不能核验。请安装。")
    return Check("engines", Status.OK, "，".join(f"{name} {version}" for name, version in versions.items()) + "。")


def of_clocks(clocks: Mapping[str, Document]) -> Check:
    """Judge whether the services keep the same campaign clock."""
    kept = {(clock["revision"], clock["offset_us"], clock["stopped_at"]) for clock in clocks.values()}
    if len(kept) > 1:
        return Check("clock", Status.WARN, "各服务的活动时钟还不一致，调整正在传达。如持续不变，请查看有关服务的消费进度。")
    ((_, offset_us, stopped_at),) = kept
    if stopped_at is not None:
        return Check("clock", Status.OK, f"活动时钟停在{instant_text(stopped_at)}（试运行）。")
    if offset_us:
        told = "快" if offset_us > 0 else "慢"
        return Check("clock", Status.OK, f"活动时钟比系统时间{told} {length_text(offset_us / 1e6)}（试运行）。")
    return Check("clock", Status.OK, "活动时钟即系统时间。")


def of_service(state: Document, *, running: bool, version: str) -> Iterator[Check]:
    """Judge what one service says of itself."""
    name = state["service"]
    for check in (_schema(state), _version(state, version), _consumer(state), _lag(state, running=running), _jobs(state)):
        yield Check(check.check, check.status, check.message, name)
    for check in _letters(state):
        yield Check(check.check, check.status, check.message, name)


def _schema(state: Document) -> Check:
    seen, brought = _numbers(state["schema"], ""), _numbers(state["schema"], "_head")
    if seen == brought:
        return Check("schema", Status.OK, f"数据库结构{_shown(seen)}，{state['engine']}。")
    if seen > brought:
        return Check("schema", Status.BROKEN, f"数据库结构{_shown(seen)}新于本程序（{_shown(brought)}）。请换用新版程序。")
    return Check("schema", Status.WARN, f"数据库结构{_shown(seen)}，下次启动时升级到{_shown(brought)}。")


def _numbers(schema: Document, suffix: str) -> tuple[str, str]:
    return schema[f"kernel{suffix}"] or "", schema[f"service{suffix}"] or ""


def _shown(numbers: tuple[str, str]) -> str:
    return "/".join(number or "—" for number in numbers)


def _version(state: Document, version: str) -> Check:
    if state["version"] != version:
        return Check("version", Status.WARN, f"运行中的是{state['version']}，命令是{version}。请重新启动平台。")
    return Check("version", Status.OK, f"版本{version}。")


def _consumer(state: Document) -> Check:
    if state["degraded"]:
        return Check("consumer", Status.BROKEN, f"已停止或降级：{'；'.join(state['degraded'])}。请按原因处理后重新启动。")
    renewed = [lag["partition"] for lag in state["lags"] if not lag["same_epoch"]]
    if renewed:
        return Check(
            "consumer",
            Status.BROKEN,
            f"{'、'.join(SERVICES.get(one, one) for one in renewed)}的事件日志已更换（恢复过备份），须重建本服务的投影。",
        )
    return Check("consumer", Status.OK, f"已写事件{state['written']}条。")


def _lag(state: Document, *, running: bool) -> Check:
    behind = [lag for lag in state["lags"] if lag["events"]]
    if not behind:
        return Check("lag", Status.OK, "事件都已处理。")
    events = sum(lag["events"] for lag in behind)
    age_s = max(_age_s(state, lag["oldest_at"]) for lag in behind)
    told = f"还有{events}条事件未处理，最早的一条已等 {length_text(age_s)}"
    if running and age_s > LAG_NOTE_S:
        return Check("lag", Status.WARN, f"{told}。请看本服务的日志。")
    return Check("lag", Status.OK, f"{told}。")


def _letters(state: Document) -> Iterator[Check]:
    dead, waiting = state["dead"]["events"], state["waiting"]["events"]
    if dead:
        yield Check("dead", Status.WARN, f"{dead}条事件不能处理，待人工决定。请运行 laurel deadletters list。")
    age_s = _age_s(state, state["waiting"]["oldest_at"]) if waiting else 0.0
    if age_s > WAITING_NOTE_S:
        yield Check("waiting", Status.WARN, f"{waiting}条事件在等待，最早的一条已等 {length_text(age_s)}。请看它等待什么。")
    elif waiting:
        yield Check("waiting", Status.OK, f"{waiting}条事件在等待它们所涉及的内容。")


def _jobs(state: Document) -> Check:
    failed = {kind: states["failed"] for kind, states in state["jobs"].items() if states.get("failed")}
    if failed:
        listed = "，".join(f"{JOB_LABELS.get(kind, kind)}{number}个" for kind, number in failed.items())
        return Check("jobs", Status.WARN, f"未完成且不再自动重试的任务：{listed}。")
    queued = sum(states.get("queued", 0) + states.get("running", 0) for states in state["jobs"].values())
    return Check("jobs", Status.OK, f"排队和进行中的任务{queued}个。")


def _age_s(state: Document, instant: str) -> float:
    return (datetime.fromisoformat(state["at"]) - datetime.fromisoformat(instant)).total_seconds()
