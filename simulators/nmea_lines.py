"""The lines of simulated receivers, which speak as soon as somebody can hear them."""

import asyncio
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulators.clock import Clock
from simulators.nmea import SimulatedReceiver
from simulators.serial_line import Line, PtyLine, TcpLine

_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class ReceiverPort(PtyLine):
    """A pseudo-terminal. A host that has set another baud rate than the receiver's hears nonsense, as on a real line."""

    def __init__(self, receiver: SimulatedReceiver, path: Path, clock: Clock | None = None) -> None:
        super().__init__(receiver, path, clock)
        self.baud = receiver.dialect.baud

    def plug(self) -> None:
        super().plug()
        self.say(b"")

    def send(self, data: bytes) -> None:
        super().send(data if self._host_baud() == self.baud else _nonsense(data))

    def _host_baud(self) -> int | None:
        """A pseudo-terminal keeps the rate that was set, and takes no notice of it."""
        if self._ends is None:
            return None
        return _SPEEDS.get(termios.tcgetattr(self._ends[1])[5])


class ReceiverServer(TcpLine):
    """Behind a device server."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.say(b"")


class ReceiverSender(Line):
    """One that sends each epoch in a datagram, to whoever listens there."""

    def __init__(self, receiver: SimulatedReceiver, clock: Clock | None = None) -> None:
        super().__init__(receiver, clock)
        self._transport: asyncio.DatagramTransport | None = None

    @asynccontextmanager
    async def to(self, host: str, port: int) -> AsyncIterator["ReceiverSender"]:
        """It sends while the context lasts."""
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(host, port)
        )
        try:
            self.say(b"")
            yield self
        finally:
            self._rest()
            self._transport.close()

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.sendto(data)


def _nonsense(data: bytes) -> bytes:
    """What bits sampled at the wrong moments look like: no character of a sentence."""
    return bytes(0x80 | (37 * byte + 11) & 0x7F for byte in data[::2])
