"""The command line in Chinese: its help screens, and what is said of a wrong call.

The words of the library under it stand in one table each; a test calls every command wrongly and looks for English left over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import typer
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup

USAGE = 64
_SUBCOMMAND = "命令 [参数]…"
_SETTINGS_BY_OPTION = {"home", "port", "rehearsal"}
_HELP_OF_HELP = "显示本说明"
_PANELS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
}
_SENTENCES: Sequence[tuple[str, str]] = (
    (r"No such command '(.*)'\.(?: Did you mean (.*)\?)?", "没有命令“{0}”"),
    (r"Missing command\.", "没有写明命令"),
    (r"Got unexpected extra argument(?:\(s\)|s)? \((.*)\)", "多写了“{0}”，本命令不需要"),
    (r"No such option: (\S+)", "没有选项“{0}”"),
    (r"Option '(.*)' requires an argument\.", "选项“{0}”后面应写一个值"),
    (r"Option '(.*)' does not take a value\.", "选项“{0}”后面不写值"),
    (r"Argument '(.*)' takes (\d+) values\.", "参数“{0}”应写{1}个值"),
)
_VALUES: Sequence[tuple[str, str]] = (
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Input should be a valid number.*", "应为数字"),
    (r"Input should be greater than or equal to (\S+)", "应不小于{0}"),
    (r"Input should be less than or equal to (\S+)", "应不大于{0}"),
    (r"Input should be a valid boolean.*", "应为true或false"),
    (r"(?:Value error, )?'.*' is not one of (.*)\.", "应为{0}之一"),
    (r"Input should be ('.*)", "应为{0}之一"),
)


class Command(TyperCommand):
    """A command whose help and usage are in Chinese."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        formatter.write(f"用法：{usage(self, ctx)}\n")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; whatever is wrong with them names this command."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as wrong:
            vars(wrong)["ctx"] = getattr(wrong, "ctx", None) or ctx
            raise

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help` with its sentence."""
        return _in_chinese(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help screen."""
        _prepare(self, ctx)
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """A group of commands whose help and usage are in Chinese."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        formatter.write(f"用法：{usage(self, ctx)}\n")

    def get_help_option(self, ctx: Any) -> Any:
        """Return `--help` with its sentence."""
        return _in_chinese(super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help screen."""
        _prepare(self, ctx)
        super().format_help(ctx, formatter)


class CommandLine(typer.Typer):
    """A `typer.Typer` that speaks Chinese; without a command it shows its help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=Group, no_args_is_help=True, add_completion=False, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Register a command."""
        return super().command(name, cls=Command, **settings)


def usage(command: Any, ctx: Any) -> str:
    """Return how a command is called: `laurel media check FILE... --campaign C --slot S [--json]`."""
    inner = [_SUBCOMMAND] if isinstance(command, TyperGroup) else [word(one) for one in command.params if not one.hidden]
    return " ".join([ctx.command_path, *inner])


def word(parameter: Any) -> str:
    """Return a parameter as a usage line shows it."""
    if parameter.param_type_name == "argument":
        name = (parameter.metavar or parameter.name.upper()).strip("[]")
        return name if parameter.required else f"[{name}]"
    name = max(parameter.opts, key=len)
    shown = name if parameter.is_flag else f"{name} {(parameter.metavar or parameter.name).upper()}"
    return shown if parameter.required else f"[{shown}]"


def wrong_call(wrong: typer.TyperException, arguments: Sequence[str]) -> Iterator[str]:
    """Yield what is said of a call that cannot be understood: what was given, what is expected, how it is called."""
    if type(wrong).__name__ == "NoArgsIsHelpError":  # its help has been shown
        return
    ctx = getattr(wrong, "ctx", None)
    yield f"{_sentence(wrong, arguments)}。"
    if ctx is not None:
        yield f"用法：{usage(ctx.command, ctx)}"
        yield f"详细说明：{ctx.command_path} --help"


def wrong_settings(wrong: ValidationError) -> Iterator[str]:
    """Yield what is wrong with each setting, whether it was an option or stood in the environment."""
    for one in wrong.errors():
        name = str(one["loc"][0])
        told = _translated(one["msg"], _VALUES) or "不在可取的范围内（见 docs/settings.md）"
        yield f"设置 {name}（环境变量 LAUREL_{name.upper()}{_or_option(name)}）写的是“{one['input']}”，{told}。"


def _or_option(name: str) -> str:
    return f"或选项 --{name}" if name in _SETTINGS_BY_OPTION else ""


def _sentence(wrong: Any, arguments: Sequence[str]) -> str:
    """Tell the kinds of wrong calls apart by name: the library keeps their classes to itself."""
    kind, parameter = type(wrong).__name__, getattr(wrong, "param", None)
    if kind == "MissingParameter" and parameter is not None:
        told = f"（{parameter.help}）" if parameter.help else ""
        return f"缺少{_called(parameter)}{told}"
    if kind == "BadParameter":
        return _bad_value(wrong, parameter, arguments)
    told = _translated(wrong.message, _SENTENCES) or wrong.message.rstrip("。.")
    near = getattr(wrong, "possibilities", None) or _quoted(wrong.message.partition("Did you mean")[2])
    return f"{told}，是否想写“{'”或“'.join(sorted(near))}”" if near else told


def _bad_value(wrong: Any, parameter: Any, arguments: Sequence[str]) -> str:
    told = _translated(wrong.message, _VALUES) or wrong.message.rstrip("。.")
    if parameter is None:
        return f"{wrong.param_hint}：{told}" if wrong.param_hint else told
    given = _given(parameter, arguments)
    return f"{_called(parameter)} {f'写的是“{given}”' if given else '的值'}，{told}"


def _called(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"参数 {parameter.metavar or parameter.name.upper()}"
    return f"选项 {max(parameter.opts, key=len)}"


def _given(parameter: Any, arguments: Sequence[str]) -> str | None:
    """Return the value that stands behind an option, where it can be found."""
    for at, each in enumerate(arguments):
        name, equals, value = each.partition("=")
        if name in parameter.opts:
            return value if equals else next(iter(arguments[at + 1 : at + 2]), None)
    return None


def _translated(message: str, table: Sequence[tuple[str, str]]) -> str | None:
    for pattern, chinese in table:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return chinese.format(*(_list(group or "") for group in found.groups()))
    return None


def _list(group: str) -> str:
    """Return "'a', 'b' or 'c'" as "a、b、c"."""
    return "、".join(quoted) if len(quoted := _quoted(group)) > 1 else group


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _in_chinese(option: Any) -> Any:
    if option is not None:
        option.help = _HELP_OF_HELP
    return option


def _prepare(command: Any, ctx: Any) -> None:
    """Give the help screen its Chinese titles, and leave out the names of Python's types."""
    from typer import rich_utils  # noqa: PLC0415 - only a help screen needs it

    vars(rich_utils).update(_PANELS)
    for parameter in command.get_params(ctx):
        if parameter.param_type_name == "argument" or parameter.metavar is None:
            vars(parameter)["display_type_rich"] = _no_type


def _no_type(ctx: Any) -> None:  # noqa: ARG001 - as the library calls it
    return None
