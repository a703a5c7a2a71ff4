"""The gateway's side of the `sink` rows, in a process of its own: a journal, its forwarder, and events that go on."""

import asyncio
import os
import random
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from gateway import interpreter
from gateway.bench.backlog import SITE, events
from gateway.bench.live import PATIENCE, Failed
from gateway.bench.machine import rss
from gateway.clock import Clock
from gateway.journal import Journal
from gateway.sinks.forwarder import Forwarder
from gateway.sinks.origin import Origin
from gateway.sinks.timescale.settings import TimescaleSettings
from gateway.sinks.timescale.sink import TimescaleSink

DSN = "WAYPOST_BENCH_SERVER"
"""The variable by which the process knows the database."""
PAUSE = 0.05
"""Seconds between two live events."""
LOOK = 0.002
"""Seconds between two looks whether a row is there."""


@dataclass(frozen=True, slots=True)
class Drained:
    """Rows per second of the drain; microseconds of CPU of the process per row; MB that it grew; seconds that commits of live events took without the
    forwarder, and while it drained; seconds from a commit to the row that others can see, on an idle system.
    """

    rate: float
    cost: float
    growth: float
    quiet: list[float]
    busy: list[float]
    visible: list[float]


class Gateway:
    """A journal, the thread that commits to it, and its forwarder; live events are numbered behind the backlog."""

    def __init__(self, path: Path, backlog: int, thread: ThreadPoolExecutor) -> None:
        self.journal = Journal.open(path, SITE)
        self._thread = thread
        self._live = events(backlog + 1, 1 << 40)
        sink = TimescaleSink(TimescaleSettings(dsn=f"env:{DSN}"), SITE, [], "bench")
        self.forwarder = Forwarder(sink, self._origin())

    def _origin(self) -> Origin:
        async def nothing(_: str = "") -> None:
            return

        return Origin(
            path=self.journal.path,
            site=SITE,
            offsets={},
            notebook=self.journal.notebook,
            epoch=lambda: self.journal.epoch,
            now=Clock().now,
            dated=nothing,
            save=self._save,
            went_back=nothing,
        )

    async def _save(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self.journal.commit, ())

    async def commit_one(self) -> float:
        """The seconds that it took from a live event to its commit; the forwarder hears of it, as in the daemon."""
        event = next(self._live)
        began = time.perf_counter()
        await asyncio.get_running_loop().run_in_executor(self._thread, self.journal.commit, (), [event])
        spent = time.perf_counter() - began
        self.forwarder.wake()
        return spent


def drain(path: Path, dsn: str, backlog: int, live: int) -> Drained:
    """Send the journal at `path` to an empty store.

    live  how many events are measured one by one, before the drain and after it

    Raises Failed if the store cannot be used.
    """
    os.environ[DSN] = dsn
    interpreter.share()
    with ThreadPoolExecutor(1, "journal") as thread:
        gateway = Gateway(path, backlog, thread)
        interpreter.settle()
        return asyncio.run(_drain(gateway, dsn, backlog, live))


async def _drain(gateway: Gateway, dsn: str, backlog: int, live: int) -> Drained:
    quiet = [await _paused(gateway.commit_one()) for _ in range(live)]
    busy: list[float] = []
    before = peak = rss()
    began, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(gateway.forwarder.run())
    try:
        while (sent := gateway.forwarder.health.sent["events"]) < backlog:
            _check(gateway.forwarder)
            busy.append(await _paused(gateway.commit_one()))
            peak = max(peak, rss())
        rate, cost = sent / (time.perf_counter() - began), 1e6 * (time.process_time() - cpu) / sent
        await _until_even(gateway.forwarder)
        return Drained(rate, cost, peak - before, quiet, busy, await _visible(gateway, dsn, live))
    finally:
        running.cancel()
        await asyncio.wait({running})
        gateway.journal.close()


async def _paused(measured: Awaitable[float]) -> float:
    spent = await measured
    await asyncio.sleep(PAUSE)
    return spent


def _check(forwarder: Forwarder) -> None:
    if forwarder.health.state in ("lost", "refused"):
        raise Failed(f"the store cannot be used: {forwarder.health.error}")


async def _until_even(forwarder: Forwarder) -> None:
    while forwarder.health.even is None:
        _check(forwarder)
        await asyncio.sleep(PAUSE)


async def _visible(gateway: Gateway, dsn: str, live: int) -> list[float]:
    """Seconds from the end of a commit until another connection sees its row; at random moments."""
    chance, found = random.Random("visible"), list[float]()
    with psycopg.connect(dsn, autocommit=True) as db:
        for _ in range(live):
            await asyncio.sleep(chance.uniform(1, 3) * PAUSE)
            await gateway.commit_one()
            began, number = time.perf_counter(), gateway.journal.head.events
            await asyncio.to_thread(_until_seen, db, gateway.journal.epoch, number)
            found.append(time.perf_counter() - began)
    return found


def _until_seen(db: Connection[TupleRow], epoch: str, number: int) -> None:
    """The ledger is written with the rows: it tells when they can be seen, at a price that does not grow."""
    last = "SELECT max(last) FROM waypost.ledger WHERE (epoch, stream) = (%s, 'events')"
    ends = time.monotonic() + PATIENCE
    while (seen := db.execute(last, (epoch,)).fetchone()) is None or (seen[0] or 0) < number:
        if time.monotonic() > ends:
            raise Failed(f"event {number} is not in the store after {PATIENCE:g} s")
        time.sleep(LOOK)
