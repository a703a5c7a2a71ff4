"""A whole site in one process: simulated readers and a tracker on real sockets, the daemon, a journal that is thrown away."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from core.events import Event
from gateway.app import Daemon
from gateway.clock import Clock
from gateway.configuration import load
from gateway.contracts import News
from gateway.demo_road import Positions, Van
from gateway.notify import Notifier

if TYPE_CHECKING:
    from simulators.score import Score
    from simulators.traffic import Scenario
    from simulators.world import World

LEAD = 2.0
"""Seconds that the readers get to be connected before the first pallet moves."""
DOORS = 2
JOURNAL = "waypost.db"
CROSSINGS = 720.0
"""Pallets through each door per hour: one in five seconds, so that a short demo shows some."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demo saw, held against what really happened."""

    events: tuple[Event, ...]
    reads: int
    score: "Score"
    idle: tuple[str, ...]
    """Doors that nobody passed: of them nothing was shown."""
    positions: Positions

    @property
    def true(self) -> bool:
        """Every door was passed, and every event and position is as it happened."""
        return self.score.perfect and not self.idle and self.positions.perfect


def scenario(seconds: float, seed: int, start: int) -> "Scenario":
    """What happens at the doors, from `start`, microseconds UTC."""
    from simulators.layout import docks
    from simulators.traffic import Scenario

    return Scenario(seed, start, seconds, docks(DOORS, rooms=0), CROSSINGS, one_sided_per_hour=60.0)


async def demo(seconds: float, seed: int, show: Callable[[Event], None]) -> Outcome:
    """Play `seconds` of a world with two dock doors, and of a van on the road, in real time; `show` gets each event as it is durable."""
    from simulators.world import World

    start = time.time_ns() // 1000 + round(LEAD * 1e6)
    world, van = World(scenario(seconds, seed, start)), Van(seed, start, seconds)
    with TemporaryDirectory(prefix="waypost-demo-") as folder:
        return await _play(world, van, Path(folder), show)


async def _play(world: "World", van: Van, folder: Path, show: Callable[[Event], None]) -> Outcome:
    from simulators.clock import RunningClock
    from simulators.layout import site_toml
    from simulators.llrp import SimulatedReader
    from simulators.score import compare

    async with AsyncExitStack() as stack:
        readers = {
            name: await stack.enter_async_context(SimulatedReader()) for name in world.scenario.layout.readers
        }
        urls = {name: reader.url for name, reader in readers.items()}
        file = folder / "waypost.toml"
        doors = site_toml(world.scenario.layout, world.truth.items, urls)
        file.write_text(f"{doors}\n{van.table()}", encoding="utf-8")
        daemon = Daemon(load(file), Notifier({}), Clock())
        events: list[Event] = []

        def told(decided: News) -> None:
            for event in decided.events:
                events.append(event)
                show(event)

        daemon.listeners.append(told)
        running = asyncio.create_task(daemon.run())
        driving = asyncio.create_task(van.drive(RunningClock()))
        played = asyncio.gather(
            *(reader.play(world.play(name), world.epcs) for name, reader in readers.items())
        )
        await asyncio.wait(
            {running, asyncio.ensure_future(_until(played, world, van))}, return_when="FIRST_COMPLETED"
        )
        driving.cancel()
        await asyncio.wait([driving])
        daemon.listeners.clear()
        daemon.stop()
        await running
    reads = sum(link.reads_total for link in daemon.links.values())
    passed = {event.place for event in events if event.kind == "passed"}
    idle = tuple(door.id for door in world.scenario.layout.doors if door.id not in passed)
    score = compare(world.truth, events, settled=world.truth.end)
    return Outcome(tuple(events), reads, score, idle, van.score(folder / JOURNAL))


async def _until(played: "asyncio.Future[list[None]]", world: "World", van: Van) -> None:
    await played
    left = world.truth.end / 1e6 - time.time()
    await asyncio.sleep(max(left, 0))
    await van.arrived()
