"""A home, the command `laurel` on it, and a platform that runs on it in a process of its own."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from started import started

from services.__main__ import main
from services.kernel.contracts.envelope import Event
from services.kernel.contracts.events import (
    AccountOpened,
    Contact,
    ReturnedItem,
    WorkListed,
    WorkReturned,
    WorkWithdrawn,
)
from services.kernel.ports import Transaction
from services.kernel.settings import Settings
from services.runtime import DEFINITIONS, Platform, alone

MOBILE = "13900000017"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Home:
    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings(home=self.folder, port=0)

    def laurel(self, *arguments: str) -> Done:
        """Run one command to its end, in this process."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main([*arguments, "--home", str(self.folder)])
            except SystemExit as ended:
                return Done(int(ended.code or 0), out.getvalue(), err.getvalue())
        raise AssertionError("a command ends with its exit code")

    def answer(self, *arguments: str, code: int = 0) -> Any:
        """Run one command with --json and return what it says."""
        done = self.laurel(*arguments, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def lines(self, *arguments: str) -> list[Any]:
        done = self.laurel(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def emit(self, service: str, *events: Event, broken: bool = False) -> list[str]:
        """Write events while nothing runs; a broken one's bytes are no event."""
        definition = next(one for one in DEFINITIONS if one.name == service)
        with alone(self.settings, definition) as context:
            return context.database.call(lambda transaction: written(transaction, events, broken=broken))

    def deliver(self) -> None:
        """Let the platform deal with everything, then stop it."""
        platform = Platform(self.settings)
        platform.start()
        end = time.monotonic() + 20
        while not platform.idle():
            assert time.monotonic() < end, "it did not come to rest"
            time.sleep(0.02)
        platform.stop()


def written(transaction: Transaction, events: tuple[Event, ...], *, broken: bool) -> list[str]:
    ids = [transaction.emit(event) for event in events]
    if broken:
        for event_id in ids:
            transaction.execute("UPDATE outbox SET data = X'7B' WHERE event_id = ?", (event_id,))
    return ids


@contextmanager
def running(home: Home) -> Iterator[str]:
    """Run `laurel up` for as long as the block; give its address."""
    with started(home.folder, LAUREL_LOG_LEVEL="info") as up:
        yield up.address


def returned(work: str) -> WorkReturned:
    items = (ReturnedItem(item="video", reason="片头未写主讲人"),)
    return WorkReturned(work_id=work, campaign_id="c", unit_id="yunzhan", title="渡口夜校", items=items, term=None)


def listed(work: str) -> WorkListed:
    return WorkListed(work_id=work, campaign_id="c", unit_id="yunzhan", list_id="l")


def withdrawn(work: str) -> WorkWithdrawn:
    return WorkWithdrawn(work_id=work, campaign_id="c")


def opened(account: str) -> AccountOpened:
    contact = Contact(name="沈禾", mobile=MOBILE)
    return AccountOpened(
        account_id=account, role="liaison", unit_id="yunzhan", campaign_id=None, invitation_id=None, personal=contact
    )
