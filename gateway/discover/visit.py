"""A visit to whoever is at the other end of a TCP connection: is it an LLRP reader, and which?"""

import asyncio
from contextlib import suppress

from drivers.codecs.llrp_greeting import Greeting
from gateway.discover.finding import Finding, State, Value

_AT_ONCE = 1 << 16
_CLOSE_SECONDS = 1.0

MOST_PORTS = 64
"""Antennas that a table lists; a reader that claims more is believed as little as one that claims none."""


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Greeting:
    """What came of it; the connection is closed."""
    loop = asyncio.get_running_loop()
    greeting = Greeting(loop.time())
    try:
        while not greeting.over:
            writer.write(greeting.data_to_send())
            try:
                async with asyncio.timeout_at(greeting.deadline):
                    data = await reader.read(_AT_ONCE)
            except TimeoutError:
                greeting.timeout(loop.time())
                continue
            if not data:
                greeting.lost("it closed the connection")
                break
            greeting.receive(data, loop.time())
    except OSError as error:
        greeting.lost(error.strerror or str(error))
    finally:
        await _closed(writer)
    return greeting


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_CLOSE_SECONDS):
            await writer.wait_closed()
    writer.transport.abort()


def finding(finder: str, where: str, name: str, greeting: Greeting, settings: dict[str, Value]) -> Finding:
    """What a greeting says about whoever is at `where`; `settings` are those of its [[device]]."""
    if greeting.state == "silent":
        return Finding(
            finder, where, "unknown", model="not an LLRP reader at work", remarks=(greeting.reason,)
        )
    state: State = "ready" if greeting.state == "free" else "busy"
    reader = greeting.capabilities
    remarks = [greeting.reason] if greeting.reason else []
    ports = greeting.connected or ()
    if reader is not None and not ports and 0 < reader.antennas <= MOST_PORTS:
        ports = tuple(range(1, reader.antennas + 1))
        remarks.append("it does not tell which antennas are connected: list those that are")
    if greeting.reports:
        remarks.append(
            f"it sent {greeting.reports} reports that it had kept for nobody in particular; they are gone"
        )
    model = "LLRP reader" if reader is None else f"LLRP reader: {reader}"
    return Finding(finder, where, state, "llrp", name, model, settings, ports[:MOST_PORTS], tuple(remarks))
