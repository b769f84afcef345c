from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from services.kernel.auth import Role


def _post(client, service, body, key=None, account="a-1"):
    headers = service.bearer(account=account) | ({"Idempotency-Key": key} if key else {})
    return client.post("/notes", json=body, headers=headers)


def test_a_write_answers_with_its_receipt_revision_and_location(service):
    answer = service.ask("POST", "/notes", json={"title": "灯下三代人"}, headers=service.bearer())
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"] == "/notes/1"
    assert answer.json() == {"number": 1, "title": "灯下三代人", "received": "2024-09-30T15:00:00Z", "by": "liaison"}


def test_the_same_key_has_one_effect_and_one_answer_byte_for_byte(service):
    async def story(client: httpx.AsyncClient):
        first = await _post(client, service, {"title": "甲"}, "k-1")
        service.clock.pass_by(minutes=3)
        return first, await _post(client, service, {"title": "甲"}, "k-1")

    first, second = service.run(story)
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["etag"] == first.headers["etag"]
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["content-type"] == first.headers["content-type"]
    assert service.titles() == ["甲"]


def test_another_body_under_the_same_key_is_refused(service):
    async def story(client: httpx.AsyncClient):
        await _post(client, service, {"title": "甲"}, "k-1")
        return await _post(client, service, {"title": "乙"}, "k-1")

    answer = service.run(story)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:laurel:problem:idempotency-key-reused"
    assert service.titles() == ["甲"]


def test_a_key_is_each_accounts_own(service):
    async def story(client: httpx.AsyncClient):
        return [await _post(client, service, {"title": "甲"}, "k-1", account) for account in ("a-1", "a-2")]

    assert [answer.json()["number"] for answer in service.run(story)] == [1, 2]


def test_a_key_covers_the_address_too(service):
    async def story(client: httpx.AsyncClient):
        headers = service.bearer(Role.HEAD) | {"Idempotency-Key": "k-1", "If-Match": '"7"'}
        return [await client.put(f"/notes/{number}", json={"title": "甲"}, headers=headers) for number in (3, 4)]

    assert [answer.status_code for answer in service.run(story)] == [200, 422]


def test_a_refusal_is_not_kept_under_its_key(service):
    async def story(client: httpx.AsyncClient):
        headers = service.bearer(Role.HEAD) | {"Idempotency-Key": "k-1"}
        stale = await client.put("/notes/3", json={"title": "甲"}, headers=headers | {"If-Match": '"6"'})
        return stale, await client.put("/notes/3", json={"title": "甲"}, headers=headers | {"If-Match": '"7"'})

    stale, fresh = service.run(story)
    assert (stale.status_code, fresh.status_code) == (412, 200)
    assert service.titles() == ["甲"]


def test_twins_at_once_have_one_effect(service):
    async def story(client: httpx.AsyncClient):
        return await asyncio.gather(*(_post(client, service, {"title": "甲"}, "k-1") for _ in range(20)))

    answers = service.run(story)
    assert {answer.content for answer in answers} == {answers[0].content}
    assert {answer.status_code for answer in answers} == {201}
    assert service.titles() == ["甲"]


def test_a_write_that_is_refused_leaves_nothing(service):
    answer = service.ask("POST", "/notes/refused", json={"title": "甲"}, headers={"Idempotency-Key": "k-1"})
    assert answer.status_code == 409
    assert answer.json()["cap"] == 6
    assert service.titles() == []
    kept = service.context.database.look(lambda c: c.exec_driver_sql("SELECT count(*) FROM idempotency").scalar_one())
    assert kept == 0


@pytest.mark.parametrize("key", ["", " ", "a b", "a" * 201, "键".encode()])
def test_a_key_that_is_none_is_refused(service, key):
    answer = service.ask("POST", "/notes", json={"title": "甲"}, headers=service.bearer() | {"Idempotency-Key": key})
    assert answer.status_code == 400
    assert service.titles() == []


def test_a_change_needs_the_revision_that_was_read(service):
    answer = service.ask("PUT", "/notes/3", json={"title": "甲"}, headers=service.bearer(Role.HEAD))
    assert answer.status_code == 428


@pytest.mark.parametrize("stated", ["7", '"x"', "*", 'W/"7"', '"7", "8"', '"-1"'])
def test_a_revision_that_is_none_is_refused(service, stated):
    answer = service.ask("PUT", "/notes/3", json={"title": "甲"}, headers=service.bearer(Role.HEAD) | {"If-Match": stated})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:laurel:problem:invalid-if-match"


def test_a_stale_change_is_shown_both_versions(service):
    answer = service.ask("PUT", "/notes/3", json={"title": "新"}, headers=service.bearer(Role.HEAD) | {"If-Match": '"6"'})
    assert answer.status_code == 412
    problem = answer.json()
    assert problem["current"] == {"title": "旧", "revision": 7}
    assert problem["submitted"] == {"title": "新"}


def test_a_change_answers_with_the_new_revision(service):
    answer = service.ask("PUT", "/notes/3", json={"title": "新"}, headers=service.bearer(Role.HEAD) | {"If-Match": '"7"'})
    assert answer.headers["etag"] == '"8"'


def test_a_write_is_unanswered_until_its_answer_has_left(service):
    stamps, settled = service.context.stamps, []
    end = stamps.end

    def ended(stamp):
        settled.append(stamps.is_settled(stamp.at.replace(second=1)))
        end(stamp)

    stamps.end = ended
    service.ask("POST", "/notes", json={"title": "甲"}, headers=service.bearer())
    service.clock.pass_by(seconds=2)
    assert settled == [False]
    assert stamps.oldest() is None


def test_a_read_is_not_stamped(service):
    begun = []
    service.context.stamps.begin = lambda: begun.append(1)
    assert service.ask("GET", "/notes/search?q=a").status_code == 200
    assert begun == []


def test_kept_answers_are_json_of_the_same_bytes(service):
    answer = service.ask("POST", "/notes", json={"title": "甲"}, headers=service.bearer() | {"Idempotency-Key": "k"})
    row = service.context.database.look(lambda c: c.exec_driver_sql("SELECT body, headers FROM idempotency").one())
    assert bytes(row.body) == answer.content
    assert json.loads(row.headers) == {"ETag": '"1"', "Location": "/notes/1"}
