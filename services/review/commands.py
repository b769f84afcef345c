"""`laurel ledger`: verify an exported record on any machine, without a running platform."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from services.kernel.command_line import CommandLine
from services.kernel.input_files import why_unreadable
from services.review.domain.reading import UnreadableError, read_record
from services.review.domain.supervision import Opening
from services.review.domain.verification import Placed, Report, verify

OK, NOT_WITNESSED, BROKEN, UNREADABLE, USAGE = 0, 1, 2, 3, 64

LEDGER = CommandLine(name="ledger", help="评审记录：核对导出的记录。The record of a review.")


@LEDGER.callback()
def ledger() -> None:
    """Keep `verify` a command of its own, beside those to come."""


VERIFY_HELP = """核对评审记录并重新计算结果。Verify a record and compute its result again.

退出码：0 相符且已见证；1 相符，但未见证或尚有未完事项；2 不符；3 无法读取；64 用法有误。
"""


@LEDGER.command("verify", help=VERIFY_HELP)
def verify_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="导出的评审记录（JSON Lines）。")],
    head: Annotated[list[str] | None, typer.Option(metavar="H", help="另处保存的记录首值，可给多个。")] = None,
    opening: Annotated[Path | None, typer.Option(metavar="FILE", help="监督公开件；给出时重新抽签核对。")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以JSON回答。")] = False,
) -> None:
    """Verify an exported record; exit as the help says."""
    heads = [_head(text) for text in head or ()]
    try:
        supervisor = Opening.model_validate_json(opening.read_bytes()) if opening else None
        report = verify(read_record(file.read_bytes().decode()), heads, supervisor)
    except OSError as trouble:
        _refuse(why_unreadable(Path(trouble.filename or file), trouble), as_json=as_json)
    except UnicodeDecodeError:
        _refuse("文件不是UTF-8文字，不是导出的评审记录。", as_json=as_json)
    except UnreadableError as unlike:
        _refuse(f"{unlike}。请选择导出的评审记录（JSON Lines）。", as_json=as_json)
    except ValidationError:
        _refuse("--opening 所给的文件不是监督公开件。", as_json=as_json)
    typer.echo(json.dumps(_told(report), ensure_ascii=False) if as_json else "\n".join(_sentences(report)))
    raise typer.Exit(exit_code(report))


def _refuse(message: str, *, as_json: bool) -> NoReturn:
    typer.echo(json.dumps({"refused": message}, ensure_ascii=False) if as_json else message, err=not as_json)
    raise typer.Exit(UNREADABLE)


def exit_code(report: Report) -> int:
    """Return 0, 1 or 2 as the command's help says."""
    if not report.verified:
        return BROKEN
    return OK if report.witnessed and not report.warnings else NOT_WITNESSED


def _head(text: str) -> str:
    plain = text.strip().lower()
    if len(plain) != 64 or not set(plain) <= set("0123456789abcdef"):  # noqa: PLR2004 - hexadecimal digits of a hash
        typer.echo(f"--head 应为64位十六进制数，写的是“{text.strip()[:80]}”。", err=True)
        raise typer.Exit(USAGE)
    return plain


def _told(report: Report) -> dict[str, Any]:
    rounds = [
        {"round": one.round, "published": one.published, "placed": [_placed(row) for row in one.placed]}
        for one in report.rounds
    ]
    return {
        "verified": report.verified,
        "witnessed": report.witnessed,
        "entries": report.entries,
        "head": report.head,
        "problems": report.problems,
        "warnings": report.warnings,
        "rounds": rounds,
    }


def _placed(row: Placed) -> dict[str, Any]:
    values = row._asdict()
    values["sum"] = values.pop("total")
    return values


def _sentences(report: Report) -> list[str]:
    rows = [
        f"第{row.rank}名 {row.total}分 《{row.title}》 {row.label}"
        for one in report.rounds
        for row in one.placed
        if row.outcome
    ]
    verdict = "核对不符" if not report.verified else "核对相符" if report.witnessed else "核对相符，未见证"
    return [*report.problems, *report.warnings, *rows, f"{verdict}：{report.entries}条，记录首值{report.head}"]
