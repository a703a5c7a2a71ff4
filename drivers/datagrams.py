"""UDP datagrams as a byte stream: udp://0.0.0.0:10110 takes what anybody sends there, one datagram after the other.

Nothing is sent back. What the stream's buffer does not take stays in the socket's, and what that does not take is lost,
as it is with UDP.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drivers.bound import bound
from drivers.streams import Address, Stream


class DatagramTransport(asyncio.Transport):
    """Between a bound socket and a `Stream`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bound: socket.socket, stream: Stream) -> None:
        super().__init__()
        self._loop = loop
        self._socket = bound
        self._stream = stream
        self._reading = False
        stream.connection_made(self)
        self.resume_reading()

    def resume_reading(self) -> None:
        if self._socket.fileno() >= 0 and not self._reading:
            self._reading = True
            self._loop.add_reader(self._socket, self._readable)

    def pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """To nobody: who sends datagrams hears nothing."""

    def abort(self) -> None:
        if self._socket.fileno() >= 0:
            self.pause_reading()
            self._socket.close()
            self._loop.call_soon(self._stream.connection_lost, None)

    def _readable(self) -> None:
        try:
            n = self._socket.recv_into(self._stream.get_buffer(-1))
        except BlockingIOError:
            return
        if n:
            self._stream.buffer_updated(n)


@asynccontextmanager
async def open_datagrams(to: Address) -> AsyncIterator[Stream]:
    """What is sent to the address and port of `to`; the port is free again at the end.

    Raises OSError if it cannot be had.
    """
    with bound(to) as at:
        stream = Stream()
        DatagramTransport(asyncio.get_running_loop(), at, stream)
        try:
            yield stream
        finally:
            await stream.close()
