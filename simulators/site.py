"""A whole simulated site: a world and a reader for each of its devices."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType

from simulators.clock import Clock, RunningClock
from simulators.layout import site_toml
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup
from simulators.world import World


class SimulatedSite:
    """The readers of `world` by device id; they listen while the context lasts.

    With a clock that is already past the world's time (a scenario that starts in the past) `play` gives all of it
    at once, as a backlog with its own times; else it plays as fast as the clock runs.
    """

    def __init__(self, world: World, clock: Clock | None = None, setup: Setup | None = None) -> None:
        self.world = world
        self.clock: Clock = clock or RunningClock()
        self.readers = {id: SimulatedReader(setup, self.clock) for id in world.scenario.layout.readers}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "SimulatedSite":
        for reader in self.readers.values():
            await self._stack.enter_async_context(reader)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def toml(self) -> str:
        """The configuration of the site as TOML, with the readers' addresses and the registered items."""
        urls = {id: reader.url for id, reader in self.readers.items()}
        return site_toml(self.world.scenario.layout, self.world.truth.items, urls)

    async def reading(self) -> None:
        """Wait until somebody has set every reader to work; what would be read before that is lost."""
        for reader in self.readers.values():
            await reader.until_reading()

    async def play(self) -> None:
        """Let every reader read what it hears, to the world's end."""
        async with asyncio.TaskGroup() as group:
            for id, reader in self.readers.items():
                group.create_task(reader.play(self.world.play(id), self.world.epcs))
