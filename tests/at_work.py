"""A driver at work beside a test, in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from drivers.base import Driver
from tests.llrp_scene import FakeLink

PATIENCE = 10_000
"""Virtual seconds in which a driver that is to end has ended."""


@asynccontextmanager
async def at_work(driver: Driver, link: FakeLink) -> AsyncIterator["asyncio.Task[None]"]:
    """The driver's task; it is ended at the end, also where the test has let the daemon take nothing."""
    running = asyncio.create_task(driver.run(link))
    try:
        yield running
    finally:
        link.gate.set()
        running.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await running


async def ended(running: "asyncio.Task[None]") -> Exception:
    """What ended it, by itself."""
    async with asyncio.timeout(PATIENCE):
        with suppress(Exception):
            await asyncio.shield(running)
    error = running.exception()
    assert isinstance(error, Exception)
    return error
