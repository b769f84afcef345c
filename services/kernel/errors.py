"""The tree of errors; each kind tells whoever catches it what to do.

Delivery looks at `NotYet`, `Transient` and `Rejected`; the API turns every `Problem` into an RFC 9457 problem document.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LaurelError(Exception):
    """The root of every error the product raises on purpose."""


class NotYet(LaurelError):
    """Something this event refers to has not arrived: wait for an event of `subject`."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"waits for {subject}")
        self.subject = subject


class Transient(LaurelError):
    """An engine is in trouble; the same call may succeed later."""


class Rejected(LaurelError):
    """It will never work; the message says why."""


class TransactionLost(Transient):
    """The engine rolled the whole transaction back; nothing in it can be kept."""


class NoData(LaurelError):
    """A folder that should hold a platform's data holds none; nothing was made there."""

    def __init__(self, folder: object) -> None:
        super().__init__(
            f"{folder} 中没有平台数据，没有新建任何内容。请用 --home 或环境变量 LAUREL_HOME 指明数据目录；"
            "还没有数据目录时，先运行 laurel up。"
        )


class LeaseLost(LaurelError):
    """Another worker holds this job now; what this one did must not be kept."""


class EngineError(LaurelError):
    """An adapter met a vendor's error it does not know; the cause is chained."""


class Problem(LaurelError):
    """An answer a person can act on: status, type, a Chinese sentence and its English twin.

    `kind` is the last part of the problem type; `message` is the Chinese sentence; `detail` is the English twin;
    `extra` holds members of the document, JSON values only. `headers` are added to the answer.
    """

    status: ClassVar[int] = 400
    kind: ClassVar[str] = "bad-request"

    def __init__(
        self,
        message: str,
        detail: str = "",
        *,
        headers: dict[str, str] | None = None,
        kind: str | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.extra = extra
        self.headers = headers or {}
        self.type = kind or type(self).kind


class Invalid(Problem):
    """400: the request cannot be read; `errors` names each field."""


class Unauthenticated(Problem):
    """401: no session, or one that has ended."""

    status = 401
    kind = "unauthenticated"


class Forbidden(Problem):
    """403: this role may not do that, and it is no secret that the thing exists."""

    status = 403
    kind = "forbidden"


class NotFound(Problem):
    """404: it does not exist, or this person may not know that it does."""

    status = 404
    kind = "not-found"

    def __init__(self, message: str = "没有找到，或您没有查看的权限。", detail: str = "Not found.", **extra: Any) -> None:
        super().__init__(message, detail, **extra)


class Timeout(Problem):
    """408: the body of a stamped write was not complete in time."""

    status = 408
    kind = "body-timeout"


class Conflict(Problem):
    """409: the state of the thing does not allow it (no place left, already locked, not open)."""

    status = 409
    kind = "conflict"


class Gone(Problem):
    """410: it was there and is not any more (an expired upload, a used code)."""

    status = 410
    kind = "gone"


class Changed(Problem):
    """412: somebody changed it in between; `current` holds the present version."""

    status = 412
    kind = "changed"


class TooLarge(Problem):
    """413: beyond the deployment's hard cap."""

    status = 413
    kind = "too-large"


class Unprocessable(Problem):
    """422: readable, and still not acceptable (missing fields, another body under the same key)."""

    status = 422
    kind = "unprocessable"


class PreconditionRequired(Problem):
    """428: this change needs `If-Match`."""

    status = 428
    kind = "precondition-required"


class TooMany(Problem):
    """429: too often; `Retry-After` says when."""

    status = 429
    kind = "too-many-requests"


class Unavailable(Problem):
    """503: an engine is away; nothing was lost, try again."""

    status = 503
    kind = "unavailable"


class StorageFull(Problem):
    """507: the disk or the store is full; what was acknowledged is kept."""

    status = 507
    kind = "storage-full"

    def __init__(
        self,
        message: str = "存储空间已满，已收到的内容都在。请稍后再试。",
        detail: str = "Storage is full.",
        **extra: Any,
    ) -> None:
        super().__init__(message, detail, **extra)
