"""Starts `laurel up` on a home of its own and stops it by its process id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path


class Platform:
    """A platform in a process of its own."""

    def __init__(self, home: Path, *, port: int = 0, environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.port = port
        self.environment = dict(environment or {})
        self.address = ""
        self.code: str | None = None
        self.process: subprocess.Popen[str] | None = None

    def start(self, *, seconds: float = 60) -> Platform:
        """Start and wait until it answers. Raises RuntimeError with what it said."""
        self.home.mkdir(parents=True, exist_ok=True)
        out, err = self.home / "up.out", self.home / "up.log"
        command = [sys.executable, "-m", "services", "up", "--rehearsal", "--home", str(self.home), "--port", str(self.port)]
        settings = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parent.parent), **self.environment}
        with out.open("w") as told, err.open("a") as logged:
            self.process = subprocess.Popen(
                command, stdout=told, stderr=logged, env=settings, text=True, start_new_session=True
            )
        end = time.monotonic() + seconds
        while "开始接收请求" not in (said := out.read_text()):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the platform did not start: {said}\n{err.read_text()[-3000:]}")
            time.sleep(0.05)
        return self._read(out.read_text())

    def _read(self, said: str) -> Platform:
        for line in said.splitlines():
            if "已启动" in line:
                self.address = line.split("：", 1)[1].strip()
            if "开通码" in line:
                self.code = line.split("：", 1)[1].strip()
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop; return its exit code."""
        return self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(10)
