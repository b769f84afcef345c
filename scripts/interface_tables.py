"""The tables of `docs/interfaces.md`, made from the code so that they cannot fall behind it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from services.__main__ import app as laurel
from services.campaigns.evaluation.publication import PUBLICATION_CHECKS
from services.campaigns.evaluation.quotas import QUOTA_CHECKS
from services.campaigns.evaluation.works import WORK_CHECKS
from services.campaigns.slots import ENGINE_CHECKS, RULES
from services.intake.domain import uploads
from services.kernel.auth import Role
from services.kernel.command_line import word
from services.kernel.docs import row, table
from services.kernel.errors import Problem
from services.kernel.web import RouteAccess, route_access
from services.kernel.web.health import health_routes
from services.kernel.web.operator import operator_routes
from services.notify.domain.catalogue import TEMPLATES
from services.runtime import DEFINITIONS
from services.search.domain.columns import ALIASES

BEGIN, END = "<!-- {} -->", "<!-- /{} -->"
SERVICES = Path(__file__).parents[1] / "services"

CHECK_MEANINGS: Mapping[str, str] = {
    "unreadable": "内容不是可以读取的视频或图片",
    "hostile": "文件引用别的文件或过度膨胀，未予处理",
    "field_missing": "必填项未填",
    "field_type": "填报内容的类型不符",
    "field_too_long": "超过字数",
    "field_option": "不是所列选项之一",
    "field_items": "列表的项数不符",
    "field_hidden_character": "含有看不见的字符",
    "field_id_number": "身份证号不符合编码规则",
    "field_unknown": "活动没有这一填报项",
    "slot_missing": "缺少材料",
    "slot_too_many": "材料过多",
    "slot_unknown": "活动没有这一材料",
    "no_quota": "本单位在本类别没有名额",
    "quota_cap": "超过名额上限",
    "quota_floor": "某一类少于至少应有的件数",
    "quota_below_min": "少于名额下限",
    "quota_empty": "名单为空",
    "stage_gap": "阶段之间有空档",
    "stage_holiday": "阶段跨法定节假日",
    "calendar_unknown": "当年的节假日安排尚未公布",
    "reading_remark": "读法附有说明",
    "rubric_not_in_notice": "通知未规定评审分值",
    "award_sum": "奖项合计不符",
    "photo_reach": "图片要求难以同时达到",
    "reading_open": "读法尚未确认",
}
"""What each check that is no rule of a file looks for; a check without its line here fails the build."""

PROBLEM_MEANINGS: Mapping[str, str] = {
    "bad-request": "the request cannot be read",
    "invalid-fields": "fields do not fit; `errors` names each: `field`, `in`, `rule`, `message`, `detail`",
    "invalid-json": "the body is no JSON document that every program reads alike",
}
"""Where neither a class nor an English twin says it all."""


def tables() -> dict[str, str]:
    """Return each table by the name of its place in the document."""
    made = {
        "routes": routes_table(),
        "problems": problems_table(),
        "checks": checks_table(),
        "commands": commands_table(),
        "roles": roles_table(),
        "templates": templates_table(),
        "columns": columns_table(),
        "tus": tus_table(),
    }
    return {name: "\n".join(lines) for name, lines in made.items()}


def filled(document: str) -> str:
    """Return the document with every table as it is now. Raises ValueError when a table's place is missing."""
    for name, made in tables().items():
        before, rest = document.split(BEGIN.format(name), 1)
        after = rest.split(END.format(name), 1)[1]
        document = f"{before}{BEGIN.format(name)}\n\n{made}\n\n{END.format(name)}{after}"
    return document


def routes_table() -> Iterator[str]:
    """Every route: who may use it, and what it does."""
    yield from table(("route", "who", "what"))
    for line, told in routes():
        yield row(f"`{line.method} {line.path}`", ", ".join(line.access), told)


def routes() -> list[tuple[RouteAccess, str]]:
    """Return every route of the five services with its sentence; those that each service has stand once, as `{service}`."""
    found: dict[tuple[str, str], tuple[RouteAccess, str]] = {}
    for definition in DEFINITIONS:
        app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        for router in (*definition.routers, operator_routes("{service}"), health_routes(app)):
            app.include_router(router)
        sentences = {
            (method, context.path): _sentence(context.original_route)
            for context in iter_route_contexts(app.routes)
            for method in context.methods or ()
        }
        for line in route_access(app):
            found.setdefault((line.path, line.method), (line, sentences[line.method, line.path]))
    return [found[key] for key in sorted(found)]


def _sentence(route: Any) -> str:
    return " ".join((route.endpoint.__doc__ or "").split())


