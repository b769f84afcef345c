"""Where commands get their answers: from the platform that runs on a home, or from its files when none runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.kernel.errors import Problem
from services.kernel.ids import new_id
from services.kernel.settings import Settings
from services.search.tools.faults import FaultyFile

if TYPE_CHECKING:
    from services.kernel.keys import Keys
    from services.kernel.ports import Database
    from services.kernel.service import Context

AT_THE_DESK = "operator"
_ANSWER_WAIT_S = 120


@dataclass(frozen=True)
class Reach:
    """How commands reach a home: `alone` when no platform runs on it, `reading` its rows beside one, or its `address`.

    `alone` makes a home where there is none only when it is told so by `make=True`; else it raises `NoData`.
    """

    alone: Callable[..., AbstractContextManager[Context]]
    reading: Callable[[Settings], AbstractContextManager[tuple[Database, Keys]]]
    address: Callable[[Path], str | None]


Home = Annotated[Path, typer.Option("--home", metavar="DIR", envvar="LAUREL_HOME", help="数据目录（不写时为 ./home）")]
Json = Annotated[bool, typer.Option("--json", help="以JSON输出")]
DEFAULT_HOME = Path("home")


def ask(settings: Settings, method: str, url: str, query: Mapping[str, Any] | None = None, body: bytes = b"") -> dict[str, Any]:
    """Ask the platform, as whoever may read its keys. Raises `Problem`, or `FaultyFile`, as it was answered."""
    import httpx  # noqa: PLC0415  # only beside a running platform

    bearer = {"Authorization": f"Bearer {_operator_token(settings)}"}
    sent = httpx.request(method, url, params=query, content=body, headers=bearer, timeout=_ANSWER_WAIT_S, trust_env=False)
    answered: dict[str, Any] = sent.json()
    if sent.is_error:
        kind = FaultyFile if answered.get("type", "").endswith(FaultyFile.kind) else Problem
        raise kind(answered.get("message", ""), answered.get("detail", ""))
    return answered


def _operator_token(settings: Settings) -> str:
    from services.kernel.auth import Limits, Principal, Role, mint  # noqa: PLC0415 - other commands start faster without
    from services.kernel.clocks import SystemClock  # noqa: PLC0415 - other commands start faster without
    from services.kernel.keys import Keys  # noqa: PLC0415 - other commands start faster without

    keys, now = Keys.open(settings.keys_folder), SystemClock().now()
    who = Principal(AT_THE_DESK, new_id(), Role.OPERATOR)
    return mint(keys, who, begun_at=now, now=now, limits=Limits.of(settings))
