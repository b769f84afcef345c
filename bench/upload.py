"""Uploads against their floor: a blocking socket, recv, SHA-256, write, fsync. `python -m bench.upload [--gib 1] [--rounds 3]`.

Three ways in turn, in each round: the floor, one PATCH, PATCHes of 8 MiB. CPU is user and system time of the serving process;
memory is how much its resident set grew at most while one upload ran.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.intake.upload_client import MIB, TYPE, Server

GIB = 1024**3
BLOCK = os.urandom(MIB)
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

FLOOR = """
import hashlib, os, socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
size = int(sys.argv[1])
while True:
    connection, _ = server.accept()
    file = os.open(sys.argv[2], os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    digest, left = hashlib.sha256(), size
    while left:
        data = connection.recv(1 << 20)
        digest.update(data)
        os.write(file, data)
        left -= len(data)
    os.fsync(file)
    connection.sendall(digest.hexdigest().encode())
    connection.close()
    os.close(file)
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One run."""

    wall_s: float
    cpu_s: float
    grown_mb: float


def main() -> None:
    """Run, print, exit 1 when a target is missed."""
    options = argparse.ArgumentParser()
    options.add_argument("--gib", type=float, default=1.0)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    size = int(chosen.gib * GIB) // MIB * MIB
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), size, chosen.rounds)
    sys.exit(report(figures, size / GIB))


def measure(folder: Path, size: int, rounds: int) -> dict[str, list[Figure]]:
    """Take each way once a round, in random order."""
    server = Server(folder / "home").start()
    floor = subprocess.Popen([sys.executable, "-c", FLOOR, str(size), str(folder / "floor")], stdout=subprocess.PIPE, text=True)
    try:
        assert server.process is not None and floor.stdout is not None  # noqa: S101, PT018 - both run
        port, pid = int(floor.stdout.readline()), server.process.pid
        idle = {process: resident_mb(process) for process in (floor.pid, pid)}
        ways: dict[str, Callable[[], Figure]] = {
            "floor": lambda: timed(floor.pid, idle[floor.pid], lambda: to_floor(port, size)),
            "one PATCH": lambda: timed(pid, idle[pid], lambda: to_server(server, size, size)),
            "8 MiB PATCHes": lambda: timed(pid, idle[pid], lambda: to_server(server, size, 8 * MIB)),
        }
        figures: dict[str, list[Figure]] = {name: [] for name in ways}
        server.begin(1)
        idle[pid] = resident_mb(pid)
        ways["one PATCH"]()
        for _ in range(rounds):
            for name in random.sample(list(ways), len(ways)):
                clear(server, folder)
                settle(folder, size)
                figures[name].append(ways[name]())
        check(server, size)
        return figures
    finally:
        floor.kill()
        floor.wait()
        server.stop()


def timed(pid: int, idle_mb: float, run: Callable[[], object]) -> Figure:
    """Measure a run and the process that serves it, which had `idle_mb` before its first."""
    os.sync()
    peak = Peak(pid)
    cpu = cpu_s(pid)
    began = time.perf_counter()
    run()
    wall = time.perf_counter() - began
    return Figure(wall, cpu_s(pid) - cpu, peak.stop() - idle_mb)


class Peak:
    """Watches how large a process grows."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over, self._peak = pid, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._peak = max(self._peak, resident_mb(self._pid))

    def stop(self) -> float:
        """Return the most there was."""
        self._over.set()
        self._thread.join()
        return self._peak


def to_floor(port: int, size: int) -> None:
    """Send everything to the floor and wait for its digest."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        send(connection, size)
        connection.recv(64)


def to_server(server: Server, size: int, step: int) -> str:
    """Upload in PATCHes of `step` bytes over one connection; return the upload's address."""
    url = server.begin(size)
    path = url.removeprefix(server.address)
    host = server.address.removeprefix("http://")
    with socket.create_connection((host.partition(":")[0], int(host.partition(":")[2]))) as connection:
        for offset in range(0, size, step):
            length = min(step, size - offset)
            connection.sendall(
                f"PATCH {path} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n"
                f"Content-Type: {TYPE}\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            send(connection, length)
            answer = connection.recv(65536)
            if not answer.startswith(b"HTTP/1.1 204"):
                raise RuntimeError(answer[:200])
    return url


def check(server: Server, size: int) -> None:
    """Compare the hash of every upload, outside what is timed."""
    expected = hashlib.sha256(BLOCK * (size // MIB)).hexdigest()
    rows = server.rows("SELECT sha256 FROM upload WHERE length_bytes = ?", size)
    if not rows or any(row["sha256"] != expected for row in rows):
        raise RuntimeError("a hash differs")


def send(connection: socket.socket, size: int) -> None:
    """Send so many bytes."""
    for _ in range(size // MIB):
        connection.sendall(BLOCK)


def settle(folder: Path, size: int) -> None:
    """Let the pages that a run will fill be ones this machine has: a virtual machine's host may have taken free ones back."""
    path = folder / "pages"
    with path.open("wb", buffering=0) as file:
        for _ in range(size // MIB + 256):
            file.write(BLOCK)
    path.unlink()


def clear(server: Server, folder: Path) -> None:
    """Remove what was stored, so that each run starts alike."""
    (folder / "floor").unlink(missing_ok=True)
    for path in (server.home / "objects" / "uploads").rglob("*"):
        if path.is_file():
            path.unlink()


def cpu_s(pid: int) -> float:
    """Return user and system seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(pid: int) -> float:
    """Return its resident set."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6


def report(figures: dict[str, list[Figure]], gib: float) -> int:
    """Print medians and ratios; return 1 when a target is missed."""
    for name, runs in figures.items():
        walls, cpus = [run.wall_s / gib for run in runs], [run.cpu_s / gib for run in runs]
        print(
            f"{name:15} wall {statistics.median(walls):5.2f} s/GiB ({min(walls):.2f}–{max(walls):.2f})  "
            f"cpu {statistics.median(cpus):5.2f} s/GiB ({min(cpus):.2f}–{max(cpus):.2f})  "
            f"memory +{max(run.grown_mb for run in runs):.1f} MB"
        )

    def ratios(name: str, read: Callable[[Figure], float]) -> list[float]:
        return [read(run) / read(base) for run, base in zip(figures[name], figures["floor"], strict=True)]

    lines = [
        ("CPU of one PATCH ÷ floor", ratios("one PATCH", lambda run: run.cpu_s), "<=", 2.2),
        ("rate of one PATCH ÷ floor", ratios("one PATCH", lambda run: 1 / run.wall_s), ">=", 0.7),
        ("rate of 8 MiB PATCHes ÷ floor", ratios("8 MiB PATCHes", lambda run: 1 / run.wall_s), ">=", 0.55),
        ("memory of one upload, MB", [run.grown_mb for run in figures["one PATCH"]], "<=", 15),
    ]
    missed = 0
    for label, values, sign, target in lines:
        median = statistics.median(values)
        held = median <= target if sign == "<=" else median >= target
        missed += not held
        verdict = "ok" if held else "MISSED"
        print(f"{label:32} {median:6.2f} ({min(values):.2f}–{max(values):.2f})  target {sign} {target}  {verdict}")
    return int(missed > 0)


if __name__ == "__main__":
    main()
