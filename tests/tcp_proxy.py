"""A proxy between a client and PostgreSQL that counts messages, and cuts or holds the connection at one of them.

The wire: a message is a type, a length that counts itself, and a body; the client's first has no type
(PostgreSQL's "Frontend/Backend Protocol", Message Formats). Not for TLS.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["to_server", "to_client"]
Kind = Literal["cut", "torn", "hold"]
WAYS: tuple[Way, ...] = ("to_server", "to_client")
KINDS: tuple[Kind, ...] = ("cut", "torn", "hold")


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to message number `at` of one way, counted from 1 since the fault was planned, of all connections.

    cut   neither it nor anything behind it arrives, and both ends see the connection end
    torn  the same, but half of it arrives
    hold  it arrives, and everything behind it, after `Proxy.release`
    """

    way: Way
    at: int
    kind: Kind = "cut"


@dataclass(slots=True)
class Proxy:
    """Listens on `port` of the loopback. `counts` are messages since the last plan."""

    port: int = 0
    counts: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(WAYS, 0))
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    _fault: Fault | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def plan(self, fault: Fault | None) -> None:
        """From now on; what was held goes on."""
        self.release()
        self._released = asyncio.Event()
        self._fault = fault
        self.counts = dict.fromkeys(WAYS, 0)
        self.hit = asyncio.Event()

    def release(self) -> None:
        """Let go what is held."""
        self._released.set()

    async def passes(self, way: Way, message: bytes) -> bytes:
        """What arrives of a message; ConnectionAbortedError if the connection ends with it."""
        self.counts[way] += 1
        fault = self._fault
        if fault is None or fault.way != way or fault.at != self.counts[way]:
            return message
        self.hit.set()
        if fault.kind == "hold":
            await self._released.wait()
            return message
        raise _Cut(message[: len(message) // 2] if fault.kind == "torn" else b"")


class _Cut(Exception):
    def __init__(self, rest: bytes) -> None:
        super().__init__()
        self.rest = rest


@asynccontextmanager
async def proxy_to(port: Callable[[], int]) -> AsyncIterator[Proxy]:
    """A proxy to the server that listens on `port()` at the moment of a connection."""
    proxy = Proxy()
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with suppress(asyncio.CancelledError):  # at the end of the proxy
            await _serve(proxy, port(), reader, writer)
        serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()


async def _serve(proxy: Proxy, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        writer.transport.abort()
        return
    ways = (
        asyncio.create_task(_copy(proxy, "to_server", reader, server_writer)),
        asyncio.create_task(_copy(proxy, "to_client", server_reader, writer)),
    )
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, server_writer):
            end.close()
            await asyncio.gather(end.wait_closed(), return_exceptions=True)


async def _copy(proxy: Proxy, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Message by message, until one end is gone or a fault cuts it."""
    typed = way == "to_client"
    try:
        while True:
            head = await reader.readexactly(5 if typed else 4)
            body = await reader.readexactly(int.from_bytes(head[-4:]) - 4)
            typed = True
            writer.write(await proxy.passes(way, head + body))
            await writer.drain()
    except _Cut as cut:
        writer.write(cut.rest)
    except (asyncio.IncompleteReadError, ConnectionError):
        return
