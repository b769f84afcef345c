"""A gigabyte of real film, sent by a kept tus client to a whole platform that is killed twice on the way."""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import threading
import time
from pathlib import Path

import pytest
from life import Life, Prepared
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

GIGABYTE = 10**9


def film(folder: Path) -> Path:
    """Ten seconds of noise, encoded once and repeated by copying."""
    once, whole = folder / "once.mp4", folder / "成片.mp4"
    noise = "testsrc2=size=1920x1080:rate=25:duration=10,noise=alls=60:allf=t,format=yuv420p"
    encode = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "90M", "-minrate", "90M", "-bufsize", "90M")
    _ffmpeg("-f", "lavfi", "-i", noise, *encode, once)
    times = GIGABYTE // once.stat().st_size + 1
    _ffmpeg("-stream_loop", times - 1, "-i", once, "-c", "copy", whole)
    assert whole.stat().st_size >= GIGABYTE
    return whole


def _ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=600)


@pytest.mark.prove("it makes and sends a gigabyte")
def test_a_gigabyte_arrives_whole_through_two_kills(home: Path, prepared: Prepared, tmp_path: Path) -> None:
    sent = film(tmp_path)
    digest = hashlib.sha256(sent.read_bytes()).hexdigest()
    life = Life(home, prepared).start()
    try:
        work_id = life.enter("一部很大的片子")
        client = TusClient(f"http://127.0.0.1:{life.port}/uploads", headers={"Authorization": f"Bearer {prepared.liaison}"})
        named = {"work": work_id, "slot": "video", "filename": sent.name}
        uploader = client.uploader(str(sent), chunk_size=64 * 2**20, metadata=named)
        uploader.upload_chunk()
        for kill in (True, True, False):
            threading.Timer(1.0, life.kill).start() if kill else None
            with contextlib.suppress(TusCommunicationError, OSError):
                uploader.upload()
            _until_answering(life, deaths=2 if not kill else life.deaths)
            uploader = client.uploader(str(sent), chunk_size=64 * 2**20, url=uploader.url)
        assert (life.deaths, uploader.offset) == (2, sent.stat().st_size)
        life.idle(seconds=600)
        (file,) = life.liaison.get(f"/works/{work_id}")["files"]
        assert (file["sha256"], file["size_bytes"]) == (digest, sent.stat().st_size)
        assert file["check"] != "queued"
        life.check()
    finally:
        life.stop()


def _until_answering(life: Life, deaths: int) -> None:
    end = time.monotonic() + 60
    while life.deaths < deaths:
        assert time.monotonic() < end
        time.sleep(0.1)
    life.again(lambda: life.liaison.get("/session"))
