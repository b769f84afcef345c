"""`laurel doctor`, `laurel deadletters …`, `laurel events tail`: what an operator does, beside a running platform or without.

Exit codes: doctor 0 fine, 1 please note, 2 broken; the others 0 done, 3 not done, 64 usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.kernel.command_line import CommandLine
from services.kernel.errors import NotFound
from services.kernel.logs import configure
from services.kernel.settings import Settings
from services.ops.checks import Check, Status
from services.ops.labels import SERVICES

if TYPE_CHECKING:
    from services.ops.desk import Desk
    from services.ops.doctor import Examination

DEADLETTERS = CommandLine(help="不能处理的事件：列出、查看、重试、放弃。Dead letters.")
EVENTS = CommandLine(help="事件日志。The log of events.")

Home = Annotated[Path | None, typer.Option("--home", metavar="DIR", help="数据目录（默认 LAUREL_HOME 或 ./home）")]
Json = Annotated[bool, typer.Option("--json", help="以JSON输出")]
Consumer = Annotated[str | None, typer.Option("--consumer", metavar="C", help="只看这个消费者（服务名）")]
Personal = Annotated[bool, typer.Option("--personal", help="连同个人信息部分（查看会记入日志）")]

_CODES = {Status.OK: 0, Status.WARN: 1, Status.BROKEN: 2}
_WORDS = {Status.OK: "正常  ", Status.WARN: "请注意", Status.BROKEN: "须处理"}
_STATES = {"dead": "不能处理", "waiting": "等待中"}  # by `deadletters.State`


def add_to(app: CommandLine) -> None:
    """Add these commands to the command line."""
    app.command(help="检查数据目录：引擎、密钥、磁盘、时钟和各服务的状态。0 正常，1 请注意，2 须处理。Look a home over.")(
        doctor
    )
    app.add_typer(DEADLETTERS, name="deadletters")
    app.add_typer(EVENTS, name="events")


def doctor(home: Home = None, as_json: Json = False) -> None:
    """Look a home over, whether or not a platform runs on it."""
    from services.ops.doctor import examine  # noqa: PLC0415 - other commands start faster without

    found = examine(_settings(home))
    if as_json:
        _tell_json(_examined(found))
    else:
        _tell([f"桂冠 {found.version}，数据目录 {found.home}"])
        _tell(_checked(found.checks))
    raise typer.Exit(_CODES[found.status])


def _checked(checks: Sequence[Check]) -> Iterator[str]:
    """Say what needs somebody first, then in one line for each service what is fine."""
    for status in (Status.BROKEN, Status.WARN):
        yield from (f"{_WORDS[status]}  {SERVICES[one.service]}  {one.message}" for one in checks if one.status is status)
    for service in dict.fromkeys(one.service for one in checks):
        fine = [one.message for one in checks if one.status is Status.OK and one.service == service]
        yield f"{_WORDS[Status.OK]}  {SERVICES[service]}  {''.join(fine)}"


def _examined(found: Examination) -> dict[str, Any]:
    return {"status": found.status, **asdict(found)}


@DEADLETTERS.command("list", help="列出不能处理的事件；--waiting 连同等待中的。0 已列出，3 没有办成，64 用法有误。List them.")
def list_letters(
    home: Home = None,
    consumer: Consumer = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="连同等待中的事件")] = False,
    as_json: Json = False,
) -> None:
    """List the dead letters of every consumer, or of one."""
    from services.kernel.deadletters import State  # noqa: PLC0415 - as above
    from services.ops.desk import open_desk, services  # noqa: PLC0415 - as above

    with open_desk(_settings(home)) as desk:
        wanted = None if waiting else State.DEAD
        found = [letter for one in services(consumer) for letter in desk.letters(one.name, wanted)]
    if as_json:
        _tell_json({"letters": found})
    else:
        _tell(_line(letter) for letter in found)
        _tell([] if found else ["没有不能处理的事件。"])


def _line(letter: dict[str, Any]) -> str:
    behind = f"，其后有{letter['behind']}条排队" if letter["behind"] else ""
    told = f"{letter['event_id']}  {letter['consumer']}  {_STATES[letter['state']]}  {letter['type']}  {letter['key']}"
    return f"{told}\n    {letter['reason']}（已试{letter['attempts']}次{behind}）"


@DEADLETTERS.command(help="查看一条事件和它不能处理的原因。0 已显示，3 没有这条事件，64 用法有误。Show one.")
def show(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID")],
    home: Home = None,
    consumer: Consumer = None,
    personal: Personal = False,
    as_json: Json = False,
) -> None:
    """Show one deferred event."""
    from services.ops.desk import open_desk  # noqa: PLC0415 - as above

    with open_desk(_settings(home)) as desk:
        service = _service_of(desk, event_id, consumer)
        found = desk.letter(service, event_id, personal=personal)
    if as_json:
        _tell_json(found)
    else:
        _tell([_line(found["letter"]), json.dumps(found["event"], ensure_ascii=False, indent=2)])


@DEADLETTERS.command(help="让事件立即重试；--all 重试全部不能处理的事件。0 已安排，3 没有办成，64 用法有误。Try again.")
def retry(
    event_ids: Annotated[list[str] | None, typer.Argument(metavar="EVENT_ID...")] = None,
    every: Annotated[bool, typer.Option("--all", help="全部不能处理的事件")] = False,
    home: Home = None,
    consumer: Consumer = None,
    as_json: Json = False,
) -> None:
    """Try events again now."""
    from services.ops.desk import open_desk  # noqa: PLC0415 - as above

    if bool(event_ids) == every:
        raise typer.BadParameter("请写出事件编号，或用 --all，二者选一。")
    with open_desk(_settings(home)) as desk:
        chosen = _all_dead(desk, consumer) if every else [(_service_of(desk, one, consumer), one) for one in event_ids or ()]
        done = [desk.retry(service, event_id) for service, event_id in chosen]
    _tell_done(done, "已安排重试", as_json=as_json)


@DEADLETTERS.command(
    help="放弃一条事件，须写明原因；同一对象其后的事件继续处理。0 已放弃，3 没有办成，64 用法有误。Give one up."
)
def drop(
    event_id: Annotated[str, typer.Argument(metavar="EVENT_ID")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="原因，记入日志")],
    home: Home = None,
    consumer: Consumer = None,
    as_json: Json = False,
) -> None:
    """Give an event up."""
    from services.ops.desk import open_desk  # noqa: PLC0415 - as above

    if not reason.strip():
        raise typer.BadParameter("请写明原因。", param_hint="--reason")
    with open_desk(_settings(home)) as desk:
        done = [desk.drop(_service_of(desk, event_id, consumer), event_id, reason)]
    _tell_done(done, "已放弃", as_json=as_json)


def _all_dead(desk: Desk, consumer: str | None) -> list[tuple[str, str]]:
    from services.kernel.deadletters import State  # noqa: PLC0415 - as above
    from services.ops.desk import services  # noqa: PLC0415 - as above

    return [(one.name, letter["event_id"]) for one in services(consumer) for letter in desk.letters(one.name, State.DEAD)]


def _service_of(desk: Desk, event_id: str, consumer: str | None) -> str:
    """Return the service whose consumer holds this event. Raises `NotFound`."""
    from services.ops.desk import services  # noqa: PLC0415 - as above

    holding = []
    for one in services(consumer):
        try:
            desk.letter(one.name, event_id, personal=False)
        except NotFound:
            continue
        holding.append(one)
    if len(holding) > 1:
        named = "、".join(one.handlers.consumer for one in holding)
        raise typer.BadParameter(f"{named}都有这条事件，请用 --consumer 指明。")
    if not holding:
        raise NotFound(f"没有编号为{event_id}的待处理事件，可能已经办理。", "No such deferred event.")
    return holding[0].name


@EVENTS.command(
    help="显示最近的事件（CloudEvents），--follow 随到随显。0 已显示，3 没有办成，64 用法有误，130 中断。Show events."
)
def tail(
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="继续等待新的事件")] = False,
    topic: Annotated[list[str] | None, typer.Option("--topic", metavar="T", help="只看这个主题，可写多次")] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", metavar="T", help="只看这个类型，可写多次")] = None,
    after: Annotated[str | None, typer.Option("--after", metavar="ID|TIME", help="从这条事件或这个时间之后开始")] = None,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=0, max=1000, help="没有 --after 时显示最近多少条")
    ] = 20,
    personal: Personal = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Show the events of all services in order of time; personal parts stay out unless asked for."""
    from services.kernel.feed import Asked  # noqa: PLC0415 - as above
    from services.ops.desk import open_desk, services  # noqa: PLC0415 - as above
    from services.ops.tail import Tail, Unclear, topics_named, types_named  # noqa: PLC0415 - as above

    try:
        asked = Asked(0, topics_named(topic or ()), types_named(type_ or ()), personal)
    except Unclear as wrong:
        raise typer.BadParameter(str(wrong)) from None
    with open_desk(_settings(home)) as desk:
        reader = Tail(desk, [one.name for one in services(None)], asked)
        if after is None:
            _tell_events(reader.last(lines), as_json=as_json)
        else:
            reader.begin_after(after)
            _tell_events(reader.written(), as_json=as_json)
        if follow:
            _tell_events(reader.follow(), as_json=as_json)


def _tell_events(events: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    from services.ops.tail import line  # noqa: PLC0415 - as above

    for event in events:
        typer.echo(json.dumps(event, ensure_ascii=False) if as_json else line(event))


def _settings(home: Path | None) -> Settings:
    settings = Settings() if home is None else Settings(home=home)
    configure(settings.log_level)
    return settings


def _tell_done(done: Sequence[dict[str, Any]], words: str, *, as_json: bool) -> None:
    if as_json:
        _tell_json({"letters": done})
    else:
        _tell(f"{words}：{letter['event_id']}  {letter['consumer']}  {letter['type']}  {letter['key']}" for letter in done)
        _tell([] if done else ["没有不能处理的事件。"])


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _tell_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False))
