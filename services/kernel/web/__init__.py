"""The web's mechanism: building an app, declaring access, reading bodies, writing once, answering problems."""

from services.kernel.web.access import (
    COOKIE,
    CurrentPrincipal,
    CurrentSession,
    Received,
    RouteAccess,
    ended_cookie,
    public,
    require,
    route_access,
    session_cookie,
    session_of,
    signed_address,
    token_of,
)
from services.kernel.web.app import build_app, one_origin
from services.kernel.web.bodies import Router, parse_json, read_body
from services.kernel.web.context import Ctx
from services.kernel.web.exchange import exchange_of, stamp_of
from services.kernel.web.instants import GivenInstant
from services.kernel.web.problems import problem_response
from services.kernel.web.queries import Cursor
from services.kernel.web.writes import Answer, IfMatch, MustMatch, answer, perform

__all__ = [
    "COOKIE",
    "Answer",
    "Ctx",
    "CurrentPrincipal",
    "CurrentSession",
    "Cursor",
    "GivenInstant",
    "IfMatch",
    "MustMatch",
    "Received",
    "RouteAccess",
    "Router",
    "answer",
    "build_app",
    "ended_cookie",
    "exchange_of",
    "one_origin",
    "parse_json",
    "perform",
    "problem_response",
    "public",
    "read_body",
    "require",
    "route_access",
    "session_cookie",
    "session_of",
    "signed_address",
    "stamp_of",
    "token_of",
]
