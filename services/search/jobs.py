"""Long work: keeping the indexes fed, and filling them anew."""

from __future__ import annotations

import threading

import structlog

from services.kernel.errors import LaurelError
from services.kernel.jobs import JobContext, Jobs, Outcome
from services.kernel.service import Context
from services.search.actions import indexes

LOOK_EVERY_S = 0.2
PAUSE_IN_TROUBLE_S = 2.0
JOBS = Jobs()

log = structlog.get_logger(__name__)


@JOBS.kind("search.rebuild", lease_s=300)
def rebuild(context: JobContext) -> Outcome:
    """Fill the indexes, or the one named, anew."""
    context.progress(0, "正在重建索引")
    counted = indexes.rebuild(context.service.database, context.service.index, context.payload.get("index"))
    log.info("indexes rebuilt", works=counted)
    return lambda _transaction: None


class Feeder(threading.Thread):
    """Tells the indexes of each change soon after its commit; what was not told yet stands in the rows."""

    def __init__(self, context: Context) -> None:
        super().__init__(name="search-feeder", daemon=True)
        self._context = context
        self._ending = threading.Event()

    def run(self) -> None:
        """Feed until asked to stop."""
        while not self._ending.is_set():
            self._ending.wait(self._step())

    def stop(self) -> None:
        """End after the batch under way."""
        self._ending.set()
        self.join()

    def _step(self) -> float:
        """Feed a batch; return how long to wait for the next."""
        try:
            return 0.0 if indexes.feed(self._context.database, self._context.index) else LOOK_EVERY_S
        except LaurelError as trouble:
            log.warning("indexes not fed", reason=getattr(trouble, "detail", str(trouble)))
            return PAUSE_IN_TROUBLE_S
