"""Many at once: a last place, a repeated request, two versions, and a request that began in time."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from flow_world import CAMPAIGN, ENTERING, SUBMITTING, World, refusal

CLIENTS = 50


@pytest.fixture
def many(published: World) -> Iterator[list[httpx.Client]]:
    clients = [httpx.Client(base_url=published.platform.address, timeout=60, trust_env=False) for _ in range(CLIENTS)]
    yield clients
    for client in clients:
        client.close()


def at_once(clients: list[httpx.Client], token: str, asked: list[tuple[str, str, Any, dict[str, str]]]) -> list[httpx.Response]:
    """Send one request a client at the same moment."""
    gate = Barrier(len(clients))

    def send(client: httpx.Client, request: tuple[str, str, Any, dict[str, str]]) -> httpx.Response:
        method, path, body, headers = request
        gate.wait(30)
        return client.request(method, path, json=body, headers={"Authorization": f"Bearer {token}", **headers})

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(send, clients, asked))


def test_fifty_race_for_the_last_place(published: World, many: list[httpx.Client], *, proving: bool) -> None:
    unit, liaison = "tongdu", published.liaison("tongdu")
    published.fill(unit, {"agency": 1, "enterprise": 1, "community": 2, "family": 1})
    published.at(ENTERING)
    works = [published.enter(unit, f"争一席之{n}") for n in range(CLIENTS)]
    published.at(SUBMITTING)
    for work in works:
        liaison.post(f"/works/{work}/submission")
    for _ in range(20 if proving else 2):
        answers = at_once(many, liaison.token, [("POST", f"/works/{work}/listing", {}, {}) for work in works])
        won = [work for work, answer in zip(works, answers, strict=True) if answer.status_code == 200]
        said = [answer.json()["message"] for answer in answers if answer.status_code == 409]
        assert len(won) == 1
        assert said == ["桐渡区推荐名额5—6件，已占用6件，不能再列入。请先移出1件（通知五（二））。"] * (CLIENTS - 1)
        (line,) = liaison.get("/lists")["lists"]
        told = liaison.get(f"/lists/{line['list_id']}")
        assert len(told["rows"]) == told["places"][0]["used"] == 6
        liaison.call("DELETE", f"/works/{won[0]}/listing")


def test_a_retried_request_has_one_effect_and_one_answer(published: World, many: list[httpx.Client]) -> None:
    published.at(ENTERING)
    liaison = published.liaison("shayu")
    body = {"campaign_id": CAMPAIGN, "fields": {"title": "只写一次"}}
    key = {"Idempotency-Key": "3f2b7c52-5f0c-4d11-9d8e-0c8f6f0f6f01"}
    answers = at_once(many, liaison.token, [("POST", "/works", body, key)] * CLIENTS)
    again = liaison.raw("POST", "/works", body, headers=key)
    assert {answer.status_code for answer in [*answers, again]} == {201}
    assert len({answer.content for answer in [*answers, again]}) == 1
    assert len(liaison.get("/works")["works"]) == 1
    other = refusal(liaison.raw, "POST", "/works", {**body, "fields": {"title": "另写一次"}}, headers=key)
    assert 400 <= other.status < 500
    assert len(liaison.get("/works")["works"]) == 1


def test_a_change_of_a_stale_version_shows_both(published: World) -> None:
    published.at(ENTERING)
    liaison = published.liaison("weichuan")
    work = published.enter("weichuan", "两处修改")
    read = {"If-Match": f'"{liaison.get(f"/works/{work}")["revision"]}"'}
    first, second = ({"fields": {"title": title}} for title in ("甲处所改", "乙处所改"))
    liaison.call("PATCH", f"/works/{work}", first, headers=read)
    stale = refusal(liaison.call, "PATCH", f"/works/{work}", second, headers=read)
    assert stale.status == 412
    assert stale.document["current"]["title"] == "甲处所改"
    assert stale.document["submitted"]["fields"] == {"title": "乙处所改"}
    assert liaison.get(f"/works/{work}")["title"] == "甲处所改"
    none = refusal(liaison.call, "PATCH", f"/works/{work}", second)
    assert none.status == 428


def test_a_request_whose_headers_came_in_time_is_in_time(published: World) -> None:
    published.at(ENTERING)
    work, late = published.enter("wangchao", "最后一毫秒"), published.enter("wangchao", "晚了一步")
    liaison = published.liaison("wangchao")
    published.clerk.put("/clock", {"runs_from": "2024-09-30T23:59:58.500+08:00"})
    body = b'{"sent": "later"}'
    host, port = published.platform.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(_head(f"/works/{work}/submission", liaison.token, len(body)))
        published.visitor.until("/clock", lambda told: told["campaign_time"] > "2024-09-30T16:00:00.300")
        refused = refusal(liaison.post, f"/works/{late}/submission")
        assert (refused.status, refused.document["received_at"] >= "2024-09-30T16:00:00") == (409, True)
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(1)  # it waits for the body
        line.settimeout(30)
        line.sendall(body)
        status, told = _answer(line)
    assert status == 200, told
    assert "2024-09-30T15:59:58.5" <= told["submitted_at"] < "2024-09-30T16:00:00"


def _head(path: str, token: str, length: int) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}", "Content-Type: application/json"]
    lines.append("Idempotency-Key: begun-in-time")  # the body is read before the write is tried
    return "\r\n".join([*lines, f"Content-Length: {length}", "Connection: close", "", ""]).encode()


def _answer(line: socket.socket) -> tuple[int, Any]:
    got = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)
