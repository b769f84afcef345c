from __future__ import annotations

import io
import json
import logging
import re

import pytest
import structlog
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette.responses import Response

from services.kernel import logs
from services.kernel.contracts.events import ClockConfirmed
from services.kernel.errors import Conflict, EngineError, Transient
from services.kernel.logs import current_traceparent, next_traceparent, redacted, tracing
from services.kernel.metrics import LEAKS
from services.kernel.web import Router, perform, public

CANARIES = ("11010519491231002X", "13812345678", "021-62345678", "shen.he@example.cn", "eyJhbGciOiJ9x.eyJzdWIiOiJ9.c2ln")
INCOMING = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def lines():
    stream = io.StringIO()
    logs.configure("debug", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("canary", CANARIES)
@pytest.mark.parametrize("around", ["{}", "电话{}。", "id={}&x=1", "“{}”", "[{}]", "/works/{}/x"])
def test_what_looks_personal_is_blotted_out_wherever_it_stands(lines, canary, around):
    before = LEAKS.labels("log")._value.get()
    text = around.format(canary)
    structlog.get_logger().warning("seen", says=text, deep={"list": [text, {"x": text}]})
    (line,) = lines()
    assert canary not in json.dumps(line, ensure_ascii=False)
    assert line["says"].count(logs.HIDDEN) == 1
    assert LEAKS.labels("log")._value.get() == before + 3


@pytest.mark.parametrize(
    "plain",
    ["01927a3e-4d5f-7abc-8def-138123456789", "7F3K-92QX-M4TD", "2024-09-30T23:59:59.999", "a" * 64, "1" * 19],
)
def test_ids_hashes_and_instants_are_left_alone(plain):
    assert redacted(plain) == plain


@pytest.mark.parametrize("name", ["password", "token", "authorization", "cookie", "phone", "id_number"])
def test_some_names_never_show_their_value(lines, name):
    structlog.get_logger().info("seen", **{name: "开门"}, deep={name: "开门"})
    assert "开门" not in json.dumps(lines(), ensure_ascii=False)


def test_a_line_says_when_how_grave_and_in_which_trace(lines):
    with tracing(INCOMING):
        structlog.get_logger().info("seen", count=3)
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("at"))
    assert line == {"level": "info", "event": "seen", "count": 3, "trace": INCOMING[3:35]}


def test_lines_below_the_level_are_not_written():
    stream = io.StringIO()
    logs.configure("warning", stream)
    structlog.get_logger().info("seen")
    assert stream.getvalue() == ""


def _caught(error, cause=None):
    try:
        raise error from cause
    except type(error) as caught:
        return caught


def test_an_exception_is_told_by_kind_and_place_without_its_words(lines):
    structlog.get_logger().error("broken", exc_info=_caught(ValueError("沈禾 的作品"), _caught(KeyError("罗桂枝"))))
    (line,) = lines()
    assert line["error"]["kind"] == "builtins.ValueError"
    assert "test_edge_logs.py" in line["error"]["at"][-1]
    assert line["error"]["cause"]["kind"] == "builtins.KeyError"
    assert not re.search("沈禾|罗桂枝", json.dumps(line, ensure_ascii=False))


def test_a_databases_error_does_not_show_its_parameters(lines):
    broken = IntegrityError("INSERT INTO person VALUES (?)", ("沈禾",), Exception("UNIQUE failed: 沈禾"))
    structlog.get_logger().error("broken", exc_info=_caught(broken))
    assert "沈禾" not in json.dumps(lines(), ensure_ascii=False)


def test_our_own_words_for_operators_are_kept_and_those_for_people_are_not(lines):
    log = structlog.get_logger()
    log.error("a", exc_info=_caught(EngineError("the bus is full")))
    log.error("b", exc_info=_caught(Conflict("沈禾已登记。")))
    log.error("c", exc_info=_caught(OSError(28, "No space left on device", "/home/沈禾.mp4")))
    first, second, third = (line["error"] for line in lines())
    assert first["says"] == "the bus is full"
    assert "says" not in second
    assert third["says"] == "No space left on device"
    assert "沈禾" not in json.dumps(lines(), ensure_ascii=False)


def test_a_librarys_line_comes_without_what_it_quotes(lines):
    logging.getLogger("vendor").warning("refused %s", "沈禾")
    logging.getLogger("vendor").info("nobody reads this")
    (line,) = lines()
    assert (line["logger"], line["says"], line["level"]) == ("vendor", "refused %s", "warning")


def test_what_json_does_not_know_is_named_by_its_type(lines):
    structlog.get_logger().info("seen", thing=object(), number=float("nan"))
    assert lines()[0]["thing"] == "object"


@pytest.mark.parametrize(
    "bad", [None, "", "x", INCOMING[:-1], INCOMING.upper(), "00-" + "0" * 32 + "-b7ad6b7169203331-01", "键"]
)
def test_a_traceparent_that_is_none_begins_a_new_trace(bad):
    fresh = next_traceparent(bad)
    assert logs.TRACEPARENT.fullmatch(fresh)
    assert INCOMING[3:35] not in fresh


def test_a_span_of_our_own_stays_in_the_callers_trace():
    ours = next_traceparent(INCOMING)
    assert ours[:36] == INCOMING[:36]
    assert ours[36:52] != INCOMING[36:52]
    assert ours[-2:] == "01"


def test_outside_of_a_trace_there_is_none():
    assert current_traceparent() is None
    with tracing(INCOMING):
        assert current_traceparent() == INCOMING
    assert current_traceparent() is None


def _traced() -> Router:
    router = Router(dependencies=[public()])

    @router.post("/confirm")
    async def confirm(request: Request) -> Response:
        return await perform(request, lambda transaction: transaction.emit(ClockConfirmed(service="intake", revision=1)))

    @router.post("/away/{number}")
    async def away(number: int) -> Response:
        raise Transient(f"engine {number} sleeps")

    return router


def test_a_requests_trace_is_carried_into_the_events_it_causes(make_service):
    service = make_service("intake", _traced())
    service.ask("POST", "/confirm", headers={"traceparent": INCOMING})
    carried = service.context.database.look(lambda c: c.exec_driver_sql("SELECT traceparent FROM outbox").scalar_one())
    assert carried[:36] == INCOMING[:36]


def test_the_access_log_names_the_route_and_neither_path_nor_query(make_service, lines):
    service = make_service("intake", _traced())
    for method, path in (("POST", "/away/7?name=沈禾&phone=13812345678"), ("GET", "/沈禾/11010519491231002X?q=秘密")):
        service.ask(method, path, headers={"traceparent": INCOMING, "Cookie": "秘密=1".encode()})
    access = [line for line in lines() if line["event"] == "request"]
    assert [(line["method"], line["route"], line["status"]) for line in access] == [
        ("POST", "/away/{number}", 422),
        ("GET", "-", 404),
    ]
    assert {line["trace"] for line in access} == {INCOMING[3:35]}
    everything = json.dumps(lines(), ensure_ascii=False)
    assert not re.search("沈禾|秘密|13812345678|11010519491231002X", everything)


def test_an_unexpected_condition_is_found_in_the_log_by_its_number(service, lines):
    answer = service.ask("POST", "/notes/broken", headers={"traceparent": INCOMING})
    (line,) = [line for line in lines() if line["event"] == "unexpected"]
    assert line["trace"].upper().startswith(answer.json()["number"])
    assert line["error"]["kind"] == "builtins.ZeroDivisionError"
    assert "沈禾" not in json.dumps(lines(), ensure_ascii=False)
