"""`laurel winners import|undo|check`: the register of earlier winners, offline or against the platform that runs.

Exit codes of check: 0 all clear, 1 some ask a person, 2 some are excluded. Of import and undo: 0 done, 1 done with rows
not taken, 2 not done. Of all: 3 the file is at fault, 64 usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from services.campaigns.files import read_campaign
from services.campaigns.loader import FaultyFileError
from services.campaigns.models.winners import LEVEL_WORDS, Level
from services.kernel.command_line import CommandLine
from services.kernel.errors import LaurelError, Problem
from services.kernel.input_files import printable, why_unreadable
from services.kernel.settings import Settings
from services.search.commands.desk import AT_THE_DESK, DEFAULT_HOME, Home, Json, Reach, ask
from services.search.domain import values
from services.search.domain.answers import Answer
from services.search.domain.entries import Subject
from services.search.tools.faults import FaultyFile
from services.search.tools.files import check_size

if TYPE_CHECKING:
    from services.kernel.keys import Keys
    from services.kernel.ports import Database
    from services.search.actions.bulk import RowAnswer
    from services.search.store.campaigns import CampaignRules
    from services.search.tools.register_rows import Defaults


class ExitCode(IntEnum):
    """What the exit code says."""

    CLEAR = 0
    ASK = 1
    EXCLUDE = 2
    FAULTY = 3
    USAGE = 64


_CODES = {Answer.CLEAR: ExitCode.CLEAR, Answer.ASK: ExitCode.ASK, Answer.EXCLUDE: ExitCode.EXCLUDE}
_WORDS = {
    Answer.CLEAR: "未发现往年获得记录",
    Answer.ASK: "疑似往年已获得，待核实",
    Answer.EXCLUDE: "往年已获得",
}
NOT_COMPARED = "未能比对，请人工核实"


File = Annotated[Path, typer.Argument(metavar="FILE", help="xlsx、csv或jsonl文件")]


def build(reach: Reach) -> CommandLine:
    """Return the commands."""
    app = CommandLine(help="往年名录：导入、撤销、核对。Earlier winners.")

    @app.command("import", help="导入往年名录：0 全部收录，1 有未收录的行，2 未导入，3 文件须修改，64 用法有误。Import a list.")
    def import_(  # noqa: PLR0917  # options of a command
        file: File,
        title: Annotated[
            str | None, typer.Option(metavar="T", help="称号，如 全国百姓学习之星；文件有“称号”列时以列为准")
        ] = None,
        level: Annotated[str | None, typer.Option(metavar="L", help="级别：全国、省级、市级、区级")] = None,
        year: Annotated[int | None, typer.Option(metavar="YEAR", help="年份；文件有“年份”列时以列为准")] = None,
        subject: Annotated[str | None, typer.Option(metavar="S", help="对象：个人、项目、作品、单位")] = None,
        preview: Annotated[bool, typer.Option("--preview", help="只预览，不导入")] = False,
        home: Home = DEFAULT_HOME,
        as_json: Json = False,
    ) -> None:
        """Read a list into the register."""
        from services.search.tools.register_rows import Defaults  # noqa: PLC0415 - other commands start faster without

        defaults = Defaults(title, _level(level), year, _subject(subject))
        with _told(as_json=as_json):
            data = _read(file)
            report = _import(reach, Settings(home=home), data, file.name, defaults, preview=preview)
        _tell_import(report, as_json=as_json)
        raise typer.Exit(ExitCode.ASK if report["report"]["not_taken"] else ExitCode.CLEAR)

    @app.command(help="撤销一次导入的全部记录：0 已撤销，2 没有这次导入或已撤销过。Undo an import.")
    def undo(
        import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="导入编号")],
        home: Home = DEFAULT_HOME,
        as_json: Json = False,
    ) -> None:
        """Take an import out of the register again."""
        with _told(as_json=as_json):
            removed = _undo(reach, Settings(home=home), import_id)
        told = {"import": import_id, "removed": removed}
        typer.echo(json.dumps(told) if as_json else f"已撤销导入{import_id}，移出{removed:,}条记录。")

    @app.command(help="逐行核对名单：0 均未发现，1 有待核实，2 有往年已获得，3 文件须修改，64 用法有误。Check a list.")
    def check(
        file: File,
        campaign: Annotated[str, typer.Option("--campaign", metavar="C", help="活动编号、活动文件（YAML）或其导出文件")],
        home: Home = DEFAULT_HOME,
        as_json: Json = False,
    ) -> None:
        """Answer for each row of a list."""
        from services.search.actions import bulk  # noqa: PLC0415 - other commands start faster without

        with _told(as_json=as_json), _rows(reach, Settings(home=home)) as (database, keys):
            data = _read(file)
            rules = _campaign(campaign, database)
            answers = database.look(lambda connection: list(bulk.check_list(connection, data, rules, keys)))
        _tell_answers(answers, as_json=as_json)
        raise typer.Exit(max((_CODES[each.answer] for each in answers), default=ExitCode.CLEAR))

    return app


# What is read


def _read(file: Path) -> bytes:
    try:
        check_size(file.stat().st_size)
        return file.read_bytes()
    except OSError as trouble:
        raise FaultyFile(why_unreadable(file, trouble), "The file cannot be read.") from trouble


def _level(text: str | None) -> Level | None:
    found = values.level(text) if text else None
    if text and found is None:
        _refuse(f"级别“{text}”不明，应为{'、'.join(LEVEL_WORDS.values())}。")
    return found


def _subject(text: str | None) -> Subject | None:
    found = values.subject(text) if text else None
    if text and found is None:
        _refuse(f"对象“{text}”不明，应为个人、项目、作品、单位。")
    return found


def _campaign(name: str, database: Database) -> CampaignRules:
    """Return the rules of a campaign in force by its id, else of a file."""
    from services.search.actions.register import rules_of  # noqa: PLC0415 - other commands start faster without
    from services.search.store import campaigns  # noqa: PLC0415 - other commands start faster without

    known = database.look(lambda connection: campaigns.get(connection, name))
    if known is not None:
        return known
    try:
        return rules_of(read_campaign(Path(name)), 0)
    except FaultyFileError as faulty:
        raise FaultyFile(f"活动文件须修改：{faulty}", "The campaign file is at fault.") from faulty
    except OSError as trouble:
        why = why_unreadable(Path(name), trouble)
        raise FaultyFile(f"没有编号为“{printable(name)}”的活动。{why}", "No such campaign, and no such file.") from trouble


# What is done: alone, or by the platform that runs


@contextmanager
def _rows(reach: Reach, settings: Settings) -> Iterator[tuple[Database, Keys]]:
    if reach.address(settings.home):
        with reach.reading(settings) as beside:
            yield beside
    else:
        with reach.alone(settings) as context:
            yield context.database, context.keys


def _import(reach: Reach, settings: Settings, data: bytes, name: str, defaults: Defaults, *, preview: bool) -> dict[str, Any]:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without
    from services.search.tools.lists import read_list, report_json  # noqa: PLC0415 - other commands start faster without

    if address := reach.address(settings.home):
        stated = {"title": defaults.honour, "level": defaults.level, "year": defaults.year, "subject": defaults.subject}
        query = {key: value for key, value in stated.items() if value is not None}
        return ask(settings, "POST", f"{address}/winners/imports", query | {"name": name, "preview": preview}, data)
    with reach.alone(settings) as context:
        latest = context.database.call(lambda transaction: imports.latest_year(transaction.campaign_time()))
        read = read_list(data, name, defaults, context.keys, latest)
        made = None
        if not preview:
            made = context.database.call(lambda transaction: imports.keep(transaction, read, defaults, by=AT_THE_DESK))
    return {"import": made and made.id, "file": name, "report": report_json(read.report)}


def _undo(reach: Reach, settings: Settings, import_id: str) -> int:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without

    if address := reach.address(settings.home):
        return int(ask(settings, "POST", f"{address}/winners/imports/{import_id}/undo")["removed"])
    with reach.alone(settings) as context:
        return context.database.call(lambda transaction: imports.undo(transaction, import_id, by=AT_THE_DESK))


# What is told


@contextmanager
def _told(*, as_json: bool) -> Iterator[None]:
    """Tell what could not be done, and exit accordingly."""
    try:
        yield
    except LaurelError as reason:
        message = reason.message if isinstance(reason, Problem) else str(reason)
        if as_json:
            extra = reason.extra if isinstance(reason, Problem) else {}
            typer.echo(json.dumps({"refused": message, **extra}, ensure_ascii=False))
        else:
            typer.echo(message, err=True)
        raise typer.Exit(ExitCode.FAULTY if isinstance(reason, FaultyFile) else ExitCode.EXCLUDE) from None


def _tell_import(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    report = told["report"]
    for line in _columns(report["sheets"]):
        typer.echo(line)
    for row in (*report["not_taken"], *report["set_aside"]):
        typer.echo(f"{_place(row)}：{row['reason']}")
    typer.echo(report["sentence"] + (f"导入编号{told['import']}。" if told["import"] else "以上为预览，未导入。"))


def _columns(sheets: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for sheet in sheets:
        name = f"工作表“{sheet['sheet']}”" if sheet["sheet"] else "文件"
        if sheet["head_line"] is None:
            yield f"{name}没有可识别的表头，未读取。"
            continue
        unread = f"；未采用：{'、'.join(sheet['unread'])}" if sheet["unread"] else ""
        yield f"{name}采用的列：{'、'.join(sheet['columns'])}{unread}"


def _place(row: Mapping[str, Any]) -> str:
    sheet = f"工作表“{row['sheet']}”" if row["sheet"] else ""
    return f"{sheet}第{row['line']}行"


def _tell_answers(answers: Iterable[RowAnswer], *, as_json: bool) -> None:
    for each in answers:
        if as_json:
            typer.echo(json.dumps(each.document(), ensure_ascii=False))
        else:
            compared = each.matches or each.answer is Answer.CLEAR
            typer.echo(f"第{each.row}条：{_WORDS[each.answer] if compared else NOT_COMPARED}")
            for reason in (reason for match in each.matches for reason in match.reasons):
                typer.echo(f"  · {reason}")
        for remark in each.remarks:
            typer.echo(f"第{each.row}条：{remark}", err=True)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(ExitCode.USAGE)
