"""What can be the matter with a whole file."""

from __future__ import annotations

from services.kernel.errors import Unprocessable


class FaultyFile(Unprocessable):
    """422: the file cannot be read as a list; the message says why, and what to do."""

    kind = "faulty-list"
