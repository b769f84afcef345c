"""Problem documents (RFC 9457): every answer that is not a success."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.kernel.errors import Invalid, NotFound, NotYet, Problem, Transient, Unauthenticated, Unavailable
from services.kernel.logs import current_trace_id
from services.kernel.web.validation import validation_problem

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
UNFINISHED = {408, 413}  # the body has not been read: the connection cannot be used again


class MethodNotAllowed(Problem):
    """405: the address exists, this method does not."""

    status = 405
    kind = "method-not-allowed"


class Unexpected(Problem):
    """500: nobody foresaw this; the number finds it in the log."""

    status = 500
    kind = "unexpected"


def problem_response(problem: Problem) -> Response:
    """Return the document. `instance` names the trace, by which the log knows more."""
    trace_id = current_trace_id()
    document = {
        **problem.extra,
        "type": f"urn:laurel:problem:{problem.type}",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        "message": problem.message,
        "instance": f"urn:laurel:trace:{trace_id}",
    }
    return Response(to_json(document), problem.status, _headers(problem), MEDIA_TYPE)


def _title(status: int) -> str:
    """Name a status; a protocol on top of HTTP may have statuses of its own, such as tus' 460."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def unexpected(exception: BaseException) -> Problem:
    """Log what nobody foresaw and return what may be told: a number to quote."""
    structlog.get_logger().error("unexpected", exc_info=exception)
    number = (current_trace_id() or "")[:8].upper()
    return Unexpected(
        f"系统未能完成这一步，请稍后再试。如仍不行，请把编号 {number} 告诉平台管理人员。",
        f"Unexpected condition. Quote number {number}.",
        number=number,
    )


def install(app: FastAPI) -> None:
    """Answer every kind of exception with a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Transient, _on_transient)
    app.add_exception_handler(NotYet, _on_transient)


async def _on_problem(_request: Request, exception: Exception) -> Response:
    assert isinstance(exception, Problem)  # noqa: S101 - Starlette's signature is wider than its promise
    return problem_response(exception)


async def _on_validation(_request: Request, exception: Exception) -> Response:
    assert isinstance(exception, RequestValidationError)  # noqa: S101 - as above
    return problem_response(validation_problem(exception.errors()))


async def _on_transient(_request: Request, exception: Exception) -> Response:
    structlog.get_logger().warning("unavailable", exc_info=exception)
    return problem_response(
        Unavailable(
            "系统暂时繁忙，已提交的内容不受影响，请稍后再试。",
            "An engine is away; try again.",
            headers={"Retry-After": str(RETRY_AFTER_S)},
        )
    )


async def _on_http(_request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)  # noqa: S101 - as above
    return problem_response(_from_http(exception))


def _from_http(exception: HTTPException) -> Problem:
    if exception.status_code == HTTPStatus.NOT_FOUND:
        return NotFound()
    if exception.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = dict(exception.headers or {})
        return MethodNotAllowed("这个地址不支持这种操作。", "Method not allowed.", headers=allowed)
    return Invalid("请求无法读取。", str(exception.detail))


def _headers(problem: Problem) -> Mapping[str, str]:
    headers: dict[str, Any] = dict(problem.headers)
    if isinstance(problem, Unauthenticated):
        headers.setdefault("WWW-Authenticate", "Bearer")
    if problem.status in UNFINISHED:
        headers.setdefault("Connection", "close")
    return headers
