"""A broker of a test's own, for answers that Mosquitto does not give. It knows as much of MQTT 5 as it must."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.fix_certificates import HOST

CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 1, 2, 3, 4, 14


def packet(kind: int, body: bytes) -> bytes:
    """MQTT 5.0, section 2.1; bodies of less than 128 bytes."""
    return bytes((kind << 4, len(body))) + body


@dataclass(slots=True)
class Peer:
    """What it answers, and what it was sent.

    hello    to a CONNECT
    answers  to the PUBLISHes in turn: a reason code for a PUBACK, bytes, or None for none at all; then 0x00
    most     PUBACKs that waited at a time: they are sent when nothing more comes
    topics, retained  of the PUBLISHes, in order
    """

    hello: bytes = packet(CONNACK, b"\0\0\0")
    answers: list[int | bytes | None] = field(default_factory=list)
    port: int = 0
    sessions: int = 0
    most: int = 0
    topics: list[str] = field(default_factory=list)
    retained: list[bool] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        held: list[bytes] = []
        while True:
            reading = asyncio.ensure_future(_read(reader))
            try:
                await asyncio.wait({reading}, timeout=0.01)
            except asyncio.CancelledError:
                reading.cancel()
                raise
            if not reading.done():
                writer.write(b"".join(held))
                held.clear()
            kind, flags, body = await reading
            if kind == CONNECT:
                self.sessions += 1
                writer.write(self.hello)
            elif kind == PUBLISH:
                held.append(self._answer(flags, body))
                self.most = max(self.most, len(held))

    def _answer(self, flags: int, body: bytes) -> bytes:
        end = 2 + int.from_bytes(body[:2])
        self.topics.append(body[2:end].decode())
        self.retained.append(bool(flags & 1))
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, int):
            return packet(PUBACK, body[end : end + 2] + bytes((answer, 0)))
        return answer or b""


async def _read(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    head = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        shift += 7
        if digit < 0x80:
            return head >> 4, head & 0x0F, await reader.readexactly(length)


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[Peer]:
    """Listens on a free loopback port."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await peer.serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # a stream's task that ends with an exception is logged as a fault
        finally:
            writer.transport.abort()
            tasks.discard(task)

    server = await asyncio.start_server(serve, HOST, 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
