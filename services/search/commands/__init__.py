"""The command lines of search: `laurel winners`, `laurel search`, `laurel index`."""

from __future__ import annotations

from services.kernel.command_line import CommandLine
from services.search.commands import indexes, winners
from services.search.commands.desk import Reach
from services.search.commands.winners import ExitCode

__all__ = ["ExitCode", "Reach", "add_to"]


def add_to(app: CommandLine, reach: Reach) -> None:
    """Add these commands to the command line."""
    app.add_typer(winners.build(reach), name="winners")
    indexes.add_to(app, reach)