def problems_table() -> Iterator[str]:
    """Every problem type: its status, and when it is told."""
    yield from table(("type", "status", "meaning"))
    for kind, (status, meaning) in sorted(problem_kinds().items(), key=lambda one: (one[1][0], one[0])):
        yield row(f"`urn:laurel:problem:{kind}`", str(status), meaning)


def problem_kinds() -> dict[str, tuple[int, str]]:
    """Return every kind with its status: those of the classes, and those that a place in the code gives."""
    every = [Problem, *descendants(Problem)]
    classes = {one.__name__: one for one in every}
    kinds = {one.kind: (one.status, _meaning(one)) for one in reversed(every) if "kind" in vars(one)}
    for call in _calls(classes):
        (kind,) = [keyword.value.value for keyword in call.keywords if keyword.arg == "kind"]  # type: ignore[attr-defined] # _calls chose them
        problem = classes[_name(call)]
        kinds.setdefault(kind, (problem.status, _said(call)))
    return {kind: (status, PROBLEM_MEANINGS.get(kind, meaning)) for kind, (status, meaning) in kinds.items()}


def descendants(of: type[Problem]) -> Iterator[type[Problem]]:
    """Yield every class below one."""
    for child in of.__subclasses__():
        yield child
        yield from descendants(child)


def _meaning(problem: type[Problem]) -> str:
    first = (problem.__doc__ or "").strip().splitlines()[0]
    return first.partition(": ")[2].rstrip(".") or first.rstrip(".")


def _calls(classes: Iterable[str]) -> Iterator[ast.Call]:
    """Yield each place that raises one of the classes under a kind of its own."""
    known = set(classes)
    for path in sorted(SERVICES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node) in known and any(_is_kind(one) for one in node.keywords):
                yield node


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_kind(keyword: ast.keyword) -> bool:
    return keyword.arg == "kind" and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, str)


def _said(call: ast.Call) -> str:
    """Return the English twin of the sentence, where it is the same each time."""
    told = call.args[1] if len(call.args) > 1 else None
    if isinstance(told, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in told.values).rstrip(".")
    return str(told.value).rstrip(".") if isinstance(told, ast.Constant) else ""


def checks_table() -> Iterator[str]:
    """The closed list of check ids, by what is looked at."""
    yield from table(("check", "of", "looks for"))
    for rule in RULES:
        yield row(f"`{rule.model_fields['kind'].default}`", "a file", rule.meaning)
    for check, of in other_checks().items():
        yield row(f"`{check}`", ", ".join(of), CHECK_MEANINGS[check])


def other_checks() -> dict[str, list[str]]:
    """Return the checks that are no rules of a file, and of what each is told."""
    lists = (
        ("a file", ENGINE_CHECKS),
        ("a work", WORK_CHECKS),
        ("a list", QUOTA_CHECKS),
        ("a campaign file", PUBLICATION_CHECKS),
    )
    found: dict[str, list[str]] = {}
    for of, checks in lists:
        for check in checks:
            found.setdefault(check, []).append(of)
    return found


def commands_table() -> Iterator[str]:
    """Every command with its sentence, which names its exit codes."""
    yield from table(("command", "what, and its exit codes"))
    for path, told in commands():
        yield row(f"`{path}`", told)


def commands() -> list[tuple[str, str]]:
    """Return every command by its words, with its help."""
    return sorted(_commands(typer.main.get_command(laurel), "laurel"))


def _commands(command: Any, path: str) -> Iterator[tuple[str, str]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        words = [word(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        yield " ".join([path, *filter(None, words)]), " ".join((command.help or "").split())
        return
    for name, one in inner.items():
        yield from _commands(one, f"{path} {name}")


def roles_table() -> Iterator[str]:
    """The roles."""
    yield from table(("role",))
    for role in Role:
        yield row(f"`{role.value}`")


def templates_table() -> Iterator[str]:
    """The messages' templates."""
    yield from table(("template", "subjects"))
    for template_id, templates in TEMPLATES.items():
        yield row(f"`{template_id}`", " · ".join(template.zh.subject for template in templates))


def columns_table() -> Iterator[str]:
    """The columns of a list of earlier winners, under every name that is understood."""
    yield from table(("column", "names"))
    for column, aliases in ALIASES.items():
        yield row(f"`{column}`", "、".join(aliases))


def tus_table() -> Iterator[str]:
    """What `OPTIONS /uploads` says."""
    yield from table(("header", "value"))
    for name, value in uploads.options_headers(0).items():
        yield row(f"`{name}`", "the deployment's cap" if name == "Tus-Max-Size" else f"`{value}`")
