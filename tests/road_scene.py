"""Trackers that call a driver, and a daemon that can be busy, over real sockets, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress

from pydantic import TypeAdapter

from core.records import Body, Fixes
from drivers.catalog import Device
from drivers.road import Road
from tests.at_work import at_work
from tests.fix_daemon import until
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run


class SlowLink(FakeLink):
    """Receipts resolve when they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.receipts: list[asyncio.Future[None]] = []

    async def emit(self, body: Body) -> Awaitable[None]:
        await super().emit(body)
        receipt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if isinstance(body, Fixes):
            self.receipts.append(receipt)
        return receipt


class Tracker:
    """A connection, as a tracker has it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def hears(self, count: int) -> bytes:
        return await self.reader.readexactly(count)

    async def over(self) -> bytes:
        """All that still comes, until the other end hangs up."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b""


Call = Callable[[], Coroutine[object, object, Tracker]]
Test = Callable[[FakeLink, Call, "asyncio.Task[None]"], Awaitable[None]]


def driver(url: str, **settings: object) -> Road:
    made = TypeAdapter(Device).validate_python({"id": "road", "kind": "teltonika", "url": url} | settings)
    assert isinstance(made, Road)
    return made


def listening(
    port: int, test: Test, link: FakeLink | None = None, scheme: str = "listen", **settings: object
) -> FakeLink:
    """A test beside the driver, in virtual time; the link that it had."""
    found: list[FakeLink] = []

    async def main() -> None:
        one = link or FakeLink()
        found.append(one)
        calls: list[Tracker] = []

        async def call() -> Tracker:
            calls.append(Tracker(*await asyncio.open_connection("127.0.0.1", port)))
            return calls[-1]

        async with at_work(driver(f"{scheme}://127.0.0.1:{port}", **settings), one) as task:
            try:
                await until(lambda: one.info, "it listens")
                await test(one, call, task)
            finally:
                for each in calls:
                    each.writer.transport.abort()

    run(main())
    return found[0]
