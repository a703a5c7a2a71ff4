"""A simulated Impinj reader, a daemon that can be busy, and the driver between them, over real sockets, in virtual time.

Whoever plays sets READER_PASSWORD.
"""

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from core.records import SECOND, Reads
from drivers.impinj_http import ImpinjHttp
from simulators.clock import RunningClock
from simulators.impinj import SimulatedImpinj
from simulators.impinj_device import Setup
from simulators.llrp_reports import Sighting
from tests.at_work import at_work, ended
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

START = 1_767_225_600 * SECOND
EPC = bytes.fromhex("E28011700000020D2A412182")


def sighting(time: int | None = None, antenna: int = 1) -> Sighting:
    return Sighting(antenna, EPC, time)


class Scene:
    """`running` is the driver at work."""

    def __init__(self, reader: SimulatedImpinj, link: FakeLink, running: asyncio.Task[None]) -> None:
        self.reader = reader
        self.link = link
        self.running = running

    async def end(self) -> Exception:
        """What ended the driver."""
        return await ended(self.running)

    def of(self, kind: type) -> list[object]:
        return [body for body in self.link.bodies if isinstance(body, kind)]

    @property
    def times(self) -> list[int]:
        return [time for body in self.link.bodies if isinstance(body, Reads) for time in body.time.tolist()]


def play(
    test: Callable[[Scene], Coroutine[None, None, None]],
    setup: Setup | None = None,
    context: ssl.SSLContext | None = None,
    chunked: bool = True,
    before: Callable[[SimulatedImpinj], None] = lambda reader: None,
    **settings: Any,
) -> None:
    """Run `test` with the driver at a reader that has been on for a while."""

    async def main() -> None:
        async with SimulatedImpinj(setup, RunningClock(START), context, chunked=chunked) as reader:
            before(reader)
            link = FakeLink()
            link.offset = START
            driver = ImpinjHttp.model_validate(
                {"id": "dock1", "url": reader.url, "password": "env:READER_PASSWORD", **settings}
            )
            async with at_work(driver, link) as running:
                await asyncio.sleep(3)
                await test(Scene(reader, link, running))

    run(main())
