"""`laurel winners import|undo|check`: the register of earlier winners, offline or against the platform that runs.

Exit codes of check: 0 all clear, 1 some ask a person, 2 some are excluded. Of import and undo: 0 done, 1 done with rows
not taken, 2 not done. Of all: 3 a file is at fault or cannot be read, or the home holds no data, 64 usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from services.campaigns.files import read_campaign
from services.campaigns.loader import FaultyFileError
from services.campaigns.models.winners import LEVEL_WORDS, Level
from services.kernel.command_line import CommandLine
from services.kernel.errors import LaurelError, NoData, Problem
from services.kernel.input_files import why_unreadable
from services.kernel.settings import Settings
from services.kernel.text import escaped
from services.search.commands.desk import AT_THE_DESK, DEFAULT_HOME, Home, Json, Reach, ask
from services.search.domain import values
from services.search.domain.answers import Answer
from services.search.domain.entries import Subject
from services.search.domain.tables import place
from services.search.tools.faults import FaultyFile
from services.search.tools.files import check_size

if TYPE_CHECKING:
    from services.kernel.keys import Keys
    from services.kernel.ports import Database, Transaction
    from services.kernel.service import Context
    from services.search.actions.bulk import RowAnswer
    from services.search.actions.imports import Already
    from services.search.store.campaigns import CampaignRules
    from services.search.store.imports import Import
    from services.search.tools.lists import ListRead
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


IMPORT_HELP = """导入往年名录。Import a list.

0 全部收录，1 有未收录的行，2 未导入（如文件或记录已导入过，确需再次收录时加 --again），3 文件须修改或无法读取，64 用法有误。
预览的退出码与导入时相同。
"""
CHECK_HELP = """逐行核对名单，按文件中的行号回答。Check a list.

