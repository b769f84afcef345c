from __future__ import annotations

import base64
import hashlib
import os
import socket
import sqlite3
import threading
import time

import httpx
import pytest
from upload_client import MIB, TYPE, Server, eventually, metadata, raw_patch, upload_id

from services.kernel.auth import Role

DATA = os.urandom(3 * MIB + 17)


def checksum(content: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def whole(server: Server, url: str, content: bytes) -> None:
    row = server.upload(url)
    assert (row["state"], row["offset_bytes"], row["sha256"]) == (
        "completed",
        len(content),
        hashlib.sha256(content).hexdigest(),
    )
    assert server.object_path(url).read_bytes() == content
    assert not server.part_path(url).exists()
    assert [event["type"] for event in server.events(url)] == ["laurel.upload.completed.v1"]


# --- creation -------------------------------------------------------------------------------------------------------


def test_options_says_what_the_server_does(server: Server) -> None:
    answer = httpx.options(f"{server.address}/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,checksum,termination"
    assert (answer.headers["Tus-Version"], answer.headers["Tus-Checksum-Algorithm"]) == ("1.0.0", "sha256,sha1,md5")
    assert int(answer.headers["Tus-Max-Size"]) == 4 * 1024 * MIB


def test_a_creation_answers_with_an_address_that_carries_its_own_permission(server: Server) -> None:
    answer = server.create(10)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "0")
    assert "Upload-Expires" in answer.headers
    url = server.address + answer.headers["Location"]
    assert server.patch(url, 0, b"0123456789").status_code == 204
    whole(server, url, b"0123456789")


def test_every_answer_names_the_protocols_version(server: Server) -> None:
    url = server.begin(10)
    answers = [
        server.create(10),
        server.head(url),
        server.patch(url, 3, b"x"),
        server.patch(url.replace("token=", "token=x"), 0, b"x"),
        httpx.post(f"{server.address}/uploads", headers={"Tus-Resumable": "1.0.0"}),
        httpx.head(url, headers={"Tus-Resumable": "9"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 409, 404, 401, 412]
    assert {answer.headers["Tus-Resumable"] for answer in answers} == {"1.0.0"}
    assert answers[-1].headers["Tus-Version"] == "1.0.0"


def test_only_the_liaison_of_the_works_own_unit_may_begin(server: Server) -> None:
    def status(role: Role, unit: str | None, work: str = "w-1") -> int:
        token = {"Authorization": f"Bearer {server.token(role=role, unit_id=unit)}"}
        return server.create(5, headers=token, work=work).status_code

    assert status(Role.LIAISON, "u-1") == 201
    assert status(Role.LIAISON, "u-2") == 404
    assert status(Role.LIAISON, "u-1", work="w-2") == 404
    assert status(Role.LIAISON, "u-1", work="w-none") == 404
    assert status(Role.LIAISON, None) == 403
    assert {status(role, "u-1") for role in Role if role is not Role.LIAISON} == {403}
    assert httpx.post(f"{server.address}/uploads", headers={"Tus-Resumable": "1.0.0"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"Upload-Length": "-1"}, 400, "Upload-Length"),
        ({"Upload-Defer-Length": "1"}, 400, "文件大小"),
        ({"Upload-Metadata": "filename !!!"}, 400, "base64"),
        ({"Upload-Metadata": "filename YQ=="}, 400, "work"),
        ({"Upload-Metadata": metadata(slot="none")}, 422, "材料"),
        ({"Upload-Length": str(4 * 1024 * MIB + 1)}, 413, "单个文件至多4G（4,294,967,296字节）（平台要求）"),
    ],
)
def test_a_creation_that_cannot_be_is_refused_with_a_sentence(
    server: Server, headers: dict[str, str], status: int, words: str
) -> None:
    before = server.rows("SELECT id FROM upload")
    answer = server.create(5, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert words in answer.json()["message"]
    assert server.rows("SELECT id FROM upload") == before


def test_a_creation_may_bring_bytes_or_all_of_them(server: Server) -> None:
    part = server.create(10, content=b"01234")
    assert (part.status_code, part.headers["Upload-Offset"]) == (201, "5")
    url = server.address + part.headers["Location"]
    assert server.patch(url, 5, b"56789").headers["Upload-Offset"] == "10"
    whole(server, url, b"0123456789")
    every = server.create(len(DATA), content=DATA)
    assert every.headers["Upload-Offset"] == str(len(DATA))
    whole(server, server.address + every.headers["Location"], DATA)


def test_a_creation_whose_bytes_are_refused_still_tells_the_address(server: Server) -> None:
    answer = server.create(10, content=b"01234", headers={"Upload-Checksum": checksum(b"other")})
    assert answer.status_code == 460
    assert server.offset(server.address + answer.headers["Location"]) == 0


def test_an_empty_file_is_whole_at_once(server: Server) -> None:
    answer = server.create(0)
    assert answer.status_code == 201
    whole(server, server.address + answer.headers["Location"], b"")


# --- patches --------------------------------------------------------------------------------------------------------


def test_a_file_may_come_in_pieces_of_any_size(server: Server) -> None:
    url = server.begin(len(DATA))
    at = 0
    for size in (1, 0, 65_537, MIB, 1):
        at += size
        assert server.patch(url, at - size, DATA[at - size : at]).headers["Upload-Offset"] == str(at)
        assert server.offset(url) == at
    server.patch(url, at, DATA[at:])
    whole(server, url, DATA)


def test_a_whole_upload_answers_as_whole_and_takes_no_more(server: Server) -> None:
    url = server.begin(3)
    server.patch(url, 0, b"abc")
    head = server.head(url)
    assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == ("3", "3")
    assert server.patch(url, 3, b"").status_code == 204
    assert server.patch(url, 3, b"d").status_code == 413
    assert server.patch(url, 0, b"abc").status_code == 409
    whole(server, url, b"abc")


def test_head_gives_back_what_the_creation_said(server: Server) -> None:
    url = server.begin(10, filename="../片 头.mp4")
    head = server.head(url)
    assert (head.headers["Upload-Length"], head.headers["Cache-Control"]) == ("10", "no-store")
    assert head.headers["Upload-Metadata"] == metadata(filename="../片 头.mp4")
    assert server.upload(url)["name"] == "片 头.mp4"


def test_a_patch_elsewhere_than_at_the_offset_changes_nothing(server: Server) -> None:
    url = server.begin(10)
    server.patch(url, 0, b"0123")
    for offset in (0, 3, 5, 11):
        answer = server.patch(url, offset, b"x")
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "4")
    assert server.patch(url, 4, b"456789").status_code == 204
    whole(server, url, b"0123456789")


def test_a_patch_of_another_type_or_without_an_offset_is_refused(server: Server) -> None:
    url = server.begin(10)
    assert server.patch(url, 0, b"x", **{"Content-Type": "application/octet-stream"}).status_code == 415
    assert httpx.patch(url, headers={"Tus-Resumable": "1.0.0", "Content-Type": TYPE}, content=b"x").status_code == 400
    assert server.offset(url) == 0


def test_too_many_bytes_are_refused_announced_or_not(server: Server) -> None:
    url = server.begin(5)
    assert server.patch(url, 0, b"012345").status_code == 413
    chunked = server.patch(url, 0, iter([b"0123", b"4567"]))
    assert (chunked.status_code, chunked.headers["Upload-Offset"]) == (413, "0")
    assert server.patch(url, 0, iter([b"012", b"34"])).status_code == 204
    whole(server, url, b"01234")


def test_checksums_of_every_algorithm_are_compared(server: Server) -> None:
    url = server.begin(9)
    for at, algorithm in enumerate(("sha256", "sha1", "md5")):
        piece = b"abcdefghi"[at * 3 : at * 3 + 3]
        wrong = server.patch(url, at * 3, piece, **{"Upload-Checksum": checksum(b"zzz", algorithm)})
        assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (460, str(at * 3))
        assert wrong.json()["type"] == "urn:laurel:problem:checksum-mismatch"
        assert server.offset(url) == at * 3
        assert server.patch(url, at * 3, piece, **{"Upload-Checksum": checksum(piece, algorithm)}).status_code == 204
    whole(server, url, b"abcdefghi")


def test_a_long_body_with_a_wrong_checksum_is_put_away_whole(server: Server) -> None:
    body = os.urandom(40 * MIB)
    url = server.begin(len(body))
    assert server.patch(url, 0, body, **{"Upload-Checksum": checksum(b"other")}).status_code == 460
    assert (server.offset(url), server.part_path(url).stat().st_size) == (0, 0)
    assert server.patch(url, 0, body, **{"Upload-Checksum": checksum(body)}).status_code == 204
    assert server.upload(url)["sha256"] == hashlib.sha256(body).hexdigest()


def test_an_unknown_algorithm_is_refused_before_a_byte_is_kept(server: Server) -> None:
    url = server.begin(3)
    assert server.patch(url, 0, b"abc", **{"Upload-Checksum": "crc32 AAAAAA=="}).status_code == 400
    assert server.offset(url) == 0


def test_a_file_that_is_not_what_the_client_hashed_is_refused_and_over(server: Server) -> None:
    good = server.begin(3, sha256=hashlib.sha256(b"abc").hexdigest())
    assert server.patch(good, 0, b"abc").status_code == 204
    whole(server, good, b"abc")
    bad = server.begin(3, sha256=hashlib.sha256(b"xyz").hexdigest())
    answer = server.patch(bad, 0, b"abc")
    assert (answer.status_code, answer.json()["measured"]) == (460, hashlib.sha256(b"abc").hexdigest())
    assert server.head(bad).status_code == 410
    assert (server.upload(bad)["state"], server.events(bad)) == ("terminated", [])


def test_methods_may_be_spelled_in_a_header(server: Server) -> None:
    url = server.begin(3)
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": TYPE, "X-HTTP-Method-Override": "PATCH"}
    assert httpx.post(url, headers=headers, content=b"abc").status_code == 204
    whole(server, url, b"abc")
    other = server.begin(3)
    assert httpx.post(other, headers={**headers, "X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert server.head(other).status_code == 410
    assert httpx.post(other, headers={"Tus-Resumable": "1.0.0"}).status_code in (404, 410)


# --- the address ----------------------------------------------------------------------------------------------------


def test_an_upload_is_nobodys_without_its_own_token(server: Server) -> None:
    one, other = server.begin(5), server.begin(5)
    bare, borrowed = one.partition("?")[0], one.partition("?")[0] + "?" + other.partition("?")[2]
    for url in (bare, borrowed, bare + "?token=", bare + "?token=a.b.c", one[:-1]):
        assert server.head(url).status_code == 404
        assert server.patch(url, 0, b"x", Authorization=f"Bearer {server.token()}").status_code == 404
        assert httpx.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 404
    assert server.offset(one) == 0


# --- ending ---------------------------------------------------------------------------------------------------------


def test_a_terminated_upload_is_gone_with_its_bytes(server: Server) -> None:
    url = server.begin(10)
    server.patch(url, 0, b"01234")
    assert httpx.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
    assert not server.part_path(url).exists()
    assert [server.head(url).status_code, server.patch(url, 5, b"5").status_code] == [410, 410]
    assert (server.upload(url)["state"], server.events(url)) == ("terminated", [])


def test_a_whole_upload_is_not_terminated(server: Server) -> None:
    url = server.begin(3)
    server.patch(url, 0, b"abc")
    assert httpx.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 409
    whole(server, url, b"abc")


def test_an_expired_upload_is_gone_and_its_file_goes_at_the_next_start(own_server: Server) -> None:
    kept, over = own_server.begin(10), own_server.begin(10)
    for url in (kept, over):
        own_server.patch(url, 0, b"01234")
    own_server.stop()
    with sqlite3.connect(own_server.home / "intake.db") as connection:
        connection.execute("UPDATE upload SET expires_at = 1 WHERE id = ?", (upload_id(over),))
    (own_server.part_path(kept).parent / "stray.part").write_bytes(b"x")
    own_server.start()
    assert (own_server.head(over).status_code, own_server.upload(over)["state"]) == (410, "expired")
    assert [path.name for path in own_server.part_path(kept).parent.iterdir()] == [own_server.part_path(kept).name]
    assert own_server.offset(kept) == 5


def test_an_expired_upload_ends_while_the_platform_runs(own_server: Server) -> None:
    kept, over, written = own_server.begin(10), own_server.begin(10), own_server.begin(10)
    for url in (kept, over):
        own_server.patch(url, 0, b"01234")
    with raw_patch(written, 0, 10) as connection:
        connection.sendall(b"012")
        assert eventually(own_server.part_path(written).exists)
        _let_time_pass(own_server, over, written)
        assert eventually(lambda: own_server.upload(over)["state"] == "expired")
        assert eventually(lambda: not own_server.part_path(over).exists())
        assert eventually(lambda: own_server.rows("SELECT 1 FROM job WHERE kind = 'upload.end-expired' AND state = 'done'"))
        assert (own_server.offset(kept), own_server.upload(written)["state"]) == (5, "receiving"), (
            "one that is written to stays"
        )
    assert eventually(lambda: own_server.upload(written)["offset_bytes"] == 3)
    _let_time_pass(own_server)
    assert eventually(lambda: own_server.upload(written)["state"] == "expired", 20)
    left = [path.name for path in own_server.part_path(kept).parent.iterdir()]
    assert left == [own_server.part_path(kept).name]


def _let_time_pass(server: Server, *urls: str) -> None:
    with sqlite3.connect(server.home / "intake.db", timeout=20) as connection:
        for url in urls:
            connection.execute("UPDATE upload SET expires_at = 1 WHERE id = ?", (upload_id(url),))
        connection.execute("UPDATE job SET due = 1 WHERE kind = 'upload.end-expired' AND state = 'queued'")


# --- lines that break, and two at once ------------------------------------------------------------------------------


def test_a_line_that_breaks_leaves_what_arrived(server: Server) -> None:
    url = server.begin(len(DATA))
    with raw_patch(url, 0, len(DATA)) as connection:
        connection.sendall(DATA[: 2 * MIB + 5])
        time.sleep(0.3)
    assert eventually(lambda: server.offset(url) == 2 * MIB + 5)
    server.patch(url, 2 * MIB + 5, DATA[2 * MIB + 5 :])
    whole(server, url, DATA)


def test_a_line_that_breaks_under_a_checksum_leaves_nothing(server: Server) -> None:
    url = server.begin(10)
    server.patch(url, 0, b"01")
    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 80)) as connection:
        connection.sendall(
            f"PATCH {parts.raw_path.decode()} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 2\r\n"
            f"Content-Type: {TYPE}\r\nContent-Length: 8\r\nUpload-Checksum: {checksum(b'23456789')}\r\n\r\n2345".encode()
        )
        time.sleep(0.3)
    time.sleep(0.5)
    assert (server.offset(url), eventually(lambda: server.part_path(url).stat().st_size == 2)) == (2, True)
    assert server.patch(url, 2, b"23456789").status_code == 204
    whole(server, url, b"0123456789")


def test_bytes_that_wait_on_a_quiet_line_become_durable_and_visible(server: Server) -> None:
    url = server.begin(len(DATA))
    with raw_patch(url, 0, len(DATA)) as connection:
        connection.sendall(DATA[:1000])
        assert eventually(lambda: server.offset(url) == 1000)
        connection.sendall(DATA[1000:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 204")
    whole(server, url, DATA)


def test_a_newer_request_takes_over_from_one_whose_line_is_dead(server: Server) -> None:
    url = server.begin(len(DATA))
    with raw_patch(url, 0, len(DATA)) as dead:
        dead.sendall(DATA[:MIB])
        assert eventually(lambda: server.offset(url) == MIB)
        began = time.monotonic()
        assert server.patch(url, MIB, DATA[MIB:]).status_code == 204
        assert time.monotonic() - began < 4
        assert b" 423 " in dead.recv(65536).split(b"\r\n")[0]
    whole(server, url, DATA)


def test_of_many_writers_at_once_exactly_what_was_sent_is_kept(server: Server) -> None:
    url = server.begin(len(DATA))
    answers: list[int] = []

    def write() -> None:
        while True:
            offset = server.offset(url)
            if offset == len(DATA):
                return
            answers.append(server.patch(url, offset, DATA[offset : offset + 200_000]).status_code)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(answers) <= {204, 409, 423}
    whole(server, url, DATA)


def test_deleting_ends_a_patch_that_is_under_way(server: Server) -> None:
    url = server.begin(len(DATA))
    with raw_patch(url, 0, len(DATA)) as connection:
        connection.sendall(DATA[:MIB])
        time.sleep(0.2)
        assert httpx.delete(url, headers={"Tus-Resumable": "1.0.0"}).status_code == 204
        assert b" 423 " in connection.recv(65536).split(b"\r\n")[0]
    assert not server.part_path(url).exists()


def test_the_end_of_an_upload_is_the_instant_its_last_byte_was_durable(server: Server) -> None:
    before = time.time()
    url = server.begin(4)
    server.patch(url, 0, b"ab")
    pause = time.time()
    time.sleep(0.05)
    server.patch(url, 2, b"cd")
    after = time.time()
    row = server.upload(url)
    assert before < row["begun_at"] / 1e6 < pause
    assert pause + 0.05 < row["ended_at"] / 1e6 < after
