"""The runner: a child gets little, says little, and ends when it is told to, with everything it started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.media.tools import child
from services.media.tools.progress import Progress
from services.media.tools.workspace import INPUT, NoRoomError, demand_room, sweep, workspace


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-c", code)


def test_it_tells_how_a_child_ended(tmp_path: Path) -> None:
    done = child.run(python("import sys; sys.stderr.write('bad\\n'); sys.exit(7)"), tmp_path)
    assert (done.code, done.ending, done.tail, done.ok) == (7, child.Ending.EXITED, ("bad",), False)
    assert child.run(python("sum(range(3_000_000))"), tmp_path).cpu_s > 0.01


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="没有安装no-such-program"):
        child.run(("no-such-program",), tmp_path)


def test_stdin_is_empty_and_the_directory_is_its_own(tmp_path: Path) -> None:
    said = bytearray()

    def take(chunk: bytes) -> bool:
        said.extend(chunk)
        return True

    child.run(python("import os, sys; print(repr(sys.stdin.read()), os.getcwd(), os.nice(0))"), tmp_path, on_stdout=take)
    assert said.decode().split() == ["''", str(tmp_path), str(min(19, os.nice(0) + 10))]


def test_a_flood_of_words_neither_stops_it_nor_fills_the_memory(tmp_path: Path) -> None:
    lines = 0

    def count(line: str) -> None:
        nonlocal lines
        lines += 1
        assert len(line) <= 4096

    done = child.run(
        python("import sys\nfor n in range(20000): sys.stderr.write('x' * 90 + '\\n')\nsys.stderr.write('y' * 100000)"),
        tmp_path,
        on_line=count,
    )
    assert done.ok
    assert lines >= 20_001
    assert len(done.tail) == 40


def test_a_child_without_progress_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    done = child.run(python("import time; time.sleep(60)"), tmp_path, limits=child.Limits(stall_s=0.5))
    assert done.ending is child.Ending.STALLED
    assert time.monotonic() - began < 10


def test_a_child_that_ignores_sigterm_is_killed_with_what_it_started(tmp_path: Path) -> None:
    code = (
        "import os, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import signal,time; signal.signal(15, 1); time.sleep(60)'])\n"
        "print(inner.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    said = bytearray()

    def take(chunk: bytes) -> bool:
        said.extend(chunk)
        return True

    done = child.run(python(code), tmp_path, limits=child.Limits(wall_s=1), on_stdout=take)
    assert done.ending is child.Ending.OVERTIME
    assert done.code == -9
    assert _ended(int(said))


def test_it_stops_when_asked(tmp_path: Path) -> None:
    asked = time.monotonic() + 0.5
    done = child.run(python("import time; time.sleep(60)"), tmp_path, stop=lambda: time.monotonic() > asked)
    assert done.ending is child.Ending.STOPPED


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """A worker that is killed leaves no child behind."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from services.media.tools import child\n"
        "inner = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'\n"
        "told = lambda chunk: print(chunk.decode(), end='', flush=True) or True\n"
        "child.run((sys.executable, '-I', '-c', inner), Path('.'), on_stdout=told)\n"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code, str(root)], cwd=tmp_path, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        inner = int(parent.stdout.readline())
        parent.kill()
    assert _ended(inner)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (child.Limits(cpu_s=1), "while True: pass"),
        (child.Limits(address_bytes=child.GIB), "bytearray(2 << 30)"),
        (child.Limits(file_bytes=1 << 20), "open('large', 'wb').write(bytes(2 << 20))"),
    ],
)
def test_its_limits_hold(tmp_path: Path, limits: child.Limits, code: str) -> None:
    done = child.run(python(code), tmp_path, limits=limits)
    assert not done.ok
    assert done.ending is child.Ending.EXITED
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1 << 20


def test_less_memory_than_ffmpeg_needs_to_start_is_refused() -> None:
    with pytest.raises(ValueError, match="at least"):
        child.Limits(address_bytes=200 << 20)


def test_it_has_no_network(tmp_path: Path) -> None:
    if not child.isolation():
        pytest.fail("this system lets nobody unshare the network; the children run with it")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
        subprocess.run(python(code), check=True, timeout=20)
        assert not child.run(python(code), tmp_path).ok


def test_microseconds_whatever_the_name_says() -> None:
    shares: list[float] = []
    progress = Progress(60.0, shares.append)
    assert progress.take(b"frame=1\nout_time_us=30000000\nout_time_ms=30000000\nout_ti")
    assert progress.take(b"me_us=1\nout_time_us=45000000\n")
    assert not progress.take(b"out_time_us=45000000\nout_time_us=N/A\n")
    assert shares == [0.5, 0.75]


def test_a_workspace_holds_one_link_and_is_gone_afterwards(tmp_path: Path) -> None:
    original = tmp_path / "a name; $(rm) \n.mp4"
    original.write_bytes(b"film")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with workspace(original, scratch) as directory:
        assert [path.name for path in directory.iterdir()] == [INPUT]
        assert (directory / INPUT).read_bytes() == b"film"
        assert directory.stat().st_mode & 0o077 == 0
    assert list(scratch.iterdir()) == []
    assert original.exists()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    left = tmp_path / "laurel-media-abc"
    left.mkdir()
    (left / "still-00001.jpg").write_bytes(b"x")
    (tmp_path / "somebody else's").mkdir()
    assert sweep(tmp_path) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["somebody else's"]


def test_a_job_that_cannot_fit_is_refused(tmp_path: Path) -> None:
    demand_room(tmp_path, 1)
    with pytest.raises(NoRoomError) as refused:
        demand_room(tmp_path, 1 << 60)
    assert refused.value.needed_bytes == 1 << 60


def _ended(pid: int) -> bool:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
