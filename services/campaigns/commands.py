"""`laurel campaign validate|explain|judge|export`: what the platform would say of a file, offline.

Exit codes: 0 clean, 1 warnings or questions, 2 blocked, 3 a file is faulty or cannot be read, 64 usage.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from services.campaigns.calendars import china
from services.campaigns.evaluation.publication import publication_findings, publication_hold
from services.campaigns.evaluation.works import judge_work
from services.campaigns.example import WORK_SHAPE, example_work
from services.campaigns.explanation import explain
from services.campaigns.files import read_campaign, read_units, read_work
from services.campaigns.findings import Finding, Severity, Verdict, verdict
from services.campaigns.loader import FaultyFileError
from services.campaigns.models import Campaign, Units
from services.campaigns.normal import campaign_hash, canonical_json
from services.campaigns.workfile import WorkFile
from services.kernel.command_line import CommandLine
from services.kernel.errors import Problem
from services.kernel.input_files import why_unreadable
from services.kernel.text import escaped

app = CommandLine(help="活动文件：检查、说明、试判、导出。Campaign files.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="活动文件（YAML）或其导出文件")]
Json = Annotated[bool, typer.Option("--json", help="以JSON输出")]
Readings = Annotated[list[str] | None, typer.Option("--reading", metavar="ID=OPTION", help="选定一处读法，可写多次")]

_HEADINGS = {Severity.BLOCK: "须修改", Severity.WARN: "请注意", Severity.ASK: "待确认"}


class ExitCode(IntEnum):
    """What the exit code says."""

    CLEAN = 0
    NOTES = 1
    BLOCKED = 2
    FAULTY = 3
    USAGE = 64


_CODES = {Verdict.CLEAN: ExitCode.CLEAN, Verdict.BLOCK: ExitCode.BLOCKED}


@app.command(help="检查活动文件：0 无事项，1 有请注意或待确认的读法，3 文件须修改或无法读取，64 用法有误。Validate a file.")
def validate(
    file: File,
    units: Annotated[Path | None, typer.Option("--units", metavar="F", help="单位文件")] = None,
    as_json: Json = False,
) -> None:
    """Name every fault of the file, or else all that the organiser is to know before publication."""
    campaign = _campaign(file, {}, as_json=as_json)
    listed = None if units is None else _units(units, campaign, as_json=as_json)
    findings = publication_findings(campaign, china)
    code = _CODES.get(verdict(findings), ExitCode.NOTES)
    hold = publication_hold(campaign, ())
    told = {"campaign_hash": campaign_hash(campaign), "verdict": verdict(findings), "findings": findings, "hold": hold}
    if as_json:
        _tell_json({"file": _shown(file), "units": listed and len(listed.units), **told})
    else:
        _tell([*_readable(campaign, listed), *_grouped(findings), *([hold] if hold else [])])
    raise typer.Exit(code)


@app.command(
    name="explain",
    help="用中文读回活动的全部规则、条款和读法：0 已读回，3 文件须修改或无法读取，64 用法有误。Read a campaign back.",
)
def explain_command(file: File, reading: Readings = None, as_json: Json = False) -> None:
    """Read the whole campaign back in Chinese, every statement with its clause."""
    campaign = _campaign(file, _choices(reading), as_json=as_json)
    sections = explain(campaign)
    if as_json:
        _tell_json({"file": _shown(file), "campaign_hash": campaign_hash(campaign), "sections": sections})
    else:
        _tell("\n\n".join(str(section) for section in sections).splitlines())


JUDGE_HELP = f"""按活动的规则试判作品的填报内容。Judge what is said of works.

0 通过，1 有请注意或待人工核实，2 须修改，3 文件须修改或无法读取，64 用法有误。