0 均未发现，1 有待核实，2 有往年已获得，3 文件须修改或无法读取，或没有平台数据，64 用法有误。
"""


def build(reach: Reach) -> CommandLine:
    """Return the commands."""
    app = CommandLine(help="往年名录：导入、撤销、核对。Earlier winners.")

    @app.command(
        "import",
        help=IMPORT_HELP,
    )
    def import_(  # noqa: PLR0917  # options of a command
        file: File,
        title: Annotated[
            str | None, typer.Option(metavar="T", help="称号，如 全国百姓学习之星；文件有“称号”列时以列为准")
        ] = None,
        level: Annotated[str | None, typer.Option(metavar="L", help="级别：全国、省级、市级、区级")] = None,
        year: Annotated[int | None, typer.Option(metavar="YEAR", help="年份；文件有“年份”列时以列为准")] = None,
        subject: Annotated[str | None, typer.Option(metavar="S", help="对象：个人、项目、作品、单位")] = None,
        preview: Annotated[bool, typer.Option("--preview", help="只预览，不导入")] = False,
        again: Annotated[bool, typer.Option("--again", help="文件或记录已导入过的，仍再次收录")] = False,
        home: Home = DEFAULT_HOME,
        as_json: Json = False,
    ) -> None:
        """Read a list into the register."""
        from services.search.tools.register_rows import Defaults  # noqa: PLC0415 - other commands start faster without

        defaults = Defaults(title, _level(level), year, _subject(subject))
        with _told(as_json=as_json):
            data = _read(file)
            report = _import(reach, Settings(home=home), Given(data, file.name, defaults, preview=preview, again=again))
        _tell_import(report, as_json=as_json)
        if report.get("already") and not again:
            raise typer.Exit(ExitCode.EXCLUDE)
        raise typer.Exit(ExitCode.ASK if report["report"]["not_taken"] else ExitCode.CLEAR)

    @app.command(help="撤销一次导入的全部记录：0 已撤销，2 没有这次导入或已撤销过，3 没有平台数据，64 用法有误。Undo it.")
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

    @app.command(help=CHECK_HELP)
    def check(
        file: File,
        campaign: Annotated[str, typer.Option("--campaign", metavar="C", help="活动编号、活动文件（YAML）或其导出文件")],
        home: Home = DEFAULT_HOME,
        as_json: Json = False,
    ) -> None:
        """Answer for each row of a list."""
        from services.search.actions import bulk  # noqa: PLC0415 - other commands start faster without

        data = b""
        with _told(as_json=as_json, not_done=ExitCode.FAULTY):
            data = _read(file)
        with _told(as_json=as_json, not_done=ExitCode.FAULTY), _rows(reach, Settings(home=home)) as (database, keys):
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
        raise FaultyFile(f"没有编号为“{escaped(name)}”的活动。{why}", "No such campaign, and no such file.") from trouble


# What is done: alone, or by the platform that runs


@contextmanager
def _rows(reach: Reach, settings: Settings) -> Iterator[tuple[Database, Keys]]:
    if reach.address(settings.home):
        with reach.reading(settings) as beside:
            yield beside
    else:
        with reach.alone(settings) as context:
            yield context.database, context.keys


@dataclass(frozen=True)
class Given:
    """A list to import, and how."""

    data: bytes
    name: str
    defaults: Defaults
    preview: bool
    again: bool


def _import(reach: Reach, settings: Settings, given: Given) -> dict[str, Any]:
    if address := reach.address(settings.home):
        return ask(settings, "POST", f"{address}/winners/imports", _query(given), given.data)
    if given.preview:
        with _home_or_none(settings) as looked_at, reach.alone(looked_at, make=looked_at is not settings) as context:
            return _previewed(context, given)
    if not settings.has_data:
        typer.echo(f"新建数据目录 {settings.home}。", err=True)
    with reach.alone(settings, make=True) as context:
        return _imported(context, given)


def _query(given: Given) -> dict[str, Any]:
    stated, defaults = {"name": given.name, "preview": given.preview, "again": given.again}, given.defaults
    said = {"title": defaults.honour, "level": defaults.level, "year": defaults.year, "subject": defaults.subject}
    return stated | {key: value for key, value in said.items() if value is not None}


@contextmanager
def _home_or_none(settings: Settings) -> Iterator[Settings]:
    """Yield the settings, or where there is no home yet those of one that is gone afterwards: a preview leaves nothing."""
    if settings.has_data:
        yield settings
        return
    with TemporaryDirectory() as folder:
        yield Settings(home=Path(folder))


def _read_list(context: Context, given: Given) -> tuple[ListRead, list[Already]]:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without
    from services.search.tools.lists import read_list  # noqa: PLC0415 - other commands start faster without

    latest = context.database.call(lambda transaction: imports.latest_year(transaction.campaign_time()))
    read = read_list(given.data, given.name, given.defaults, context.keys, latest)
    return read, context.database.look(lambda connection: imports.already(connection, read))


def _previewed(context: Context, given: Given) -> dict[str, Any]:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without

    read, found = _read_list(context, given)
    already = [each.document() for each in found]
    return _told_of(None, given, read) | {"already": already, "remark": imports.remark(found)}


def _imported(context: Context, given: Given) -> dict[str, Any]:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without

    read, found = _read_list(context, given)
    if not given.again:
        imports.refuse_again(found)

    def keep(transaction: Transaction) -> Import:
        return imports.keep(transaction, read, given.defaults, by=AT_THE_DESK, again=given.again)

    return _told_of(context.database.call(keep).id, given, read)


def _told_of(import_id: str | None, given: Given, read: ListRead) -> dict[str, Any]:
    from services.search.tools.lists import report_json  # noqa: PLC0415 - other commands start faster without

    return {"import": import_id, "file": given.name, "report": report_json(read.report)}


def _undo(reach: Reach, settings: Settings, import_id: str) -> int:
    from services.search.actions import imports  # noqa: PLC0415 - other commands start faster without

    if address := reach.address(settings.home):
        return int(ask(settings, "POST", f"{address}/winners/imports/{import_id}/undo")["removed"])
    with reach.alone(settings) as context:
        return context.database.call(lambda transaction: imports.undo(transaction, import_id, by=AT_THE_DESK))


# What is told


@contextmanager
def _told(*, as_json: bool, not_done: ExitCode = ExitCode.EXCLUDE) -> Iterator[None]:
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
        raise typer.Exit(ExitCode.FAULTY if isinstance(reason, FaultyFile | NoData) else not_done) from None


def _tell_import(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    report = told["report"]
    for line in _columns(report["sheets"]):
        typer.echo(line)
    for row in (*report["not_taken"], *report["set_aside"]):
        typer.echo(f"{place(row['sheet'], row['line'])}：{row['reason']}")
    typer.echo(report["sentence"] + (f"导入编号{told['import']}。" if told["import"] else "以上为预览，未导入。"))
    if told.get("remark"):
        typer.echo(told["remark"])


def _columns(sheets: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for sheet in sheets:
        name = f"工作表“{sheet['sheet']}”" if sheet["sheet"] else "文件"
        if sheet["head_line"] is None:
            yield f"{name}没有可识别的表头，未读取。"
            continue
        unread = f"；未采用：{'、'.join(sheet['unread'])}" if sheet["unread"] else ""
        yield f"{name}采用的列：{'、'.join(sheet['columns'])}{unread}"


def _tell_answers(answers: Iterable[RowAnswer], *, as_json: bool) -> None:
    for each in answers:
        if as_json:
            typer.echo(json.dumps(each.document(), ensure_ascii=False))
        else:
            compared = each.matches or each.answer is Answer.CLEAR
            typer.echo(f"{each.place}：{_WORDS[each.answer] if compared else NOT_COMPARED}")
            for reason in (reason for match in each.matches for reason in match.reasons):
                typer.echo(f"  · {reason}")
        for remark in each.remarks:
            typer.echo(f"{each.place}：{remark}", err=True)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(ExitCode.USAGE)
