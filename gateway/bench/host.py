"""The gateway under measurement: the daemon's own parts in a process of their own, and what they have made durable.

Nothing is short-cut: the configured drivers under supervision, link, intake, writer, pipeline and journal. Only the
control socket and systemd are left out. `Metered` stands between writer and journal and counts.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from core.events import Event, Gap
from core.records import Input, Reads
from gateway import configuration, interpreter
from gateway.bench.machine import pin, rss
from gateway.clock import Clock
from gateway.contracts import Reopened
from gateway.edge import brokers, connections
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.link import DeviceLink
from gateway.recovery import Pipelines
from gateway.writer import Writer

LATENCIES = 30_000
"""Steps of 0.1 ms in which latencies are counted; later than 3 s counts as 3 s."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What was durable at the end of the last commit.

    at       seconds, monotonic;  cpu  seconds of CPU of the process since it began
    latency  int64[LATENCIES] reads by the time from their stamp to the end of their commit, in 0.1 ms
    """

    at: float
    cpu: float
    reads: int
    events: int
    commits: int
    rss: float
    latency: np.ndarray = field(repr=False)


class Metered:
    """The journal, with a count of what it has made durable."""

    def __init__(self, journal: Journal, clock: Clock, timed: bool) -> None:
        self._journal = journal
        self._clock = clock
        self._timed = timed
        self._reads = self._events = self._commits = 0
        self._latency = np.zeros(LATENCIES, np.int64)
        self._last = (time.perf_counter(), time.process_time(), 0, 0, 0)

    def commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        gaps: Sequence[Gap],
        snapshot: bytes | None = None,
    ) -> object:
        """See `Journal.commit`."""
        done = self._journal.commit(inputs, events, gaps, snapshot)
        now = self._clock.now()
        for input in inputs:
            if isinstance(input.body, Reads):
                self._reads += len(input.body)
                if self._timed:
                    self._time(now, input.body)
        self._events += len(events)
        self._commits += 1
        self._last = (time.perf_counter(), time.process_time(), self._reads, self._events, self._commits)
        return done

    def _time(self, now: int, reads: Reads) -> None:
        steps = np.minimum(np.maximum((now - reads.time) // 100, 0), LATENCIES - 1)
        np.add.at(self._latency, steps, 1)

    def mark(self) -> Mark:
        """As of the last commit."""
        return Mark(*self._last, rss(), self._latency.copy())

    def set_aside(self, input: Input, error: str) -> object:
        """See `Journal.set_aside`."""
        return self._journal.set_aside(input, error)

    def reopen(self) -> Reopened:
        """See `Journal.reopen`."""
        return self._journal.reopen()

    @property
    def overgrown(self) -> bool:
        """See `Journal.overgrown`."""
        return self._journal.overgrown

    def tend(self) -> None:
        """See `Journal.tend`."""
        self._journal.tend()

    def snapshot(self) -> tuple[int, bytes] | None:
        """See `Journal.snapshot`."""
        return self._journal.snapshot()

    def inputs(self, after: int) -> Iterable[tuple[int, Input]]:
        """See `Journal.inputs`."""
        return self._journal.inputs(after)


def host(path: Path, core: int | None, timed: bool, link: Connection) -> None:
    """The process of the gateway: answers "mark" on `link` with a Mark, ends cleanly at anything else."""
    if core is not None:
        pin(core)
    interpreter.share()
    asyncio.run(_host(configuration.load(path), timed, link))


async def _host(loaded: configuration.Configuration, timed: bool, link: Connection) -> None:
    loop, clock, intake = asyncio.get_running_loop(), Clock(), Intake()
    with ThreadPoolExecutor(1, "journal") as thread:
        journal = await loop.run_in_executor(thread, Journal.open, loaded.journal, loaded.site.id)
        store = Metered(journal, clock, timed)
        known = frozenset(source.id for source in loaded.site.sources)
        writer = Writer(intake, store, Pipelines(loaded.site), known, thread)
        await writer.recover()
        links = {
            driver.id: DeviceLink(driver.id, intake, clock.now, lambda: clock.synchronised)
            for driver in loaded.settings.device
        }
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run())
            devices = [
                tasks.create_task(kept, name=name)
                for name, kept in connections(loaded, links, brokers(loaded, clock.now))
            ]
            interpreter.settle()
            await _answer(link, store)
            for device in devices:
                device.cancel()
            await asyncio.wait(devices)
            writer.stop()
        await loop.run_in_executor(thread, journal.close)


async def _answer(link: Connection, store: Metered) -> None:
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(link.fileno(), asked.set)
    try:
        while True:
            await asked.wait()
            asked.clear()
            while link.poll():  # the loop tells of the same bytes more than once
                if link.recv() != "mark":
                    return
                link.send(store.mark())
    finally:
        loop.remove_reader(link.fileno())
