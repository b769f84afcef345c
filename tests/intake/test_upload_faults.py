from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import random
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from upload_client import MIB, Server, eventually, raw_patch, upload_id

DATA = os.urandom(40 * MIB + 123)
SMALL_SYNCS = {"LAUREL_UPLOAD_SYNC_BYTES": str(MIB)}
POINTS = (("upload.after-write", 15), ("upload.after-sync", 2), ("upload.after-offset", 2))
LAST_POINTS = (("upload.after-store", 1), ("store.after-rename", 1), ("store.before-rename", 1), ("upload.before-finish", 2))


def whole(server: Server, url: str, content: bytes) -> None:
    row = server.upload(url)
    assert (row["state"], row["sha256"]) == ("completed", hashlib.sha256(content).hexdigest())
    assert server.object_path(url).read_bytes() == content
    assert not server.part_path(url).exists()
    assert len(server.events(url)) == 1


def send_until_it_breaks(server: Server, url: str, offset: int) -> int:
    """Send the rest in one PATCH, slowly enough for syncs to come between; return how much had been sent."""
    sent = offset
    try:
        with raw_patch(server.here(url), offset, len(DATA) - offset) as connection:
            for at in range(offset, len(DATA), MIB):
                connection.sendall(DATA[at : at + MIB])
                sent = min(at + MIB, len(DATA))
            connection.recv(1000)
    except OSError:
        pass
    return sent


def acknowledged(server: Server, url: str) -> int:
    """Return the offset that the row states, read beside a dead server."""
    return int(server.upload(url)["offset_bytes"])


# --- kills ----------------------------------------------------------------------------------------------------------


def test_kills_in_the_middle_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    server, url, stated = Server(tmp_path / "home"), "", 0
    try:
        for point, nth in POINTS:
            server.start(**SMALL_SYNCS, LAUREL_FAULT=f"{point}:kill:{nth}")
            url = server.here(url) if url else server.begin(len(DATA))
            assert server.offset(url) == stated
            send_until_it_breaks(server, url, stated)
            assert server.process is not None
            assert server.process.wait(20) == -9, point
            before, stated = stated, acknowledged(server, url)
            assert before <= stated < len(DATA), point
            on_disk = server.part_path(url).read_bytes()
            assert on_disk[:stated] == DATA[:stated], point
        server.start()
        assert server.offset(url) == stated > 0
        assert server.patch(url, stated, DATA[stated:]).status_code == 204
        whole(server, url, DATA)
    finally:
        server.stop()


def test_kills_at_the_end_are_made_good_by_the_next_start(tmp_path: Path) -> None:
    """Each start makes good what the kill before it left; the order and count arm a point that this does not pass."""
    server, url, ended_at = Server(tmp_path / "home"), "", 0
    try:
        for number, (point, nth) in enumerate(LAST_POINTS):
            server.start(LAUREL_FAULT=f"{point}:kill:{nth}")
            if url:
                whole(server, url, DATA[:number])
                assert server.upload(url)["ended_at"] == ended_at
            url = server.begin(number + 1)
            with pytest.raises(httpx.TransportError):
                server.patch(url, 0, DATA[: number + 1])
            ended_at = server.upload(url)["ended_at"]
            assert (ended_at is not None, server.upload(url)["state"]) == (True, "receiving")
        server.start()
        whole(server, url, DATA[: len(LAST_POINTS)])
        assert server.head(url).headers["Upload-Offset"] == str(len(LAST_POINTS))
    finally:
        server.stop()


