"""What can be the matter with a whole file."""

from __future__ import annotations


class FaultyFile(ValueError):  # noqa: N818  # named for what it is
    """The file cannot be read as a list; its message says in Chinese why, and what to do."""
