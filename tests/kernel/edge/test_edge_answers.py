from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from fastapi import APIRouter

from services.kernel.auth import Principal, Role, mint
from services.kernel.web import COOKIE, Router, one_origin, public, require, route_access


def test_without_a_token_the_answer_is_401_and_never_a_redirect(service):
    answer = service.ask("POST", "/notes", json={"title": "a"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["message"] == "请先登录。"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "键"])
def test_a_token_that_is_none_of_ours_is_401(service, token):
    answer = service.ask("POST", "/notes", json={"title": "a"}, headers={"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code == 401


def test_another_role_is_403(service):
    answer = service.ask("PUT", "/notes/3", json={"title": "a"}, headers=service.bearer(Role.LIAISON) | {"If-Match": '"7"'})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:laurel:problem:forbidden"


def test_a_session_ends_at_its_idle_limit_and_when_it_is_ended(service):
    headers = service.bearer()
    assert service.ask("POST", "/notes", json={"title": "a"}, headers=headers).status_code == 201
    service.context.revocations.add("session/s-1", service.clock.at)
    ended = service.ask("POST", "/notes", json={"title": "a"}, headers=headers)
    assert (ended.status_code, ended.json()["type"]) == (401, "urn:laurel:problem:session-ended")

    other = {"Authorization": f"Bearer {service.token(session='s-2')}"}
    service.clock.pass_by(minutes=29, seconds=59)
    assert service.ask("POST", "/notes", json={"title": "a"}, headers=other).status_code == 201
    service.clock.pass_by(seconds=1)
    expired = service.ask("POST", "/notes", json={"title": "a"}, headers=other)
    assert (expired.status_code, expired.json()["type"]) == (401, "urn:laurel:problem:session-expired")


def test_an_account_that_ended_is_refused_with_every_session(service):
    headers = service.bearer()
    service.context.revocations.add("account/a-1", service.clock.at)
    assert service.ask("POST", "/notes", json={"title": "a"}, headers=headers).status_code == 401


def test_a_public_route_knows_who_is_signed_in_and_minds_no_bad_token(service):
    assert service.ask("GET", "/notes/search?q=a", headers=service.bearer()).json()["who"] == "a-1"
    assert service.ask("GET", "/notes/search?q=a", headers={"Authorization": "Bearer x"}).json()["who"] is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://laurel.test"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.test"}, 403),
        ({"Origin": "http://laurel.test.evil.test"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, 403),
    ],
)
def test_a_write_by_cookie_must_come_from_our_own_pages(service, headers, status):
    cookie = {"Cookie": f"theme=dark; {COOKIE}={service.token()}"}
    answer = service.ask("POST", "/notes", json={"title": "a"}, headers=cookie | headers)
    assert answer.status_code == status
    assert len(service.titles()) == (1 if status == 201 else 0)


def test_the_origin_is_the_deployments_where_it_names_one(make_service):
    service = make_service(public_origin="https://laurel.example")
    cookie = {"Cookie": f"{COOKIE}={service.token()}"}
    for origin, status in (("https://laurel.example", 201), ("http://laurel.test", 403)):
        answer = service.ask("POST", "/notes", json={"title": "a"}, headers=cookie | {"Origin": origin})
        assert answer.status_code == status


def test_a_bearer_needs_no_origin_and_goes_before_a_cookie(service):
    headers = service.bearer() | {"Cookie": f"{COOKIE}=nonsense", "Origin": "http://elsewhere.test"}
    assert service.ask("POST", "/notes", json={"title": "a"}, headers=headers).status_code == 201


def test_every_answer_carries_the_security_headers(service):
    for method, path in (("GET", "/notes/search?q=a"), ("GET", "/nowhere"), ("POST", "/notes"), ("POST", "/notes/broken")):
        headers = service.ask(method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_what_is_not_there_and_what_is_not_done_are_problems(service):
    absent, wrong = service.ask("GET", "/nowhere"), service.ask("DELETE", "/notes")
    assert (absent.status_code, absent.json()["type"]) == (404, "urn:laurel:problem:not-found")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    for answer in (absent, wrong):
        problem = answer.json()
        assert set(problem) == {"type", "title", "status", "detail", "message", "instance"}
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_slash_too_many_is_not_a_redirect(service):
    assert service.ask("GET", "/notes/search/?q=a").status_code == 404


def test_the_unexpected_tells_a_number_and_nothing_else(service):
    incoming = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = service.ask("POST", "/notes/broken", headers={"traceparent": incoming})
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["number"] == "0AF76519"
    assert "0AF76519" in problem["message"]
    assert problem["instance"] == "urn:laurel:trace:0af7651916cd43dd8448eb211c80319c"
    for leaked in ("沈禾", "11010519491231002X", "ZeroDivision", "Traceback", "conftest"):
        assert leaked not in answer.text


def test_an_engine_in_trouble_is_503_with_a_time_to_come_back(service):
    answer = service.ask("POST", "/notes/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def _slow_scope(path: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": raw, "server": ("t", 80), "client": None,
    }  # fmt: skip


def test_a_stamped_body_that_is_late_is_408_and_its_stamp_ends(make_service):
    service = make_service(body_timeout_s=0.2)
    sent: list[Any] = []

    async def story() -> None:
        chunks = iter([{"type": "http.request", "body": b'{"title": ', "more_body": True}])

        async def receive():
            try:
                return next(chunks)
            except StopIteration:
                await asyncio.sleep(30)

        async def send(message):
            sent.append(message)

        headers = {"authorization": service.bearer()["Authorization"], "content_type": "application/json"}
        await service.app(_slow_scope("/notes", **headers), receive, send)

    asyncio.run(asyncio.wait_for(story(), 5))
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["type"] == "urn:laurel:problem:body-timeout"
    assert (b"connection", b"close") in sent[0]["headers"]
    assert service.context.stamps.oldest() is None


def test_a_client_that_goes_away_ends_its_stamp(service):
    async def story() -> None:
        async def receive():
            return {"type": "http.disconnect"}

        async def send(message):
            raise AssertionError(message)

        headers = {"authorization": service.bearer()["Authorization"], "content_type": "application/json"}
        await service.app(_slow_scope("/notes", **headers), receive, send)

    asyncio.run(story())
    assert service.context.stamps.oldest() is None


def test_routes_say_who_may_use_them(service):
    lines = {(line.method, line.path): line.access for line in route_access(service.app)}
    assert lines["PUT", "/notes/{number}"] == ("head",)
    assert lines["POST", "/notes"] == ("clerk", "expert", "head", "liaison", "operator", "unit_head")
    assert lines["GET", "/notes/search"] == ("public",)
    assert lines["GET", "/metrics"] == ("public",)


def test_a_route_that_does_not_say_stops_the_build(make_service):
    silent = Router()

    @silent.get("/open")
    async def opened() -> dict[str, str]:
        return {}

    with pytest.raises(TypeError, match="/open must declare exactly once"):
        make_service("intake", silent)


def test_a_route_that_says_two_things_stops_the_build(make_service):
    double = Router(dependencies=[public()])

    @double.get("/open", dependencies=[require(Role.HEAD)])
    async def opened() -> dict[str, str]:
        return {}

    with pytest.raises(TypeError, match="/open must declare exactly once"):
        make_service("intake", double)


def test_a_route_that_reads_bodies_leniently_stops_the_build(make_service):
    lenient = APIRouter(dependencies=[public()])

    @lenient.get("/open")
    async def opened() -> dict[str, str]:
        return {}

    with pytest.raises(TypeError, match="Router"):
        make_service("intake", lenient)


def test_health_readiness_and_metrics_answer(service):
    assert service.ask("GET", "/healthz").json() == {"alive": True}
    service.context.degraded = lambda: ["mailer"]
    state = service.ask("GET", "/readyz")
    assert state.status_code == 200
    assert state.json()["services"] == [{"service": "intake", "ready": True, "problems": [], "degraded": ["mailer"]}]
    text = service.ask("GET", "/metrics").text
    assert 'laurel_requests_total{method="GET",route="/healthz",service="intake",status="2xx"}' in text


def test_a_service_whose_database_is_away_is_not_ready(service):
    service.context.database.close()
    state = service.ask("GET", "/readyz")
    assert state.status_code == 503
    assert state.json()["services"][0]["problems"] == ["database"]


def test_one_origin_serves_each_app_by_its_first_segment(make_service):
    router = Router(prefix="/media", dependencies=[public()])

    @router.get("/films")
    async def films() -> dict[str, str]:
        return {"served": "media"}

    operators = Router(prefix="/ops/media", dependencies=[public()])

    @operators.get("/lag")
    async def lag() -> dict[str, int]:
        return {"lag": 0}

    intake, media = make_service("intake"), make_service("media", router, operators)
    intake.app = one_origin({"": intake.app, "/media": media.app, "ops/media": media.app})
    assert intake.ask("GET", "/ops/media/lag").json() == {"lag": 0}
    assert intake.ask("GET", "/ops/intake/lag").status_code == 404
    assert intake.ask("GET", "/media/films").json() == {"served": "media"}
    assert intake.ask("GET", "/notes/search?q=a").json()["q"] == "a"
    assert intake.ask("GET", "/mediafilms").status_code == 404
    assert [state["service"] for state in intake.ask("GET", "/readyz").json()["services"]] == ["intake", "media"]
    assert 'service="media"' in intake.ask("GET", "/metrics").text


def test_a_token_of_another_deployment_is_refused(make_service):
    here, there = make_service("intake"), make_service("media")
    who = Principal("a-1", "s-1", Role.HEAD)
    foreign = mint(there.context.keys, who, begun_at=here.clock.at, now=here.clock.at, limits=here.limits)
    answer = here.ask("POST", "/notes", json={"title": "a"}, headers={"Authorization": f"Bearer {foreign}"})
    assert answer.status_code == 401
