"""A TCP relay between a client and a server that can cut its connections, and hold what comes back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Relay:
    """Listens on `port` of the loopback.

    connections  that were made so far
    limit        bytes towards the server after which a connection is cut, None = never
    """

    port: int = 0
    connections: int = 0
    limit: int | None = None
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Both ends see their connection break."""
        for writer in tuple(self.open):
            writer.transport.abort()


@asynccontextmanager
async def relay_to(port: Callable[[], int]) -> AsyncIterator[Relay]:
    """A relay to the server that listens on `port()` at the moment of a connection."""
    relay = Relay()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            relay.connections += 1
            await _serve(relay, port(), reader, writer)
        except asyncio.CancelledError:
            pass  # a stream's task that is cancelled is logged as a fault
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    relay.port = server.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _serve(relay: Relay, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        there, back = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        writer.transport.abort()
        return
    relay.open |= {writer, back}
    ways = [
        asyncio.create_task(_copy(reader, back, relay)),
        asyncio.create_task(_copy(there, writer, None)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, back):
            relay.open.discard(end)
            end.transport.abort()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter, relay: Relay | None) -> None:
    passed = 0
    try:
        while piece := await source.read(1 << 16):
            if relay is not None and relay.limit is not None and passed + len(piece) > relay.limit:
                piece, relay.limit = piece[: relay.limit - passed], None
                sink.write(piece)
                await sink.drain()
                return
            passed += len(piece)
            sink.write(piece)
            await sink.drain()
    except ConnectionError:
        return
