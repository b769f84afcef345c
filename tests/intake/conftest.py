from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from upload_client import Server
from world import World, copied, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of a module share."""
    yield from _running(Server(tmp_path_factory.mktemp("shared") / "home"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may kill."""
    yield from _running(Server(tmp_path / "home"))


def _running(server: Server) -> Iterator[Server]:
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """A rehearsal that nobody has signed in to."""
    with running(tmp_path / "home") as world:
        yield world


@pytest.fixture
def office(tmp_path: Path) -> Iterator[World]:
    """A rehearsal with its clerk and head."""
    with running(tmp_path / "home") as world:
        world.open_office()
        yield world


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[str, dict[str, Any]]]]:
    """A home where S0 is published and five units have registered, as of 2024-08-01."""
    home = tmp_path_factory.mktemp("published") / "home"
    with running(home) as world:
        world.open_office()
        world.clock("2024-07-03 09:00:00")
        world.publish()
        world.clock("2024-07-08 10:00:00")
        units = [("yunzhan", "沈禾", "韩思远"), ("shiqiao", "石溪", "石岭"), ("nantang", "南星", "南屏")]
        units += [("dongwei", "东篱", "东山"), ("hydrology", "水清", "水源")]
        for number, (unit, liaison, head) in enumerate(units, 1):
            world.register(unit, liaison, head, number * 10)
        world.clock("2024-08-01 09:00:00")
        world.settle()
        people = {name: (person.token, person.account) for name, person in world.people.items()}
    return home, people


@pytest.fixture
def world(published: tuple[Path, dict[str, tuple[str, dict[str, Any]]]], tmp_path: Path) -> Iterator[World]:
    """A copy of the published home, running, on 2024-08-01."""
    home, people = published
    with copied(home, people, tmp_path / "home") as it:
        yield it
