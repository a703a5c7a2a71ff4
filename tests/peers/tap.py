"""A TCP proxy before an LLRP reader that counts the tag reports that pass, with nothing of our codec."""

import asyncio
import struct
from types import TracebackType


class Tap:
    """Listens on `port` and passes every connection on to the reader on `reader_port`."""

    def __init__(self, reader_port: int) -> None:
        self.port = 0
        self.tags = 0
        self.first_report = asyncio.Event()
        self._reader_port = reader_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Tap":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close_reader_side(self) -> None:
        """The reader hangs up: what it said before still arrives, nothing more is passed or counted."""
        for task in self._tasks:
            task.cancel()
        for client in self._cut:
            client.close()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        reader, to_reader = await asyncio.open_connection("127.0.0.1", self._reader_port)
        self._cut.append(to_client)
        for flow in (self._down(reader, to_client), self._up(client, to_reader)):
            self._tasks.add(asyncio.create_task(flow))

    async def _down(self, reader: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Reader to client, message by message: LLRP 1.1, clause 9.1."""
        while True:
            head = await reader.readexactly(10)
            type, length = struct.unpack_from("!HI", head)
            body = await reader.readexactly(length - 10)
            to_client.write(head + body)
            if type & 0x3FF == 61:
                self.tags += _tag_reports(body)
                self.first_report.set()
            await to_client.drain()

    async def _up(self, client: asyncio.StreamReader, to_reader: asyncio.StreamWriter) -> None:
        while data := await client.read(1 << 16):
            to_reader.write(data)
            await to_reader.drain()
        to_reader.close()


def _tag_reports(body: bytes) -> int:
    """How many TagReportData parameters (type 240) stand in a RO_ACCESS_REPORT."""
    count = start = 0
    while start < len(body):
        type, length = struct.unpack_from("!HH", body, start)
        count += type == 240
        start += length
    return count
