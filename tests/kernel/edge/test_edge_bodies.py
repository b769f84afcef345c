from __future__ import annotations

import pytest

from services.kernel.auth import Role

JSON = {"Content-Type": "application/json"}


def _send(service, raw: bytes, **headers):
    return service.ask("POST", "/notes", content=raw, headers=service.bearer() | JSON | headers)


def test_a_plain_body_is_taken_with_a_byte_order_mark_and_multi_line_text(service):
    assert _send(service, b'\xef\xbb\xbf{"title": "\\u7532\\n\\u4e59\\t"}').status_code == 201
    assert service.titles() == ["甲\n乙\t"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"title": "\xbd\xa8"}', "第12字节"),
        ('{"title": "甲"}'.encode("utf-16"), "UTF-8"),
        (b'{"title": "a"', "第1行第14列"),
        (b'{"title": "a", "pages": NaN}', "NaN"),
        (b'{"title": "a", "pages": -Infinity}', "-Infinity"),
        (b'{"title": "a", "pages": 99999999999999999999}', "整数过大"),
        (b'{"title": "a", "pages": 9223372036854775808}', "整数过大"),
        (b'{"title": "a", "pages": ' + b"9" * 5000 + b"}", "整数过大"),
        (b'{"title": "a", "pages": 1e400}', "数字过大"),
        (b'{"title": "a", "title": "b"}', "“title”出现了两次"),
        (b'{"\\ud800": 1, "\\ud800": 2}', "出现了两次"),
        (b'{"title": "a", "more": ' + b"[" * 40 + b"]" * 40 + b"}", "嵌套超过32层"),
        (b'{"title": "a", "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "嵌套超过32层"),
        (b"\x00", "JSON"),
        (b"{'title': 'a'}", "JSON"),
    ],
)
def test_json_that_two_programs_would_read_differently_is_refused_in_words(service, raw, words):
    answer = _send(service, raw)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:laurel:problem:invalid-json"
    assert words in answer.json()["message"]
    assert service.titles() == []


@pytest.mark.parametrize(
    "escape", ["\\u0000", "\\u0007", "\\u001f", "\\u007f", "\\ud800", "\\udc00\\ud800", "\\uffff", "\\b", "\\f"]
)
def test_characters_nobody_can_type_are_refused_with_their_place(service, escape):
    for raw in (
        f'{{"title": "a{escape}"}}',
        f'{{"title": "a", "more": {{"x{escape}": 1}}}}',
        f'{{"title": "a", "more": ["x{escape}"]}}',
    ):
        answer = _send(service, raw.encode())
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:laurel:problem:control-character"
        assert "第2个字符" in answer.json()["message"]


def test_a_character_that_no_reader_sees_is_named_with_its_field_and_place(service):
    answer = _send(service, '{"title": "a", "more": {"b/c": ["好", "第一行\\n张\\u202e三"]}}'.encode())
    assert answer.status_code == 422
    assert answer.json()["message"] == "more.b/c.1第2行第2个字符是看不见的字符U+202E（改变文字方向的标记），请删去后再提交。"
    (error,) = answer.json()["errors"]
    told = {name: error[name] for name in ("field", "pointer", "character", "at")}
    assert told == {"field": "more.b/c.1", "pointer": "/more/b~1c/1", "character": "U+202E", "at": 6}
    assert "张" not in answer.text
    assert service.titles() == []


@pytest.mark.parametrize("title", ["阿依古丽·买买提", "𰻝\U00031350", "👩\u200d⚕\ufe0f", "全角ＡＢ", "甲\n乙"])
def test_what_people_write_is_taken(service, title):
    assert service.ask("POST", "/notes", json={"title": title}, headers=service.bearer()).status_code == 201
    assert service.titles() == [title]