def test_random_kills_in_the_middle_of_a_kept_clients_upload(own_server: Server, tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    logging.getLogger(__name__).warning("seed %s", seed)
    chance = random.Random(seed)
    file = tmp_path / "成片.mp4"
    file.write_bytes(DATA)
    client = TusClient(f"{own_server.address}/uploads", headers={"Authorization": f"Bearer {own_server.token()}"})
    names = {"work": "w-1", "slot": "video", "filename": file.name}
    uploader = client.uploader(str(file), chunk_size=3 * MIB, metadata=names)
    url, kills = None, 0
    while url is None or own_server.offset(url) < len(DATA):
        timer = threading.Timer(chance.uniform(0.02, 0.5), own_server.kill)
        if kills < 3:
            timer.start()
        with contextlib.suppress(TusCommunicationError, OSError):
            uploader.upload()
        if kills < 3:
            timer.join()
            kills += 1
            url = url or uploader.url
            stated = acknowledged(own_server, url) if url else 0
            own_server.stop()
            own_server.start()
            if url is not None:
                assert own_server.offset(url) == stated
                url = own_server.here(url)
            client = TusClient(f"{own_server.address}/uploads", headers={"Authorization": f"Bearer {own_server.token()}"})
            uploader = client.uploader(str(file), chunk_size=3 * MIB, metadata=names, url=url)
    whole(own_server, url, DATA)


def test_a_kept_client_goes_on_where_another_process_stopped(own_server: Server, tmp_path: Path) -> None:
    file = tmp_path / "成片.mp4"
    file.write_bytes(DATA)
    client = TusClient(f"{own_server.address}/uploads", headers={"Authorization": f"Bearer {own_server.token()}"})
    uploader = client.uploader(str(file), chunk_size=5 * MIB, metadata={"work": "w-1", "slot": "video", "filename": "成片.mp4"})
    for _ in range(3):
        uploader.upload_chunk()
    own_server.stop()
    own_server.start()
    url = own_server.here(uploader.url)
    again = client.uploader(str(file), chunk_size=7 * MIB, url=url, upload_checksum=True)
    assert again.offset == 15 * MIB
    again.upload()
    whole(own_server, url, DATA)


def test_two_processes_on_one_folder_never_write_to_one_file_at_once(own_server: Server) -> None:
    """The second holder of the lock is this process, as another API worker would be."""
    url = own_server.begin(len(DATA))
    own_server.patch(url, 0, DATA[:1000])
    with own_server.part_path(url).open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = own_server.patch(url, 1000, DATA[1000:2000])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (423, "1000")
    assert own_server.patch(url, 1000, DATA[1000:]).status_code == 204
    whole(own_server, url, DATA)


def test_bytes_beyond_the_acknowledged_offset_are_cut_and_missing_ones_are_said(own_server: Server) -> None:
    longer, shorter = own_server.begin(10), own_server.begin(10)
    for url in (longer, shorter):
        own_server.patch(url, 0, b"01234")
    own_server.stop()
    with own_server.part_path(longer).open("ab") as part:
        part.write(b"never acknowledged")
    os.truncate(own_server.part_path(shorter), 3)
    own_server.start()
    assert own_server.patch(longer, 5, b"56789").status_code == 204
    whole(own_server, longer, b"0123456789")
    refused = own_server.patch(shorter, 5, b"56789")
    assert (refused.status_code, refused.headers["Upload-Offset"], own_server.offset(shorter)) == (409, "3", 3)
    assert own_server.patch(shorter, 3, b"3456789").status_code == 204
    whole(own_server, shorter, b"0123456789")


# --- durability -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace (Debian: strace) is not installed")
def test_the_bytes_are_synced_before_their_offset_is_written(tmp_path: Path) -> None:
    """A kill cannot show a missing sync: the page cache outlives the process. The system calls can."""
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,fsync,pwritev,pwritev2,rename"
    server = Server(tmp_path / "home", wrapper=("strace", "-D", "-f", "-y", "-qq", "-e", calls, "-o", str(trace)))
    try:
        server.start()
        url = server.begin(3000)
        before = len(trace.read_text().splitlines())
        for at in (0, 1000, 2000):
            server.patch(url, at, DATA[at : at + 1000])
    finally:
        server.stop()
    lines = list(_completed(trace.read_text().splitlines()[before:]))
    part = f"{upload_id(url)}.part"
    told = [(word, n) for n, line in enumerate(lines) if (word := _told(line, part))]
    writes = [n for word, n in told if word == "write"]
    assert len(writes) == 3
    for start, end in zip(writes, [*writes[1:], len(lines)], strict=True):
        steps = [word for word, n in told if start <= n < end and word != "folder"]
        assert steps[:3] == ["write", "sync", "commit"], steps
    assert [word for word, _ in told[:2]] == ["folder", "write"], "the part file's name is not durable"
    last = [word for word, n in told if n >= writes[-1]]
    assert last.index("commit") < last.index("rename"), last
    assert "folder" in last[last.index("rename") :], "the object's name is not durable"


def _told(line: str, part: str) -> str:
    """Name what a call did for durability, empty for others."""
    if "pwritev" in line and part in line:
        return "write"
    if "rename(" in line and part in line:
        return "rename"
    if "sync(" in line:
        if part in line:
            return "sync"
        if "intake.db" in line:
            return "commit"
        if re.search(r"/intake/uploads>|/objects/uploads", line):
            return "folder"
    return ""


def _completed(trace: Iterable[str]) -> Iterator[str]:
    """Yield the calls in the order in which they returned, those that strace shows in two halves put together."""
    halves: dict[str, str] = {}
    for line in trace:
        process, _, rest = line.partition(" ")
        if rest.rstrip().endswith("<unfinished ...>"):
            halves[process] = rest
        elif "resumed>" in rest:
            yield halves.pop(process, "").replace("<unfinished ...>", "") + rest.partition("resumed>")[2]
        else:
            yield rest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(folder)], check=False, capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_answers_507_and_the_upload_goes_on_when_there_is_room(tmp_path: Path, small_disk: Path) -> None:
    home = tmp_path / "home"
    server = Server(home, SMALL_SYNCS)
    (home / "intake").mkdir(parents=True)
    (home / "intake" / "uploads").symlink_to(small_disk / "uploads")
    (home / "objects").symlink_to(small_disk / "objects")
    for name in ("uploads", "objects"):
        (small_disk / name).mkdir()
    ballast = small_disk / "ballast"
    try:
        server.start()
        url = server.begin(len(DATA))
        ballast.write_bytes(bytes(24 * MIB))
        answer = server.patch(url, 0, DATA)
        assert answer.status_code == 507
        assert answer.headers["Content-Type"] == "application/problem+json"
        stated = int(answer.headers["Upload-Offset"])
        assert stated == server.offset(url) > 0
        assert server.part_path(url).stat().st_size == stated
        assert server.patch(url, stated, DATA[stated:]).status_code == 507
        ballast.unlink()
        stated = server.offset(url)
        assert server.patch(url, stated, DATA[stated:]).status_code == 204
        whole(server, url, DATA)
    finally:
        server.stop()


