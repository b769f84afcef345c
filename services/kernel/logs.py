"""Logs: one JSON object a line on stderr, with the trace it belongs to and nothing personal.

A trace is a W3C `traceparent`. It lies in a context variable: taken from the request or the event at hand, carried into
the events that result by `current_traceparent()`.

What keeps people out of the log: callers log ids, counts and names of the product's own parts; strings that look like an
ID number, a telephone number, an address of mail or a token are blotted out all the same; of an exception the kind and the
place are logged, and its words only where the product's own code wrote them for operators.
"""

from __future__ import annotations

import logging
import os
import random
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, WrappedLogger

from services.kernel.errors import LaurelError, Problem
from services.kernel.metrics import LEAKS

HIDDEN = "[hidden]"
SECRET_NAMES = frozenset({"password", "token", "authorization", "cookie", "secret", "phone", "mobile", "id_number", "email"})
NEVER_PERSONAL = frozenset({"at", "level", "trace", "event"})
PERSONAL = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"\d{17}[\dXx]"  # ID number
    r"|1[3-9]\d{9}"  # mobile number
    r"|0\d{2,3}[- ]?\d{7,8}"  # telephone number
    r")(?![0-9A-Za-z])"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"  # address of mail
    r"|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"  # token
)
TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

_chance = random.Random()  # noqa: S311 - spans must differ, not be secret; asking the system gives the GIL away
os.register_at_fork(after_in_child=_chance.seed)
_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """Return the traceparent of what is being done, or None."""
    return _traceparent.get()


def current_trace_id() -> str | None:
    """Return the 32 hex digits that lines, answers and events of one cause share."""
    here = _traceparent.get()
    return here[3:35] if here else None


def next_traceparent(incoming: str | None) -> str:
    """Return a traceparent with a span of our own: in the trace of `incoming` where that is valid, else in a new one."""
    match = TRACEPARENT.fullmatch(incoming) if incoming else None
    trace_id, flags = match.groups() if match else (_hex(128), "01")
    return f"00-{trace_id}-{_hex(64)}-{flags}"


def _hex(bits: int) -> str:
    """A number of so many bits, never 0, in hex."""
    return f"{_chance.getrandbits(bits) or 1:0{bits // 4}x}"


class tracing:  # noqa: N801 - reads as the state it is
    """Do what is in the block under this traceparent, on this thread or task."""

    __slots__ = ("_before", "_traceparent")

    def __init__(self, traceparent: str | None) -> None:
        self._traceparent = traceparent

    def __enter__(self) -> None:
        self._before = _traceparent.set(self._traceparent)

    def __exit__(self, *_failure: object) -> None:
        _traceparent.reset(self._before)


def redacted(value: Any) -> Any:
    """Blot out what looks personal in a string, or in the strings of a container."""
    if isinstance(value, str):
        blotted, times = PERSONAL.subn(HIDDEN, value)
        if times:
            LEAKS.labels("log").inc(times)
        return blotted
    if isinstance(value, dict):
        return {name: HIDDEN if name in SECRET_NAMES else redacted(held) for name, held in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redacted(held) for held in value]
    return value


def error_of(exception: BaseException) -> dict[str, Any]:
    """Say what went wrong and where, without words that may quote a person's data."""
    frames = traceback.extract_tb(exception.__traceback__)
    told: dict[str, Any] = {
        "kind": f"{type(exception).__module__}.{type(exception).__qualname__}",
        "at": [f"{frame.filename}:{frame.lineno}:{frame.name}" for frame in frames[-12:]],
    }
    if isinstance(exception, OSError) and exception.strerror:
        told["says"] = exception.strerror
    elif isinstance(exception, LaurelError) and not isinstance(exception, Problem):
        told["says"] = str(exception)
    if (cause := exception.__cause__ or exception.__context__) is not None:
        told["cause"] = error_of(cause)
    return told


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send the product's lines, and those of the libraries, to stderr as JSON."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[_trace, _stamp, _exception, _redact, _encode],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_LibraryLines()], level=max(threshold, logging.WARNING), force=True)


class _LibraryLines(logging.Handler):
    """Hands a library's line over. Its arguments stay out: nobody knows what a library quotes."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        error = error_of(record.exc_info[1]) if record.exc_info and record.exc_info[1] else None
        template = record.msg if isinstance(record.msg, str) else type(record.msg).__qualname__
        log.log(record.levelno, "library", says=template, **({"error": error} if error else {}))


def _trace(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    if (trace_id := current_trace_id()) is not None:
        line.setdefault("trace", trace_id)
    return line


def _stamp(_logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    return {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": method, **line}


def _exception(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    told = line.pop("exc_info", None)
    exception = sys.exc_info()[1] if told is True else told
    if isinstance(exception, BaseException):
        line["error"] = error_of(exception)
    return line


def _redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    for name, value in line.items():
        if name not in NEVER_PERSONAL:
            line[name] = HIDDEN if name in SECRET_NAMES else redacted(value)
    return line


def _encode(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    return to_json(line, fallback=lambda value: type(value).__qualname__).decode()
