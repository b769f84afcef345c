"""What operators read: every service, key and job has its Chinese label, and lengths of time can be read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.kernel.keys import Purpose
from services.ops import checks, labels
from services.ops.checks import Status
from services.runtime import DEFINITIONS


def test_everything_has_its_label():
    assert set(labels.KEYS) == {purpose.value for purpose in Purpose}
    assert set(labels.SERVICES) == {None, *(one.name for one in DEFINITIONS)}
    assert set(labels.JOBS) == {kind for one in DEFINITIONS for kind in one.jobs.kinds}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "0 秒"),
        (59.4, "59 秒"),
        (59.6, "1 分 00 秒"),
        (125, "2 分 05 秒"),
        (-125, "2 分 05 秒"),
        (3599.6, "1 小时 00 分"),
        (7380, "2 小时 03 分"),
        (100_000, "1 天 3 小时"),
    ],
)
def test_a_length_of_time_can_be_read(seconds: float, told: str):
    assert labels.length_text(seconds) == told


def test_an_instant_is_told_in_beijing_with_its_offset():
    assert labels.instant_text("2024-09-30T15:59:59.9994Z") == "2024-09-30 23:59:59.999+08:00"


def clock(offset_s: float = 0, stopped_at: str | None = None) -> dict[str, object]:
    return {"revision": 1, "offset_us": round(offset_s * 1e6), "stopped_at": stopped_at}


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (clock(), "活动时钟即系统时间。"),
        (clock(125), "活动时钟比系统时间快 2 分 05 秒（试运行）。"),
        (clock(-7380), "活动时钟比系统时间慢 2 小时 03 分（试运行）。"),
        (clock(0, "2024-09-30T15:59:59.999Z"), "活动时钟停在2024-09-30 23:59:59.999+08:00（试运行）。"),
    ],
)
def test_the_clock_is_told_in_words(kept: dict[str, object], told: str):
    assert checks.of_clocks({"intake": kept, "media": kept}).message == told


def test_what_is_behind_waits_or_was_given_up_is_told_in_words():
    now = datetime(2024, 9, 30, 16, 0, tzinfo=UTC)
    since = (now - timedelta(seconds=125)).isoformat()
    long_since = (now - timedelta(seconds=7380)).isoformat()
    state = {
        "service": "notify", "engine": "sqlite", "version": "1", "at": now.isoformat(), "degraded": [], "written": 1,
        "schema": {"kernel": "1", "service": "1", "kernel_head": "1", "service_head": "1"},
        "lags": [{"partition": "intake", "events": 3, "oldest_at": since, "same_epoch": False}],
        "dead": {"events": 0}, "waiting": {"events": 2, "oldest_at": long_since},
        "jobs": {"notify.send": {"failed": 2}},
    }  # fmt: skip
    told = {one.check: one.message for one in checks.of_service(state, running=True, version="1")}
    assert told["lag"] == "还有3条事件未处理，最早的一条已等 2 分 05 秒。请看本服务的日志。"
    assert told["waiting"] == "2条事件在等待，最早的一条已等 2 小时 03 分。请看它等待什么。"
    assert told["jobs"] == "未完成且不再自动重试的任务：发送消息2个。"
    assert told["consumer"].startswith("受理的事件日志已更换")
    found = checks.of_service(state, running=True, version="1")
    assert {one.check for one in found if one.status is not Status.OK} == {"lag", "waiting", "jobs", "consumer"}
