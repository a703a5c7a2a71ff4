"""The daemon: how the parts are put together. The only module that knows many of them.

The edge (devices) is supervised: whatever a device does, the daemon goes on. The core (intake, pipeline,
journal) is not: if it fails the process ends, and systemd starts it again.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from core.records import SECOND, Down, Dropped, Input, Shift
from gateway.clock import Clock
from gateway.configuration import Configuration
from gateway.contracts import Decided, Decider, News
from gateway.control import Control, socket_path
from gateway.edge import brokers, connections
from gateway.intake import Intake
from gateway.journal import Journal, Opening
from gateway.link import DeviceLink
from gateway.notify import Notifier
from gateway.quarantine import last_written, salvage
from gateway.reader import Reader
from gateway.recovery import Pipelines, Recovered, Wreck
from gateway.retention import Limits
from gateway.signs import NEVER
from gateway.sinks.catalog import sinks
from gateway.sinks.dispatch import Dispatch
from gateway.sinks.origin import Origin
from gateway.status import evicted, health, status
from gateway.unknown import unknown
from gateway.writer import Writer

log = logging.getLogger(__name__)

CLOCK_POLL = 10.0
"""Seconds between questions whether the system clock has been synchronised."""
STATUS_PERIOD = 5.0
"""Seconds between looks at the daemon's health for systemd's status line."""
FAREWELL = 10.0
"""Seconds that devices get to end their sessions cleanly."""
NOT_RUNNING = "Waypost was not running"
WENT_BACK = "the journal went back in time: what was noted here between its copy and now stands in the central store only"
LOST = "the journal was damaged, and what it held of this device is lost"


class Daemon:
    """One site's gateway, from `run` to its end."""

    def __init__(self, configuration: Configuration, notifier: Notifier, clock: Clock) -> None:
        self.configuration = configuration
        self.intake = Intake()
        self.clock = clock
        self.ready = asyncio.Event()
        self.listeners: list[Callable[[News], None]] = []
        self._notifier = notifier
        self._stop = asyncio.Event()
        self._dated = asyncio.Event()
        self._fed = 0.0
        self.links = {
            driver.id: DeviceLink(driver.id, self.intake, clock.now, lambda: clock.synchronised)
            for driver in configuration.settings.device
        }
        self.brokers = brokers(configuration, clock.now)
        self._writer: Writer | None = None
        self._journal: Journal | None = None
        self._dispatch: Dispatch | None = None

    def stop(self) -> None:
        """Begin a clean stop: what is in memory becomes durable, then `run` returns."""
        self._stop.set()

    async def run(self) -> None:
        """Until `stop`. Raises what the journal raises when it cannot be opened, and Busy for a second daemon."""
        with ThreadPoolExecutor(1, "journal") as thread:
            loop = asyncio.get_running_loop()
            journal = await loop.run_in_executor(thread, self._open)
            try:
                await self._run(journal, thread)
                log.info("site %s: stopped, everything is in the journal", self.configuration.site.id)
            finally:
                await loop.run_in_executor(thread, journal.close)
                self._notifier.close()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT stop cleanly."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    def _open(self) -> Journal:
        table = self.configuration.settings.journal
        limits = Limits(table.max_bytes, table.reads_max_bytes, table.retention_days)
        return Journal.open(self.configuration.journal, self.configuration.site.id, limits)

    async def _run(self, journal: Journal, thread: ThreadPoolExecutor) -> None:
        site = self.configuration.site
        known = frozenset(source.id for source in site.sources)
        watchdog = self._notifier.watchdog_seconds
        idle = 15.0 if watchdog is None else watchdog / 3
        writer = Writer(self.intake, journal, Pipelines(site), known, thread, self._progress, idle)
        writer.listeners = self.listeners
        self._writer, self._journal = writer, journal
        self._dispatch = dispatch = self._sinks(writer, journal)
        path = socket_path(self.configuration.journal)
        control = Control(path, self.links, self.status, self.unknown, dispatch.settle, self.clock.now)
        recovered = await self._recover(writer, journal, thread)
        server = await control.serve()
        try:
            async with asyncio.TaskGroup() as core:
                core.create_task(writer.run(), name="writer")
                core.create_task(self._edge(core, writer, recovered, journal, dispatch), name="edge")
        finally:
            await control.close(server)

    def _sinks(self, writer: Writer, journal: Journal) -> Dispatch:
        """The forwarders of all sinks, which the writer wakes."""
        site, began = self.configuration.site, journal.head.time

        async def tell_gap(reason: str) -> None:
            now = self.clock.now()
            for link in self.links.values():
                await link.emit(Dropped(now, min(began or now, now), WENT_BACK))

        origin = Origin(
            path=journal.path,
            site=site.id,
            offsets={source.id: round(source.offset * SECOND) for source in site.sources if source.offset},
            notebook=journal.notebook,
            epoch=lambda: journal.epoch,
            now=self.clock.now,
            dated=self._dated.wait,
            save=writer.save_notes,
            went_back=tell_gap,
        )
        dispatch = Dispatch(
            sinks(self.configuration, self.links, self.clock.now), origin, lambda: _heads(journal)
        )
        self.listeners.append(dispatch.wake)
        return dispatch

    async def _recover(self, writer: Writer, journal: Journal, thread: Executor) -> Recovered:
        """The state from the journal, or from what is left of it when it was damaged."""
        opening, loop = journal.opening, asyncio.get_running_loop()
        if opening.state != "replaced" or opening.quarantined is None:
            return await self._keep_to_what_was_said(writer, await writer.recover(), journal.past, thread)
        log.error("the journal was damaged and is now %s: %s", opening.quarantined, opening.reason)
        found = await loop.run_in_executor(thread, salvage, opening.quarantined)
        if found is None:
            log.error("nothing could be read from it: the state begins anew")
            return await writer.recover()
        try:
            return await self._keep_to_what_was_said(
                writer, await writer.recover(Wreck(found)), found, thread
            )
        finally:
            await loop.run_in_executor(thread, found.close)

    async def _keep_to_what_was_said(
        self, writer: Writer, recovered: Recovered, past: Reader, thread: Executor
    ) -> Recovered:
        """After a change of configuration or version no event is told again, and none is missing.

        A state that comes from no snapshot is saved at once, so that the journal always knows its configuration.
        """
        adopted = None
        if recovered.snapshot == "refused":
            log.info(
                "the configuration or the version has changed: the state keeps to the events of the journal"
            )
            now, loop = self.clock.now(), asyncio.get_running_loop()
            adopted = await loop.run_in_executor(thread, _adopt, recovered.pipeline, past, now)
        if recovered.snapshot != "used":
            await writer.begin(adopted)
        return recovered

    async def _edge(
        self,
        core: asyncio.TaskGroup,
        writer: Writer,
        recovered: Recovered,
        journal: Journal,
        dispatch: Dispatch,
    ) -> None:
        await self._tell_blind_intervals(recovered, journal.opening)
        devices = [
            core.create_task(kept, name=name)
            for name, kept in connections(self.configuration, self.links, self.brokers)
        ]
        others = [
            core.create_task(self._watch_clock()),
            core.create_task(self._watch_health(writer, journal, dispatch)),
            *(core.create_task(one.run(), name=name) for name, one in dispatch.forwarders.items()),
        ]
        log.info(
            "site %s: ready, %d devices, %d inputs stepped again",
            self.configuration.site.id,
            len(self.links),
            recovered.stepped,
        )
        self.ready.set()
        self._notifier.ready()
        await self._stop.wait()
        self._notifier.stopping()
        # Before the devices: that they stop is the gateway's doing, and its own status tells it.
        await _end(others)
        await _end(devices)
        writer.stop()

    async def _tell_blind_intervals(self, recovered: Recovered, opening: Opening) -> None:
        """A source that was up when the last daemon ended has been unheard since its last sign of life.

        Where a damaged journal does not tell that any more, it is since the journal was last written at the latest.
        """
        for source, link in self.links.items():
            link.sign = sign = recovered.signs.get(source, NEVER)
            if sign.up and sign.time is not None:
                await link.emit(Down(sign.time, NOT_RUNNING))
            elif sign.time is None and opening.quarantined is not None:
                await link.emit(Down(min(last_written(opening.quarantined), self.clock.now()), LOST))

    async def _watch_clock(self) -> None:
        loop = asyncio.get_running_loop()
        patience = loop.time() + self.configuration.settings.site.clock_wait
        while not self.clock.synchronised:
            if loop.time() >= patience:
                self._dated.set()
            left = CLOCK_POLL if self._dated.is_set() else min(CLOCK_POLL, patience - loop.time())
            await asyncio.sleep(left)
            by = self.clock.reanchor()
            if by is not None:
                await self._shift(by)
        self._dated.set()

    async def _shift(self, by: int) -> None:
        """Returns when it is durable."""
        log.info("the system clock is synchronised: times before now were wrong by %.3f s", by / 1e6)
        for link in self.links.values():
            link.shift(by)
        sources = self.configuration.site.sources
        if sources:  # the step concerns all sources, whichever is named
            now = self.clock.now()
            await (await self.intake.put(Input(sources[0].id, now, Shift(now, by))))

    async def _watch_health(self, writer: Writer, journal: Journal, dispatch: Dispatch) -> None:
        told, forgotten = "", False
        while True:
            text = health(self.links.values(), writer, journal.counts(), dispatch)
            if text != told:
                self._notifier.status(text)
                told = text
            if not forgotten and evicted(writer):
                forgotten = True
                log.warning(
                    "more than %d unknown tags (tags.limit): the longest unheard are forgotten and counted; "
                    "filter them with tags.accept or tags.ignore",
                    self.configuration.site.tags.limit,
                )
            await asyncio.sleep(STATUS_PERIOD)

    def _progress(self) -> None:
        """Feed the watchdog, at most once a second."""
        now = asyncio.get_running_loop().time()
        if now - self._fed >= 1:
            self._notifier.watchdog()
            self._fed = now

    def status(self) -> dict[str, object]:
        """What `waypost status --json` prints."""
        if self._writer is None or self._journal is None or self._dispatch is None:
            return {}
        site = self.configuration.site
        counts = self._journal.counts()
        return status(site, counts, self.links, self._writer, self.intake, self._dispatch, self.brokers)

    def unknown(self, limit: int) -> dict[str, object]:
        """What `waypost status --unknown --json` prints."""
        if self._writer is None:
            return {}
        return unknown(self.configuration.site.tags, self._writer, limit)


def _heads(journal: Journal) -> dict[str, int]:
    head = journal.head
    return {"events": head.events, "gaps": head.gaps, "reads": head.reads, "fixes": head.fixes}


def _adopt(pipeline: Decider, past: Reader, now: int) -> Decided:
    return pipeline.adopt((event for _, event in past.events()), now)


async def _end(tasks: "Sequence[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    _, left = await asyncio.wait(tasks, timeout=FAREWELL)
    for task in left:
        log.warning("%s does not end; it is left behind", task.get_name())
        task.cancel()
