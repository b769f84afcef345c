"""What is wrong with a campaign file: where, and in plain Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from services.kernel.errors import Unprocessable


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

    def document(self) -> dict[str, str | int]:
        """Return the fault as JSON members."""
        mark = self.mark
        return {"file": mark.file, "line": mark.line, "column": mark.column, "path": self.path, "message": self.message}

    def __str__(self) -> str:
        """Return "s0.yaml:12:3 stages.1.closes：…"."""
        where = f"{self.mark.file}:{self.mark.line}:{self.mark.column}"
        return f"{where} {self.path}：{self.message}" if self.path else f"{where} {self.message}"


MAX_FAULTS = 200


class FaultyFileError(Unprocessable):
    """422: a file that cannot be read as what it should be.

    `faults` holds everything found, in file order; past `MAX_FAULTS` a last one says how many more there are.
    """

    kind = "faulty-file"

    def __init__(self, faults: Iterable[Fault]) -> None:
        every = sorted(set(faults))
        self.faults = (*every[:MAX_FAULTS], *_rest(every[MAX_FAULTS:]))
        message = f"文件有{len(every)}处需要修改。"
        super().__init__(message, "The file needs mending.", errors=[fault.document() for fault in self.faults])

    def __str__(self) -> str:
        """Return every fault on a line of its own."""
        return "\n".join(str(fault) for fault in self.faults)


def _rest(more: Sequence[Fault]) -> Iterator[Fault]:
    if more:
        yield Fault(more[0].mark, "", f"另有{len(more)}处，请改好以上各处后再检查")


class UnknownChoiceError(Unprocessable):
    """422: a choice names a reading or an option that the campaign does not have."""

    kind = "unknown-choice"
