"""The command `laurel`: what operators, districts, scripts and tests reach without a page.

Usage errors exit 64, so that 2 can mean “blocked”.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from services.campaigns.commands import app as campaign
from services.intake.commands import receipt_app as receipt
from services.kernel.command_line import USAGE, CommandLine, wrong_call, wrong_settings
from services.kernel.errors import LaurelError, Problem
from services.media.commands import app as media
from services.ops import commands as ops
from services.review.commands import LEDGER
from services.search import commands as search

if TYPE_CHECKING:
    from services.kernel.keys import Keys
    from services.kernel.ports import Database
    from services.kernel.service import Context
    from services.kernel.settings import Settings

app = CommandLine(name="laurel", help="桂冠：推荐活动平台。Nomination campaigns, from notice to result.")
app.add_typer(campaign, name="campaign")
app.add_typer(media, name="media")
app.add_typer(receipt, name="receipt")
app.add_typer(LEDGER, name="ledger")
ops.add_to(app)


@app.callback()
def laurel() -> None:
    """桂冠：推荐活动平台。Nomination campaigns, from notice to published result."""


@contextmanager
def _search_alone(settings: Settings, *, make: bool = False) -> Iterator[Context]:
    """Open search on a home where no platform runs; `make` one where there is none."""
    from services.runtime import alone  # noqa: PLC0415 - other commands start faster without
    from services.search.main import SEARCH  # noqa: PLC0415 - other commands start faster without

    with alone(settings, SEARCH, make=make) as context:
        yield context


@contextmanager
def _search_rows(settings: Settings) -> Iterator[tuple[Database, Keys]]:
    """Open the rows of search for reading, beside the platform that runs."""
    from services.runtime import reading  # noqa: PLC0415 - other commands start faster without
    from services.search.main import SEARCH  # noqa: PLC0415 - other commands start faster without

    with reading(settings, SEARCH) as rows:
        yield rows


def _address(home: Path) -> str | None:
    """Return where the platform that runs on this home is reached."""
    from services.runtime import running_address  # noqa: PLC0415 - other commands start faster without

    return running_address(home)


@app.command()
def up(
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="数据目录（默认 LAUREL_HOME 或 ./home）。")] = None,
    port: Annotated[int | None, typer.Option(metavar="N", help="端口，0 为任选空闲端口。")] = None,
    rehearsal: Annotated[bool, typer.Option(help="建立为试运行（只在第一次启动时有效，此后不变）。")] = False,
) -> None:
    """在本机一个进程中运行全部五个服务，不需要任何服务器。Run all five services in this process."""
    from services.intake.actions.invitations import first_organiser_code  # noqa: PLC0415 - needs the whole of intake
    from services.kernel.logs import configure  # noqa: PLC0415 - other commands log nothing
    from services.kernel.settings import Settings  # noqa: PLC0415 - read when it is needed
    from services.runtime import Platform, serve  # noqa: PLC0415 - other commands start faster without

    chosen: dict[str, Any] = {"home": home, "port": port, "rehearsal": rehearsal or None}
    settings = Settings(**{name: value for name, value in chosen.items() if value is not None})
    configure(settings.log_level)

    def ready(platform: Platform, address: str) -> None:
        typer.echo(f"桂冠已启动：{address}")
        code = first_organiser_code(platform.services["intake"].context)
        if code is not None:
            typer.echo(f"主办单位负责人开通码（只能用一次）：{code}")
        typer.echo("开始接收请求。")
        sys.stdout.flush()

    serve(settings, ready=ready)


search.add_to(app, search.Reach(alone=_search_alone, reading=_search_rows, address=_address))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit with the command's code, 64 for a wrong call."""
    try:
        code = app(arguments, prog_name="laurel", standalone_mode=False)
    except typer.TyperException as wrong:
        for line in wrong_call(wrong, sys.argv[1:] if arguments is None else arguments):
            typer.echo(line, err=True)
        code = USAGE
    except ValidationError as wrong:
        if wrong.title != "Settings":
            raise
        for line in wrong_settings(wrong):
            typer.echo(line, err=True)
        code = USAGE
    except typer.Abort:
        code = 130
    except Problem as problem:
        typer.echo(problem.message, err=True)
        code = 3
    except LaurelError as failure:
        typer.echo(str(failure), err=True)
        code = 3
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
