"""A simulated serial module behind a device server, a daemon that can be busy, and a driver between them, in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine

from core.records import SECOND
from drivers.base import Driver
from simulators.clock import RunningClock
from simulators.serial_line import TcpLine
from simulators.serial_module import SimulatedModule
from tests.at_work import at_work, ended
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

START = 1_767_225_600 * SECOND


class Scene:
    """`running` is the driver at work."""

    def __init__(self, line: TcpLine, link: FakeLink, running: asyncio.Task[None]) -> None:
        self.line = line
        self.link = link
        self.running = running

    async def end(self) -> Exception:
        """What ended the driver."""
        return await ended(self.running)


def play(
    module: SimulatedModule,
    driver: Callable[[str], Driver],
    test: Callable[[Scene], Coroutine[None, None, None]],
) -> None:
    """Run `test` with the driver that `driver` makes of the module's URL."""

    async def main() -> None:
        async with TcpLine(module, RunningClock(START)).served() as line:
            link = FakeLink()
            async with at_work(driver(line.url), link) as running:
                await asyncio.sleep(5)
                await test(Scene(line, link, running))

    run(main())