WORK.json 是一件作品的填报内容，如 {WORK_SHAPE}。unit_type、fields、slots 的写法以活动文件为准。
"""


@app.command(help=JUDGE_HELP)
def judge(
    works: Annotated[list[Path], typer.Argument(metavar="WORK.json...", help="作品的填报内容")],
    campaign: Annotated[Path, typer.Option("--campaign", metavar="C", help="活动文件（YAML）或其导出文件")],
    reading: Readings = None,
    as_json: Json = False,
) -> None:
    """Judge what each file says of a work, one answer a file; exit with the worst."""
    rules = _campaign(campaign, _choices(reading), as_json=as_json)
    codes = [_judge_one(path, rules, as_json=as_json) for path in works]
    raise typer.Exit(max(codes))


@app.command(
    help="导出读法已定的活动（规范化JSON），它的SHA-256即活动校验码：0 已导出，3 文件须修改或无法读取，64 用法有误。Export it."
)
def export(file: File, reading: Readings = None, as_json: Json = False) -> None:
    """Write the normalised campaign as canonical JSON; `--json` asks for refusals as JSON, too."""
    campaign = _campaign(file, _choices(reading), as_json=as_json)
    typer.echo(canonical_json(campaign), nl=False)


def _readable(campaign: Campaign, units: Units | None) -> Iterator[str]:
    yield f"{campaign.title}：文件可读，校验码{campaign_hash(campaign)}"
    if units is not None:
        yield f"{units.host.name}，{len(units.units)}个单位"


def _judge_one(path: Path, campaign: Campaign, *, as_json: bool) -> ExitCode:
    try:
        work = read_work(path)
        findings = _judged(campaign, work)
    except FaultyFileError as faulty:
        _tell_faults(path, faulty, as_json=as_json)
        if not as_json:
            typer.echo(f"可以这样写：{example_work(campaign)}", err=True)
        return ExitCode.FAULTY
    except OSError as trouble:
        return _unreadable(path, trouble, as_json=as_json)
    except Problem as refused:
        _refuse(refused.message)
    found = verdict(findings)
    if as_json:
        _tell_json({"file": _shown(path), "campaign_hash": campaign_hash(campaign), "verdict": found, "findings": findings})
    else:
        _tell([f"{_shown(path)}：{'有以下事项' if findings else '未发现须修改的内容'}", *_grouped(findings)])
        _tell(_unit_types(campaign, work))
    return _CODES.get(found, ExitCode.NOTES)


def _judged(campaign: Campaign, work: WorkFile) -> tuple[Finding, ...]:
    track = work.track or campaign.tracks[0].id
    return judge_work(campaign, track, work.unit_type, work.fields, work.counts())


def _unit_types(campaign: Campaign, work: WorkFile) -> Iterator[str]:
    """Name the kinds of unit where the work states another."""
    known = {each.id: f"{each.id}（{each.label}）" for each in campaign.unit_types}
    if work.unit_type not in known:
        yield f"unit_type 写的是“{work.unit_type}”，可写：{'、'.join(known.values())}"


def _campaign(file: Path, choices: Mapping[str, str], *, as_json: bool) -> Campaign:
    try:
        return read_campaign(file, choices)
    except FaultyFileError as faulty:
        _tell_faults(file, faulty, as_json=as_json)
        raise typer.Exit(ExitCode.FAULTY) from None
    except OSError as trouble:
        raise typer.Exit(_unreadable(file, trouble, as_json=as_json)) from None
    except Problem as refused:
        _refuse(refused.message)


def _units(file: Path, campaign: Campaign, *, as_json: bool) -> Units:
    try:
        return read_units(file, campaign)
    except FaultyFileError as faulty:
        _tell_faults(file, faulty, as_json=as_json)
        raise typer.Exit(ExitCode.FAULTY) from None
    except OSError as trouble:
        raise typer.Exit(_unreadable(file, trouble, as_json=as_json)) from None


def _choices(written: Iterable[str] | None) -> dict[str, str]:
    choices: dict[str, str] = {}
    for each in written or ():
        name, equals, option = each.partition("=")
        if not (name and equals and option):
            _refuse(f"--reading 写的是“{each}”，应写成“读法=选项”，如 one-g=binary。")
        choices[name] = option
    return choices


def _unreadable(file: Path, trouble: OSError, *, as_json: bool) -> ExitCode:
    message = why_unreadable(file, trouble)
    if as_json:
        _tell_json({"file": _shown(file), "verdict": Verdict.UNJUDGED, "refused": message})
    else:
        typer.echo(message, err=True)
    return ExitCode.FAULTY


def _shown(file: Path) -> str:
    return escaped(str(file))


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(ExitCode.USAGE)


def _tell_faults(file: Path, faulty: FaultyFileError, *, as_json: bool) -> None:
    if as_json:
        _tell_json({"file": _shown(file), "verdict": Verdict.UNJUDGED, "faults": [fault.document() for fault in faulty.faults]})
        return
    typer.echo(str(faulty), err=True)
    typer.echo(faulty.message, err=True)


def _grouped(findings: Iterable[Finding]) -> list[str]:
    found = list(findings)
    lines: list[str] = []
    for severity in (Severity.BLOCK, Severity.WARN, Severity.ASK):
        mine = [each.message for each in found if each.severity is severity]
        lines += [_HEADINGS[severity], *(f"  · {message}" for message in mine)] if mine else []
    return lines


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)


def _tell_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, default=lambda model: model.model_dump(mode="json")))
