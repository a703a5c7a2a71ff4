"""The journal in its thread: what is asked of it is done in the end, whatever the disk does meanwhile.

After an I/O error nothing is acknowledged: the journal is reopened, looks at what is on disk, and the same work is
done again until it succeeds. Meanwhile the intake fills and holds the devices back.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

from gateway.contracts import Store

log = logging.getLogger(__name__)

RETRY = (0.1, 0.2, 0.5, 1.0)
"""Seconds between attempts after an I/O error; the last one goes on."""

T = TypeVar("T")


class Stopped(Exception):
    """The daemon stopped before this was durable."""


class JournalThread:
    """The one way to the store: an executor of one thread, in which it lives.

    progress   called after every failed attempt: feeds the watchdog
    replaced   called with the reason when the journal was damaged and begins anew
    trouble    why the journal cannot be written, None while it can
    io_errors  failed attempts since the daemon's start
    stopping   the daemon ends: the work that is under way is given up soon, with Stopped
    """

    def __init__(
        self, store: Store, thread: Executor, progress: Callable[[], None], replaced: Callable[[str], None]
    ) -> None:
        self.trouble: str | None = None
        self.io_errors = 0
        self.stopping = False
        self._store = store
        self._thread = thread
        self._progress = progress
        self._replaced = replaced

    async def once(self, work: Callable[[], T]) -> T:
        """Do it there; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def until_done(self, work: Callable[[], object]) -> None:
        """Do it there until it works; each kind of failure is told once until it is over."""
        attempt, is_open, told = 0, True, set[str]()
        while True:
            try:
                if not is_open:
                    await self._reopen()
                    is_open = True
                await self.once(work)
                break
            except (sqlite3.Error, OSError) as error:
                await self._failed(error, attempt, told)
                attempt, is_open = attempt + 1, False
        if self.trouble is not None:
            log.warning("the journal works again after %d failed attempts", attempt)
            self.trouble = None

    async def _failed(self, error: Exception, attempt: int, told: set[str]) -> None:
        self.io_errors += 1
        self.trouble = str(error)
        if self.trouble not in told:
            log.error("the journal cannot be written: %s; nothing is acknowledged until it can", error)
            told.add(self.trouble)
        self._progress()
        if self.stopping and attempt >= len(RETRY):
            raise Stopped(f"the journal could not be written before the end: {error}") from error
        await asyncio.sleep(RETRY[min(attempt, len(RETRY) - 1)])

    async def _reopen(self) -> None:
        opening = await self.once(self._store.reopen)
        if opening.state == "replaced":
            log.error("the journal was damaged and begins anew: %s", opening.reason)
            self._replaced(opening.reason)
