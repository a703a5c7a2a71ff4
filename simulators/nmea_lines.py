"""The lines of simulated receivers, which speak as soon as somebody can hear them."""

import asyncio
import termios
from pathlib import Path

from simulators.clock import Clock
from simulators.nmea import SimulatedReceiver
from simulators.serial_line import PtyLine, TcpLine

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


def _nonsense(data: bytes) -> bytes:
    """What bits sampled at the wrong moments look like: no character of a sentence."""
    return bytes(0x80 | (37 * byte + 11) & 0x7F for byte in data[::2])
