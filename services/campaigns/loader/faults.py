"""What is wrong with a campaign file: where, and in plain Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, order=True, slots=True)
class Fault:
    """One thing to mend, its place, and the path of the value in the file (`stages.1.closes`)."""

    mark: Mark
    path: str
    message: str

    def __str__(self) -> str:
        """Return "s0.yaml:12:3 stages.1.closes：…"."""
        where = f"{self.mark.file}:{self.mark.line}:{self.mark.column}"
        return f"{where} {self.path}：{self.message}" if self.path else f"{where} {self.message}"


class FaultyFileError(ValueError):
    """A file that cannot be read as what it should be; `faults` holds everything found, in file order."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UnknownChoiceError(ValueError):
    """A choice names a reading or an option that the campaign does not have."""
