"""A simulated site for the daemon under test: readers on real sockets, their world, and the daemon in this process.

On the loop of `tests.virtual_loop` minutes pass in no time, and the daemon's clock is the world's.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.events import Gap
from gateway.app import Daemon
from gateway.clock import Clock
from gateway.configuration import load
from gateway.notify import Notifier
from simulators.clock import SECOND, RunningClock, sleep_until
from simulators.llrp_device import Setup
from simulators.llrp_reports import Sighting
from simulators.site import SimulatedSite
from simulators.world import World
from tests.fix_daemon import Daemon as Running
from tests.fix_daemon import Row, reads, until

START = 1_767_225_600 * SECOND
"""When the simulated worlds begin, microseconds UTC."""

LEAD = 10
"""Seconds before that at which the readers and the daemon are switched on."""

SENTINEL = bytes.fromhex("E2800000000000000000FFFF")
"""A tag that is in no world."""

LATENESS = 0.3
"""Seconds by which a door's reads may come out of order, as the portals of these sites have it."""


def now() -> int:
    """The real time in microseconds UTC."""
    return time.time_ns() // 1000


def configure(site: SimulatedSite, folder: Path, change: Callable[[str], str] = str) -> Path:
    """The site's configuration in a file of `folder`, after a change of its text."""
    file = folder / "waypost.toml"
    file.write_text(change(site.toml()))
    return file


class Wall:
    """The gateway's clocks on the world's time; the wall clock, and only that, can be stepped (microseconds)."""

    def __init__(self, world: RunningClock) -> None:
        self._world = world
        self._boot = world.now()
        self.step = 0
        self.synchronised = True

    def clock(self) -> Clock:
        """What a daemon takes at its start."""
        return Clock(self._wall, self._since_boot, lambda: self.synchronised)

    def _wall(self) -> int:
        return (self._world.now() + self.step) * 1000

    def _since_boot(self) -> int:
        return (self._world.now() - self._boot) * 1000


@asynccontextmanager
async def daemon(file: Path, clock: Clock) -> AsyncIterator[Daemon]:
    """A daemon in this process that is ready; stopped cleanly at the end."""
    one = Daemon(load(file), Notifier({}), clock)
    task = asyncio.create_task(one.run())
    ready = asyncio.create_task(one.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    try:
        if not task.done():
            yield one
    finally:
        one.stop()
        await task


@asynccontextmanager
async def stage(
    world: World, folder: Path, setup: Setup | None = None
) -> AsyncIterator[tuple[RunningClock, SimulatedSite, Daemon]]:
    """A world's readers, and a daemon in this process that has set them to work, a moment before the world begins."""
    clock = RunningClock(START - LEAD * SECOND)
    async with (
        SimulatedSite(world, clock, setup) as site,
        daemon(configure(site, folder), Wall(clock).clock()) as one,
    ):
        await until(lambda: all_up(one), "the readers are up")
        yield clock, site, one


def all_up(one: Daemon) -> bool:
    """Do all devices talk to the daemon?"""
    return all(link.health.state == "up" for link in one.links.values())


async def pause_until(clock: RunningClock, seconds: float) -> None:
    """Until it is `seconds` after START on the world's clock."""
    await asyncio.sleep(max(0.0, (START - clock.now()) / SECOND + seconds))


def heard(world: World) -> set[Row]:
    """Every read that the readers make of the world, as the journal has it."""
    found: set[Row] = set()
    for reader in world.scenario.layout.readers:
        seen = world.sightings(reader)
        columns = zip(seen.tag.tolist(), seen.antenna.tolist(), seen.time.tolist(), strict=True)
        found |= {(reader, world.epcs[tag].hex().upper(), port, at) for tag, port, at in columns}
    return found


@dataclass(frozen=True, slots=True)
class Blindness:
    """The gaps of a journal, by device."""

    gaps: Mapping[str, tuple[Gap, ...]]

    @classmethod
    def of(cls, gaps: list[Gap]) -> "Blindness":
        names = {gap.source for gap in gaps}
        return cls({name: tuple(gap for gap in gaps if gap.source == name) for name in names})

    def covers(self, device: str, time: int, slack: float = 0.0) -> bool:
        """Is `time` in a gap of the device? One that begins up to `slack` seconds later counts too."""
        early = round(slack * SECOND)
        return any(gap.since - early <= time < gap.to for gap in self.gaps.get(device, ()))


def filled_right(gap: Gap, rows: Iterable[Row]) -> bool:
    """Does the gap count the reads that fell into it? Those out of order at its ends may be left out."""
    fell = [time for device, _, _, time in rows if device == gap.source and gap.since <= time < gap.to]
    sure = [time for time in fell if gap.since < time < gap.to - round(LATENESS * SECOND)]
    return len(sure) <= gap.filled <= len(fell)


def begin(site: SimulatedSite) -> World:
    """Let the site's world, which only had its layout and items until here, begin in a second of real time."""
    site.world = World(replace(site.world.scenario, start=now() + SECOND))
    return site.world


async def settled(site: SimulatedSite, running: Running) -> None:
    """Until everything that happened in the site's world is decided and stands in the daemon's journal.

    At the world's end all readers hear one more tag: once that is there, so is whatever was waiting for it.
    """
    await sleep_until(site.clock, site.world.truth.end)
    await running.up(*site.readers)
    time = site.clock.now()
    for reader in site.readers.values():
        await reader.see(Sighting(1, SENTINEL, time))
    rows = {(device, SENTINEL.hex().upper(), 1, time) for device in site.readers}
    await until(lambda: rows <= set(reads(running.journal)), "the last tag is in the journal")
