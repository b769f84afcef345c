"""Looks a home over: its engines and their versions, keys, disk, clock, and what each service says of itself."""

from __future__ import annotations

import json
import os
import platform as machine
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.kernel.errors import LaurelError, NoData
from services.kernel.inspection import VERSION
from services.kernel.keys import Keys, KeysRefused, Purpose
from services.kernel.settings import Settings
from services.ops import checks
from services.ops.checks import Check, Status
from services.ops.desk import Desk, NoPlatform, open_desk
from services.ops.labels import KEYS
from services.runtime import DEFINITIONS

PROGRAMS = ("ffmpeg", "ffprobe")


@dataclass
class Examination:
    """What was found. `services` holds each service's state as its API answers it."""

    home: str
    version: str = VERSION
    address: str | None = None
    rehearsal: bool | None = None
    engines: dict[str, str | None] = field(default_factory=dict)
    disk: dict[str, int] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """The worst of all checks."""
        return checks.worst(self.checks)


def examine(settings: Settings) -> Examination:
    """Look everything over; whatever does not answer is a check of its own, and the rest is looked at all the same."""
    found = Examination(str(settings.home), engines={"python": machine.python_version(), **_programs()})
    found.checks.append(checks.of_programs({name: found.engines[name] for name in PROGRAMS}))
    try:
        with open_desk(settings) as desk:
            _home(found, settings, desk)
            _services(found, desk)
    except (NoData, NoPlatform, KeysRefused) as nothing:
        found.checks.append(Check("platform", Status.BROKEN, str(nothing)))
    return found


def _programs() -> dict[str, str | None]:
    return {name: _version_of(name) for name in PROGRAMS}


def _version_of(program: str) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - found on PATH, no words of a user
    words = answer.stdout.split()
    return words[2] if answer.returncode == 0 and len(words) > 2 else None  # noqa: PLR2004 - "ffmpeg version N"


def _home(found: Examination, settings: Settings, desk: Desk) -> None:
    home = settings.home
    found.address = desk.address
    running = f"平台正在运行：{desk.address}。" if desk.address else "平台没有运行，以下按数据文件检查。"
    found.checks.append(Check("platform", Status.OK, running))
    found.checks += [*_folder(found, home), *_keys(settings)]
    usage = shutil.disk_usage(home)
    found.disk = {"free_bytes": usage.free, "total_bytes": usage.total}
    found.checks.append(checks.of_disk(usage.free, largest_upload_bytes=settings.upload_max_bytes))


def _folder(found: Examination, home: Path) -> Iterator[Check]:
    if not os.access(home, os.W_OK | os.X_OK):
        yield Check("home", Status.BROKEN, f"{home} 不可写。请检查目录的属主和权限。")
    try:
        found.rehearsal = bool(json.loads((home / "deployment.json").read_text(encoding="utf-8"))["rehearsal"])
    except (OSError, ValueError, KeyError, TypeError):
        yield Check("home", Status.BROKEN, f"{home}/deployment.json 缺失或损坏，不能判断是否为试运行。请从备份恢复。")
    else:
        yield Check("home", Status.OK, "试运行，不作为正式材料。" if found.rehearsal else "正式运行。")


def _keys(settings: Settings) -> Iterator[Check]:
    try:
        keys = Keys.open(settings.keys_folder)
    except KeysRefused as refused:
        yield Check("keys", Status.BROKEN, f"密钥不可用：{refused}")
    else:
        yield Check("keys", Status.OK, "，".join(f"{KEYS[purpose]}密钥 {keys.kid(purpose)}" for purpose in Purpose) + "。")


def _services(found: Examination, desk: Desk) -> None:
    for definition in DEFINITIONS:
        try:
            state = desk.state(definition.name)
        except LaurelError as nothing:
            found.checks.append(Check("database", Status.BROKEN, str(nothing), definition.name))
            continue
        found.services[definition.name] = state
        found.engines.setdefault("database", state["engine"])
        found.checks += checks.of_service(state, running=desk.address is not None, version=VERSION)
    if found.services:
        found.checks.append(checks.of_clocks({name: state["clock"] for name, state in found.services.items()}))
