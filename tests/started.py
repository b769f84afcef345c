"""`laurel up` in a process of its own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAUREL = (sys.executable, "-m", "services")


@dataclass
class Started:
    """A platform's process and where it is reached."""

    process: subprocess.Popen[bytes]
    address: str = ""

    def said(self, seconds: float = 90) -> str:
        """Return what the next line tells after its colon, read byte by byte so that nothing waits unseen."""
        assert self.process.stdout is not None
        line, waiting = b"", select.poll()  # select() ends at descriptor 1023
        waiting.register(self.process.stdout, select.POLLIN)
        while not line.endswith(b"\n"):
            assert waiting.poll(seconds * 1000), "it said nothing"
            read = os.read(self.process.stdout.fileno(), 1)
            assert read, f"it ended before it had said anything: {line.decode(errors='replace')}"
            line += read
        return line.decode().partition("：")[2].strip()


@contextmanager
def started(home: Path, *options: str, **environment: str) -> Iterator[Started]:
    """Run the platform on a home for as long as the block, from when it has announced its address; its log is `up.log`."""
    command = [*LAUREL, "up", "--port", "0", "--home", str(home), *options]
    values = os.environ | {"PYTHONUNBUFFERED": "1"} | environment
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=values, stdout=subprocess.PIPE, stderr=log)
    up = Started(process)
    try:
        up.address = up.said()
        yield up
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()
