"""A stream of datagrams, for trackers that call over UDP: what is written is one, and what comes is read in order."""

import asyncio


class _Sender(asyncio.Transport):
    """Each write is a datagram."""

    def __init__(self, below: asyncio.DatagramTransport) -> None:
        super().__init__()
        self._below = below

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._below.sendto(bytes(data))

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def close(self) -> None:
        self._below.close()

    def abort(self) -> None:
        self._below.abort()


class _Answers(asyncio.DatagramProtocol):
    """A port that nobody has any more ends the stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    def datagram_received(self, data: bytes, address: object) -> None:
        self._reader.feed_data(data)

    def error_received(self, error: Exception) -> None:
        self._reader.feed_eof()


async def open_datagrams(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As asyncio.open_connection; nothing is lost on the way, unless the network loses it. Raises OSError."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    below, _ = await loop.create_datagram_endpoint(lambda: _Answers(reader), remote_addr=(host, port))
    return reader, asyncio.StreamWriter(_Sender(below), asyncio.StreamReaderProtocol(reader), reader, loop)
