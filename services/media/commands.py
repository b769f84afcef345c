"""`laurel media`: judge files on a laptop exactly as the platform judges them."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.campaigns.files import read_campaign
from services.campaigns.findings import Finding, Severity, Verdict, verdict
from services.campaigns.loader import FaultyFileError
from services.campaigns.models import Campaign
from services.campaigns.normal import campaign_hash
from services.campaigns.slots import Slot
from services.kernel.command_line import CommandLine
from services.kernel.input_files import check_input, why_unreadable
from services.kernel.text import escaped

if TYPE_CHECKING:
    from rich.console import Console

app = CommandLine(help="核验视频和照片。Check films and photos.")

_PROGRAMS = {"ffmpeg", "ffprobe"}
_SEVERITY_WORDS = {Severity.BLOCK: "须修改", Severity.WARN: "请注意", Severity.ASK: "待人工核实"}


class ExitCode(IntEnum):
    """What the command answers to a script: the worst of all files."""

    CLEAN = 0
    NOTED = 1
    BLOCKED = 2
    UNJUDGED = 3
    USAGE = 64


_CODES = {
    Verdict.CLEAN: ExitCode.CLEAN,
    Verdict.WARN: ExitCode.NOTED,
    Verdict.ASK: ExitCode.NOTED,
    Verdict.BLOCK: ExitCode.BLOCKED,
    Verdict.UNJUDGED: ExitCode.UNJUDGED,
}


@app.callback(help="核验视频和照片。Check films and photos.")
def media() -> None:
    """Group the commands of media."""


@app.command(
    help="按活动的规则核验文件：0 通过，1 有请注意或待人工核实，2 须修改，3 无法核验或无法读取，64 用法有误。Judge files."
)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="视频或照片文件")],
    campaign: Annotated[
        str, typer.Option("--campaign", metavar="C", help="活动文件（YAML）、其导出文件，或campaigns目录中的活动id")
    ],
    slot: Annotated[str, typer.Option("--slot", metavar="S", help="材料名，如 video")],
    as_json: Annotated[bool, typer.Option("--json", help="每个文件一行JSON")] = False,
) -> None:
    """Judge each file, print what was found, and exit with the worst."""
    rules = _campaign(campaign, as_json=as_json)
    place = _slot(rules, slot)
    told_hash = campaign_hash(rules)
    codes = [_check_one(file, place, told_hash, as_json=as_json) for file in files]
    raise typer.Exit(max(codes))


def _campaign(name: str, *, as_json: bool) -> Campaign:
    try:
        return read_campaign(_campaign_file(name))
    except FaultyFileError as faulty:
        _complain(str(faulty))
        raise typer.Exit(ExitCode.UNJUDGED) from faulty
    except OSError as missing:
        why = why_unreadable(Path(name), missing)
        _tell_json({"refused": why}) if as_json else _complain(why)
        raise typer.Exit(ExitCode.UNJUDGED) from missing


def _campaign_file(name: str) -> Path:
    """Return the file that is meant: a path, or the id of a campaign in the folder `campaigns`."""
    path, by_id = Path(name), Path("campaigns") / f"{name}.yaml"
    return by_id if not path.exists() and by_id.parent == Path("campaigns") and by_id.is_file() else path


def _slot(campaign: Campaign, slot_id: str) -> Slot:
    slot = campaign.slot(slot_id)
    if slot is None:
        known = "、".join(dict.fromkeys(slot.id for track in campaign.tracks for slot in track.slots))
        _complain(f"活动没有材料“{escaped(slot_id)}”，可选：{known}")
        raise typer.Exit(ExitCode.USAGE)
    return slot


def _check_one(file: Path, slot: Slot, told_hash: str, *, as_json: bool) -> ExitCode:
    from services.media.domain.judging import judge, summary  # noqa: PLC0415 loads the rules' checks only where files are judged
    from services.media.domain.remedies import remedy  # noqa: PLC0415 as above
    from services.media.tools.check import measure  # noqa: PLC0415 ffmpeg-python and numpy's like stay out of an idle platform

    try:
        check_input(file)
    except OSError as trouble:
        return _refused(file, told_hash, why_unreadable(file, trouble), as_json=as_json)
    try:
        with _progress(file, quiet=as_json) as on_share:
            measured = measure(file, slot, on_share)
    except OSError as trouble:
        return _refused(file, told_hash, _trouble(file, trouble), as_json=as_json)
    findings = judge(measured, slot)
    found = verdict(findings)
    report = [summary(measured, slot, findings), remedy(findings, measured, slot).message]
    if as_json:
        _print_json(file, told_hash, found, findings)
    else:
        _print_report(file, report, findings)
    return _CODES[found]


def _refused(file: Path, told_hash: str, sentence: str, *, as_json: bool) -> ExitCode:
    """Say why nothing was judged: there is no finding, because nothing of the file is known."""
    if as_json:
        _print_json(file, told_hash, Verdict.UNJUDGED, (), refused=sentence)
    else:
        _complain(sentence)
    return ExitCode.UNJUDGED


def _trouble(file: Path, trouble: OSError) -> str:
    """Return the machine's trouble, of which the file knows nothing."""
    name = escaped(str(file))
    if trouble.errno == errno.ENOSPC:
        return f"无法核验 {name}：临时空间已满。请腾出空间后再试。"
    if trouble.filename in _PROGRAMS:
        return f"无法核验 {name}：本机没有找到{trouble.filename}。请安装ffmpeg后再试。"
    return why_unreadable(file, trouble)


def _print_json(
    file: Path, told_hash: str, found: Verdict, findings: tuple[Finding, ...], *, refused: str | None = None
) -> None:
    """Write one line. A name that is no UTF-8 keeps its bytes as JSON escapes."""
    line = {
        "file": str(file),
        "campaign_hash": told_hash,
        "verdict": found.value,
        "findings": [finding.model_dump(mode="json") for finding in findings],
        **({"refused": refused} if refused else {}),
    }
    _tell_json(line)


def _tell_json(line: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()


def _print_report(file: Path, report: list[str], findings: tuple[Finding, ...]) -> None:
    from rich.text import Text  # noqa: PLC0415 only people need it

    console = _console()
    console.print(Text(escaped(str(file)), style="bold"))
    for finding in sorted(findings, key=lambda found: list(_SEVERITY_WORDS).index(found.severity)):
        console.print(Text(f"  {_SEVERITY_WORDS[finding.severity]}  {finding.message}"))
    for line in filter(None, report):
        console.print(Text(f"  {line}"))


@contextmanager
def _progress(file: Path, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr while a file is measured, only to a person at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import Progress  # noqa: PLC0415 only people need it

    with Progress(console=_console(stderr=True), transient=True) as bar:
        task = bar.add_task(escaped(file.name), total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console  # noqa: PLC0415 only people need it

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def _complain(words: str) -> None:
    typer.echo(words, err=True)