def test_a_file_for_which_there_is_no_room_is_refused_at_its_creation(small_disk: Path) -> None:
    (small_disk / "home").mkdir()
    server = Server(small_disk / "home")
    try:
        server.start()
        answer = server.create(100 * MIB)
        assert (answer.status_code, "存储空间不足" in answer.json()["message"]) == (507, True)
        assert server.create(MIB).status_code == 201
    finally:
        server.stop()


def test_many_uploads_at_once_are_each_what_was_sent(own_server: Server) -> None:
    contents = [os.urandom(5 * MIB + n) for n in range(8)]
    urls = [own_server.begin(len(content)) for content in contents]
    threads = [
        threading.Thread(target=own_server.patch, args=(url, 0, content)) for url, content in zip(urls, contents, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for url, content in zip(urls, contents, strict=True):
        whole(own_server, url, content)


def test_stopping_keeps_what_arrived(own_server: Server) -> None:
    own_server.stop()
    own_server.start(LAUREL_DRAIN_GRACE_S="1")
    url = own_server.begin(len(DATA))
    with raw_patch(url, 0, len(DATA)) as connection:
        connection.sendall(DATA[: 3 * MIB])
        assert eventually(lambda: own_server.part_path(url).exists() and own_server.part_path(url).stat().st_size >= 2 * MIB)
        assert own_server.process is not None
        own_server.process.terminate()
        own_server.process.wait(30)
        connection.shutdown(socket.SHUT_RDWR)
    own_server.start()
    stated = own_server.offset(url)
    assert stated >= 2 * MIB
    assert own_server.patch(url, stated, DATA[stated:]).status_code == 204
    whole(own_server, url, DATA)
