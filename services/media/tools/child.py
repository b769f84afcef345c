"""Runs one program on a user's bytes: own process group, limits, no network, bounded memory for what it says.

A user's file may be built to read other files, to reach the network, to eat memory or never to end. So a child gets
an empty directory, a null stdin, a closed network, limits on time, memory and output, a low priority, and dies with
its parent. Its words are drained as they come: a full pipe would stop it, an endless one would fill our memory.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

GIB: Final = 1 << 30
_CHUNK_BYTES: Final = 1 << 16
_LINE_BYTES: Final = 4096
_TAIL_LINES: Final = 40
_GRACE_S: Final = 3.0
_DISK_FULL: Final = os.strerror(errno.ENOSPC)
_TICK_S: Final = 0.25


class Ending(StrEnum):
    """Why a child is no longer running."""

    EXITED = "exited"
    STALLED = "stalled"
    OVERTIME = "overtime"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    `address_bytes` is never below 1 GiB: ffmpeg does not start with less. `stall_s` is the longest wait
    for a sign of progress on stdout.
    """

    cpu_s: int = 3600
    wall_s: float = 7200
    stall_s: float = 120
    file_bytes: int = 4 * GIB
    address_bytes: int = 2 * GIB
    nice: int = 10

    def __post_init__(self) -> None:
        """Refuse a limit under which nothing starts."""
        if self.address_bytes < GIB:
            raise ValueError(f"address_bytes must be at least {GIB}, not {self.address_bytes}")


class EndedEarlyError(OSError):
    """A child was ended before it was done: stopped, stalled, out of time or out of disk. Says nothing of the file."""


@dataclass(frozen=True)
class Exit:
    """How a child ended. `code` is its exit code, negative for the signal that ended it."""

    code: int
    ending: Ending
    cpu_s: float
    wall_s: float
    tail: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Tell whether it ended by itself and content."""
        return self.ending is Ending.EXITED and self.code == 0


def demand_end(done: Exit) -> None:
    """Raise EndedEarlyError, with errno ENOSPC for a full disk, unless the child came to an end of its own."""
    if any(_DISK_FULL in line for line in done.tail):
        raise EndedEarlyError(errno.ENOSPC, "临时空间已满")
    if done.ending is Ending.STOPPED:
        raise EndedEarlyError(errno.EINTR, "已停止")
    if done.ending is not Ending.EXITED or -done.code in {signal.SIGXCPU, signal.SIGKILL}:
        raise EndedEarlyError(errno.ETIME, "处理时间过长，已停止")


def ignore(_: bytes) -> bool:
    """Drop what a child writes."""
    return True


@functools.cache
def isolation() -> tuple[str, ...]:
    """Return the command words that take the network away, empty where the system permits none.

    Root may unshare directly; others need user namespaces, which some systems close.
    """
    unshare = shutil.which("unshare")
    for words in (("--net",), ("--map-current-user", "--net")):
        if unshare and _works(unshare, *words, "--", "true"):
            return (unshare, *words, "--")
    return ()


def run(
    argv: Sequence[str],
    directory: Path,
    *,
    limits: Limits | None = None,
    on_stdout: Callable[[bytes], bool] = ignore,
    on_line: Callable[[str], None] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Exit:
    """Run `argv` in `directory` until it ends, stalls, exceeds its time or `stop()` turns true.

    `on_stdout` gets chunks as they come and answers whether they show progress; `on_line` gets each stderr line, at
    most 4,096 bytes of it. Both run in the calling thread. Never raises for what the child does; raises
    FileNotFoundError where the program is missing.
    """
    limits = limits or Limits()
    program = shutil.which(argv[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, f"没有安装{argv[0]}")
    watch = _Watch(limits, stop)
    lines = _Lines(on_line)
    child = _start([*_wrapping(limits), program, *argv[1:]], directory)
    try:
        _drain(child, on_stdout, lines, watch)
    except BaseException:
        _end(child)
        raise
    finally:
        code, cpu_s = _reap(child)
    return Exit(code, watch.ending, cpu_s, watch.elapsed_s, tuple(lines.tail))


def _works(*argv: str) -> bool:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10)  # noqa: S603 fixed words
    return done.returncode == 0


def _wrapping(limits: Limits) -> list[str]:
    """Return the launcher: util-linux sets limits in the child, where a preexec hook in a threaded parent may hang."""
    return [
        *isolation(),
        "prlimit",
        f"--cpu={limits.cpu_s}:{limits.cpu_s + 5}",
        f"--fsize={limits.file_bytes}",
        f"--as={limits.address_bytes}",
        "--core=0",
        "nice",
        "-n",
        str(limits.nice),
        "setpriv",
        "--pdeathsig",
        "KILL",
    ]


def _start(argv: Sequence[str], directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 the words are ours, never a user's
        argv,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )


@dataclass
class _Watch:
    """Decides when a child has had enough: silent for too long, over its time, or told to stop."""

    limits: Limits
    stop: Callable[[], bool]
    ending: Ending = Ending.EXITED
    _started: float = field(default_factory=time.monotonic)
    _moved: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def moved(self) -> None:
        self._moved = time.monotonic()

    def enough(self) -> bool:
        if self.stop():
            self.ending = Ending.STOPPED
        elif self.elapsed_s > self.limits.wall_s:
            self.ending = Ending.OVERTIME
        elif time.monotonic() - self._moved > self.limits.stall_s:
            self.ending = Ending.STALLED
        return self.ending is not Ending.EXITED


class _Lines:
    """Cuts stderr into lines, hands each on, and keeps only the last few."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._on_line = on_line
        self._rest = b""

    def feed(self, chunk: bytes) -> bool:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            self._take(line)
        if len(self._rest) > _LINE_BYTES:
            self._take(self._rest)
            self._rest = b""
        return False

    def close(self) -> None:
        if self._rest:
            self._take(self._rest)
        self._rest = b""

    def _take(self, raw: bytes) -> None:
        line = raw[:_LINE_BYTES].decode("utf-8", "replace")
        self.tail.append(line)
        if self._on_line:
            self._on_line(line)


def _drain(child: subprocess.Popen[bytes], on_stdout: Callable[[bytes], bool], lines: _Lines, watch: _Watch) -> None:
    """Read both pipes until they close; end the child when the watch says so."""
    with selectors.DefaultSelector() as selector:
        sinks = {_pipe(child.stdout): on_stdout, _pipe(child.stderr): lines.feed}
        for pipe in sinks:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select(_TICK_S):
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    selector.unregister(key.fd)
                    continue
                if sinks[key.fd](chunk):
                    watch.moved()
            if watch.ending is Ending.EXITED and watch.enough():
                _end(child)
    lines.close()


def _pipe(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise RuntimeError("a child was started without its pipes")
    return stream.fileno()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end, and make it after a grace."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        if number is signal.SIGTERM and _gone(child.pid):
            return


def _gone(pid: int) -> bool:
    """Wait out the grace without reaping, so that the usage can still be read."""
    until = time.monotonic() + _GRACE_S
    while time.monotonic() < until:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return True
        time.sleep(0.05)
    return False


def _reap(child: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Collect the child with its CPU seconds, and whatever it left in its group."""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for stream in (child.stdout, child.stderr):
        if stream:
            stream.close()
    return child.returncode, usage.ru_utime + usage.ru_stime
