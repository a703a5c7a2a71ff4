"""A reader with a socket, a daemon that can be busy, and a driver between them, in virtual time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from core.records import SECOND, Body, Reads
from drivers.base import Order
from drivers.codecs.llrp import Message, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_setup import Reading
from drivers.llrp import Llrp
from drivers.llrp_connection import Connection
from drivers.streams import Address, open_stream
from tests.llrp_peer import NOW, Peer
from tests.virtual_loop import run


class Reader(asyncio.Protocol):
    """A peer with a socket."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.gone = asyncio.Event()
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.say(self.peer.greeting)

    def say(self, *messages: Message | bytes) -> None:
        data = b"".join(one if isinstance(one, bytes) else encode_message(one) for one in messages)
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self.say(*self.peer.answer(decode_message(frame)))

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()


class FakeLink:
    """The daemon, as far as a driver sees it; `gate` closed = it takes nothing."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.counters: Counter[str] = Counter()
        self.connections: Counter[str] = Counter()
        self.info: list[str] = []
        self.tapped = b""
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing = False
        self.synchronised = True
        self.asked: asyncio.Queue[Order] = asyncio.Queue()
        self.offset = NOW

    async def emit(self, body: Body) -> Awaitable[None]:
        await self.gate.wait()
        if self.failing:
            raise RuntimeError("the writer has ended")
        self.bodies.append(body)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        durable.set_result(None)
        return durable

    def up(self, info: str) -> None:
        self.info.append(info)

    def tap(self, data: bytes) -> None:
        self.tapped += data

    def count(self, name: str, n: int = 1) -> None:
        self.counters[name] += n

    def connected(self, tracker: str, n: int = 1) -> None:
        self.connections[tracker] += n

    def now(self) -> int:
        return self.offset + round(asyncio.get_running_loop().time() * SECOND)

    @property
    def orders(self) -> AsyncIterator[Order]:
        return self._orders()

    async def _orders(self) -> AsyncIterator[Order]:
        while True:
            yield await self.asked.get()

    @property
    def tags(self) -> list[str]:
        return [body.tags.ids[code] for body in self.bodies if isinstance(body, Reads) for code in body.tag]


class Scene:
    """A reader, a daemon and a driver between them."""

    def __init__(self, peer: Peer) -> None:
        self.reader = Reader(peer)
        self.link = FakeLink()
        self.driver: asyncio.Task[None] | None = None

    async def end(self) -> BaseException | None:
        """How the driver ended."""
        assert self.driver is not None
        await asyncio.wait({self.driver})
        return None if self.driver.cancelled() else self.driver.exception()

    async def stop(self) -> None:
        assert self.driver is not None
        self.driver.cancel()
        await asyncio.wait({self.driver})
        assert self.driver.cancelled()


@asynccontextmanager
async def scene(
    peer: Peer | None = None, limit: int | None = None, **settings: object
) -> AsyncIterator[Scene]:
    """The driver connects and has three seconds to get reading."""
    play = Scene(peer or Peer())
    server = await asyncio.get_running_loop().create_server(lambda: play.reader, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if limit is None:
        url = f"tcp://127.0.0.1:{port}"
        driver = Llrp.model_validate({"id": "door1", "url": url, **settings})
        play.driver = asyncio.create_task(driver.run(play.link))
    else:
        play.driver = asyncio.create_task(limited(play.link, port, limit))
    try:
        await asyncio.sleep(3)
        yield play
    finally:
        server.close()
        play.link.gate.set()
        play.driver.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await play.driver
        await play.reader.gone.wait()


async def limited(link: FakeLink, port: int, limit: int) -> None:
    """A connection that keeps so many rows for a busy daemon."""
    async with open_stream(Address("tcp", "127.0.0.1", port)) as stream:
        await Connection(Reading(), stream, link, "door1", limit).run()


def play(
    test: Callable[[Scene], Coroutine[None, None, None]],
    peer: Peer | None = None,
    limit: int | None = None,
    **settings: object,
) -> None:
    async def main() -> None:
        async with scene(peer, limit, **settings) as here:
            await test(here)

    run(main())
