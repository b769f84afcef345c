"""What operators read instead of the names in code: services, keys and jobs in Chinese, lengths of time, Beijing time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.kernel.instants import BEIJING

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400

SERVICES: Mapping[str | None, str] = {
    None: "平台",
    "intake": "受理",
    "media": "媒体",
    "review": "评审",
    "notify": "通知",
    "search": "检索",
}
KEYS: Mapping[str, str] = {
    "token": "登录",
    "receipt": "回执",
    "record": "评审记录",
    "bytes": "文件地址",
    "upload": "上传",
    "code": "开通码",
    "id_hash": "证件号摘要",
}
JOBS: Mapping[str, str] = {
    "stage.close": "阶段截止",
    "stage.uploads-over": "截止后的上传",
    "receipt.files": "文件传送完成的回执",
    "upload.end-expired": "清理到期的上传",
    "media.judge": "核验文件",
    "media.rejudge": "重新核验",
    "media.render": "制作预览版",
    "review.settle": "轮次截止",
    "review.tally": "评分汇总",
    "review.batch": "评审记录入册",
    "notify.send": "发送消息",
    "search.rebuild": "重建索引",
}


def length_text(seconds: float) -> str:
    """Return 7 as "7 秒", 125 as "2 分 05 秒", 7380 as "2 小时 03 分", 100000 as "1 天 3 小时"."""
    whole = round(abs(seconds))
    if whole < _MINUTE_S:
        return f"{whole} 秒"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} 分 {whole % _MINUTE_S:02d} 秒"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} 小时 {whole % _HOUR_S // _MINUTE_S:02d} 分"
    return f"{whole // _DAY_S} 天 {whole % _DAY_S // _HOUR_S} 小时"


def instant_text(instant: str) -> str:
    """Return an instant (RFC 3339) as "2024-09-30 23:59:59.999+08:00"."""
    return datetime.fromisoformat(instant).astimezone(BEIJING).isoformat(sep=" ", timespec="milliseconds")
