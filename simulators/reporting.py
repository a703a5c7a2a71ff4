"""Something with a position that reports through a broker: each note of its logbook is a message."""

from collections.abc import Callable

from simulators.clock import Clock, sleep_until
from simulators.lasting import QOS, Publisher
from simulators.logbook import Logbook, Noted

Message = Callable[[Noted], tuple[str, bytes]]
"""Topic and payload about one note."""


async def report(logbook: Logbook, message: Message, client: Publisher, clock: Clock) -> None:
    """From now on, until it is cancelled. A note is forgotten when the broker has said that it has it."""
    messages = 0
    while True:
        logbook.note(clock.now())
        while logbook.connected(clock.now()) and (batch := logbook.held(1)):
            await client.publish(*message(batch[0]), QOS)
            messages += 1
            if logbook.faults.lost and messages % logbook.faults.lost == 0:
                continue
            logbook.forget(batch)
            if logbook.faults.repeated and messages % logbook.faults.repeated == 0:
                await client.publish(*message(batch[0]), QOS)
        await sleep_until(clock, logbook.due)
