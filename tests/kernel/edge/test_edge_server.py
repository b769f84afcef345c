"""The edge behind the real server, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import uvicorn

from services.kernel.clocks import SystemClock

BODY = json.dumps({"title": "灯下三代人"}).encode()


@contextmanager
def _serving(app) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def served(make_service):
    service = make_service(body_timeout_s=0.5, json_max_bytes=4096)
    clock = SystemClock()
    service.context.clock = service.clock = clock
    service.context.stamps._clock = clock
    with _serving(service.app) as port:
        yield service, port


def _head(service, length: int, *more: str) -> bytes:
    now = SystemClock().now()
    from services.kernel.auth import Principal, Role, mint

    token = mint(service.context.keys, Principal("a", "s", Role.LIAISON), begun_at=now, now=now, limits=service.limits)
    lines = ["POST /notes HTTP/1.1", "Host: t", f"Authorization: Bearer {token}", "Content-Type: application/json"]
    return "\r\n".join([*lines, f"Content-Length: {length}", *more, "", ""]).encode()


def _answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    headers = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return status, headers, stream.read(int(headers.get("content-length", 0)))


def _connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_write_is_received_when_its_headers_are_read_not_when_its_body_ends(served):
    service, port = served
    with _connect(port) as connection:
        connection.sendall(_head(service, len(BODY)))
        sent = SystemClock().now()
        time.sleep(0.3)
        connection.sendall(BODY)
        status, _, body = _answer(connection)
    assert status == 201
    received = datetime.fromisoformat(json.loads(body)["received"])
    assert abs(received - sent) < timedelta(milliseconds=200)


def test_a_body_that_stalls_is_408_and_the_connection_is_closed(served):
    service, port = served
    with _connect(port) as connection:
        connection.sendall(_head(service, len(BODY)) + BODY[:5])
        began = time.monotonic()
        status, headers, body = _answer(connection)
        assert 0.4 < time.monotonic() - began < 3
        assert connection.recv(1) == b""
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(body)["type"] == "urn:laurel:problem:body-timeout"
    assert service.titles() == []
    assert service.context.stamps.oldest() is None


def test_a_body_that_trickles_is_408_though_no_pause_is_long(served):
    service, port = served
    with _connect(port) as connection:
        connection.sendall(_head(service, 100))
        began = time.monotonic()
        try:
            while time.monotonic() - began < 3:
                connection.sendall(b" ")
                time.sleep(0.1)
        except OSError:
            pass
        assert time.monotonic() - began < 2
    assert service.context.stamps.oldest() is None


def test_a_body_announced_too_large_is_refused_before_it_is_sent(served):
    service, port = served
    with _connect(port) as connection:
        connection.sendall(_head(service, 10_000_000))
        status, _, body = _answer(connection)
    assert status == 413
    assert json.loads(body)["limit_bytes"] == 4096


def test_an_answered_connection_takes_the_next_request(served):
    service, port = served
    with _connect(port) as connection:
        for _ in range(3):
            connection.sendall(_head(service, len(BODY)) + BODY)
            assert _answer(connection)[0] == 201
    assert len(service.titles()) == 3


def test_a_client_that_hangs_up_in_the_middle_leaves_no_stamp_and_no_row(served):
    service, port = served
    with _connect(port) as connection:
        connection.sendall(_head(service, len(BODY)) + BODY[:5])
        time.sleep(0.1)
        assert service.context.stamps.oldest() is not None
    deadline = time.monotonic() + 3
    while service.context.stamps.oldest() is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert service.context.stamps.oldest() is None
    assert service.titles() == []
