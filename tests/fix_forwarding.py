"""A journal and one forwarder, on a loop whose time costs nothing."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from core.records import Reads
from gateway.journal import Journal
from gateway.notes import Notebook
from gateway.retention import Limits
from gateway.sinks.contract import Stream
from gateway.sinks.forwarder import Forwarder
from gateway.sinks.origin import Origin
from tests.faults.scenario import COMMITS, SITE, expected_events, gaps, inputs
from tests.fix_ledger import Account, Ledgered
from tests.virtual_loop import run

Script = Callable[[Forwarder], Awaitable[None]]


def expected_gaps(commits: int) -> list[str]:
    """The reasons of all gaps of commits 1 to `commits`."""
    return [gap.reason for k in range(1, commits + 1) for gap in gaps(k)]


def expected_reads(commits: int) -> list[str]:
    """Device and time of all reads, in order."""
    return [
        f"{one.source} {time}"
        for k in range(1, commits + 1)
        for one in inputs(k)
        if isinstance(one.body, Reads)
        for time in one.body.time.tolist()
    ]


class Gateway:
    """A journal and one forwarder, until the script ends."""

    def __init__(self, path: Path, limits: Limits | None = None) -> None:
        self.journal = Journal.open(path, SITE, limits or Limits())
        self.told: list[str] = []
        self.forwarder: Forwarder | None = None
        self.right = asyncio.Event()
        self.right.set()

    @property
    def notebook(self) -> Notebook:
        return self.journal.notebook

    async def save(self) -> None:
        self.journal.commit(())

    async def went_back(self, reason: str) -> None:
        self.told.append(reason)

    def origin(self) -> Origin:
        journal = self.journal
        return Origin(
            journal.path,
            SITE,
            {},
            journal.notebook,
            lambda: self.journal.epoch,
            now,
            self.right.wait,
            self.save,
            self.went_back,
        )

    def holding(self) -> bool:
        """Is the forwarder waiting for the clock?"""
        return self.forwarder is not None and self.forwarder.health.state == "holding"

    def send(self, sink: Ledgered, until: Callable[[], bool], then: Script | None = None) -> Forwarder:
        """Run the forwarder until there is what is waited for, and a script after that."""

        async def main() -> Forwarder:
            self.forwarder = forwarder = Forwarder(sink, self.origin())
            running = asyncio.create_task(forwarder.run())
            await condition(until)
            if then is not None:
                await then(forwarder)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            return forwarder

        return run(main())


def now() -> int:
    return round(asyncio.get_running_loop().time() * 1e6)


async def condition(until: Callable[[], bool]) -> None:
    """Look again and again, on the loop whose time costs nothing."""
    for _ in range(100_000):
        if until():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def complete(
    account: Account, commits: int = COMMITS, streams: tuple[Stream, ...] = ("events", "gaps")
) -> bool:
    """Everything is there, once and in order."""
    wanted = {"events": expected_events, "gaps": expected_gaps, "reads": expected_reads}
    return all(account.whats(stream) == wanted[stream](commits) for stream in streams)


def damage(path: Path, sql: str) -> None:
    """Change what a journal holds behind its back."""
    db = sqlite3.connect(path)
    with db:
        db.execute(sql)
    db.close()