def test_a_query_is_closed_to_what_its_route_does_not_know(service):
    answer = service.ask("GET", "/notes/search?q=a&lmit=5&x=1")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:laurel:problem:invalid-fields")
    assert answer.json()["message"] == "没有名为lmit的项，请去掉。没有名为x的项，请去掉。可用的查询参数：limit、q。"
    assert answer.json()["known"] == ["limit", "q"]
    assert [error["field"] for error in answer.json()["errors"]] == ["lmit", "x"]
    both = service.ask("GET", "/notes/search?limit=x&lmit=5").json()["errors"]
    assert [error["field"] for error in both] == ["lmit", "q", "limit"]
    assert service.ask("POST", "/notes/refused?dry=1", json={"title": "甲"}).json()["known"] == []
    assert service.ask("GET", "/notes/search?q=a&limit=5").status_code == 200


def test_a_pair_of_surrogates_is_one_character(service):
    assert _send(service, b'{"title": "\\ud83d\\ude00"}').status_code == 201
    assert service.titles() == ["\U0001f600"]


def test_control_characters_in_a_query_or_a_path_are_refused(service):
    assert service.ask("GET", "/notes/search?q=a%00b").status_code == 422
    (error,) = service.ask("GET", "/notes/search?q=%E5%A4%9C%E2%80%AE").json()["errors"]
    assert (error["field"], error["in"], error["character"], error["at"]) == ("q", "query", "U+202E", 2)
    assert service.ask("GET", "/notes/search%00").status_code == 404


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk", ""])
def test_a_body_that_is_said_to_be_something_else_is_refused(service, kind):
    answer = service.ask("POST", "/notes", content=b'{"title": "a"}', headers=service.bearer() | {"Content-Type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", 'application/json;charset="UTF-8"', "application/merge-patch+json"],
)
def test_json_by_any_of_its_names_is_taken(service, kind):
    answer = service.ask("POST", "/notes", content=b'{"title": "a"}', headers=service.bearer() | {"Content-Type": kind})
    assert answer.status_code == 201


def test_a_body_beyond_the_limit_is_refused_whether_announced_or_not(make_service):
    service = make_service(json_max_bytes=2048)
    raw = b'{"title": "' + b"a" * 4096 + b'"}'

    async def chunks():
        yield raw[:1500]
        yield raw[1500:]

    for content in (raw, chunks()):
        answer = _send(service, content)
        assert answer.status_code == 413
        assert "2,048字节" in answer.json()["message"]
        assert answer.headers["connection"] == "close"


def test_a_raw_body_has_its_own_limit(service):
    assert service.ask("POST", "/notes/raw", content=b"a" * 64).text == "64"
    assert service.ask("POST", "/notes/raw", content=b"a" * 65).status_code == 413


def test_no_body_at_all_is_said(service):
    answer = _send(service, b"")
    assert answer.status_code == 422
    assert "请填写" in answer.json()["message"]


def test_every_field_is_named_with_what_it_should_be(service):
    answer = _send(service, b'{"title": "", "pages": 0, "colour": "red"}')
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "urn:laurel:problem:invalid-fields"
    told = {entry["field"]: entry["message"] for entry in problem["errors"]}
    assert told == {"title": "title至少1个字符。", "pages": "pages应不小于1。", "colour": "没有名为colour的项，请去掉。"}
    assert problem["message"] == "".join(told.values())


def test_a_faulty_query_names_its_field_and_a_faulty_path_is_not_there(service):
    answer = service.ask("GET", "/notes/search?limit=x")
    assert {entry["field"] for entry in answer.json()["errors"]} == {"q", "limit"}
    headers = service.bearer(Role.HEAD) | {"If-Match": '"7"'}
    assert service.ask("PUT", "/notes/not-a-number", json={"title": "a"}, headers=headers).status_code == 404


def test_what_was_typed_is_not_repeated_in_a_problem(service):
    answer = _send(service, b'{"title": 110105194912310021, "pages": "110105194912310021"}')
    assert answer.status_code == 422
    assert "110105194912310021" not in answer.text
