"""Campaign and units files on disk: the edge of the pure loader, shared by every offline command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from services.campaigns.loader import load_campaign, load_units, load_work
from services.campaigns.loader.tree import MAX_BYTES
from services.campaigns.models import Campaign, Units
from services.campaigns.workfile import WorkFile

_MOST = 4 * MAX_BYTES + 1


def read_campaign(path: Path, choices: Mapping[str, str] | None = None) -> Campaign:
    """Return the campaign of a YAML file or an export; what it extends stands beside it as `<id>.yaml`.

    Raises what `load_campaign` raises, and `OSError` when the file cannot be read.
    """
    return load_campaign(_bytes(path), path.name, bases=_beside(path), choices=choices)


def read_units(path: Path, campaign: Campaign | None = None) -> Units:
    """Return the units of a YAML file; raises what `load_units` raises, and `OSError`."""
    return load_units(_bytes(path), path.name, campaign=campaign)


def read_work(path: Path) -> WorkFile:
    """Return the work of a JSON file; raises what `load_work` raises, and `OSError`."""
    return load_work(_bytes(path), path.name)


def _beside(path: Path) -> Callable[[str], bytes | None]:
    def find(campaign_id: str) -> bytes | None:
        other = path.with_name(f"{campaign_id}.yaml")
        plain = campaign_id.replace("-", "").replace("_", "").isalnum()
        return _bytes(other) if plain and other.is_file() else None

    return find


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST)
