"""Keeping one device's driver running: when to try again, what is a fault, what is a gap."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from core.records import Down
from drivers.base import Driver, Fatal, ProtocolError
from gateway.backoff import STEADY, delays
from gateway.intake import Closed
from gateway.link import DeviceLink, tell_lost

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[object]]

TRANSIENT = (OSError, EOFError, TimeoutError, ProtocolError)
"""What networks and devices do. Anything else that a driver raises is a bug, told with its traceback."""

STOPPING = "Waypost was stopped"
ABSENT = "it has not come up since Waypost was started"
PATIENCE = 30.0
"""Seconds that a first attempt may take before a device that was never heard is called down: one that calls us may
never do so."""


async def supervise(
    driver: Driver, link: DeviceLink, chance: random.Random, sleep: Sleep = asyncio.sleep
) -> None:
    """Run the driver again and again until it needs an operator; never raises but for cancellation."""
    await supervise_all(lambda: driver.run(link), (link,), chance, sleep)


async def supervise_all(
    run: Callable[[], Awaitable[None]],
    links: Sequence[DeviceLink],
    chance: random.Random,
    sleep: Sleep = asyncio.sleep,
) -> None:
    """The same for one connection that several devices share: `run` is one attempt."""
    waits = delays(chance)
    absent = asyncio.create_task(_tell_absent(links, sleep))
    try:
        while True:
            reason = await _attempt(run, links)
            if any(link.seconds_up() >= STEADY for link in links):
                waits = delays(chance)
            for link in links:
                await _tell_down(link, reason)
            if all(link.health.state == "failed" for link in links):
                return
            for link in links:
                link.restarts += 1
            await sleep(next(waits))
    except asyncio.CancelledError:
        for link in links:
            with suppress(Closed):  # the core has failed, and its journal ends before this
                await _tell_down(link, STOPPING if link.sign.up else ABSENT)
            link.stopped()
        raise
    finally:
        absent.cancel()


async def _tell_absent(links: Sequence[DeviceLink], sleep: Sleep) -> None:
    await sleep(PATIENCE)
    with suppress(Closed):
        for link in links:
            if not link.sign.up:
                await _tell_down(link, ABSENT)


async def _attempt(run: Callable[[], Awaitable[None]], links: Sequence[DeviceLink]) -> str:
    """One connection, from its beginning to why it ended."""
    for link in links:
        link.begin()
    try:
        await run()
        reason = "the connection ended"
    except Fatal as error:
        reason = str(error)
        for link in links:
            link.failed(reason)
        return reason
    except TRANSIENT as error:
        reason = describe(error)
    except Exception as error:
        reason = f"a fault in the driver: {describe(error)}"
        if any(link.health.error != reason for link in links):
            log.exception("%s: %s", ", ".join(link.device for link in links), reason)
        for link in links:
            link.bugs += 1
    tell_lost([link.device for link in links if link.lost(reason)], reason)
    return reason


async def _tell_down(link: DeviceLink, reason: str) -> None:
    """Up to the last sign of life nothing is unknown; from there on the device's silence means nothing.

    A device that never gave one is unheard since it is awaited, which is told once.
    """
    if link.sign.time is None:
        if link.health.state != "up":
            await link.emit(Down(link.awaited, reason))
    elif link.sign.up:
        await link.emit(Down(link.sign.time, reason))


def describe(error: BaseException) -> str:
    """An exception as a reason; some of the standard ones have no text of their own."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
