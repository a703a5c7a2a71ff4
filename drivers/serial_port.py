"""Serial ports as byte streams, beside tcp://: serial:///dev/serial/by-id/NAME?baud=115200, 8 data bits, no parity.

pyserial sets the line up; reading and writing is done here, because a `Stream` wants the bytes in its own bounded
buffer and says when it wants none. (The transports of pyserial-asyncio-fast know no BufferedProtocol, read 1 KiB at
a time, and take the end of a file for no data, so a port that was pulled out keeps the loop busy for ever.)

A port is nobody else's while it is open: flock(2) keeps out programs that ask, TIOCEXCL all others but root's.
"""

import asyncio
import errno
import fcntl
import os
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import serial

from drivers.streams import Address, Stream, address, open_stream

FASTEST = 4_000_000
"""Baud: the highest rate that Linux names."""

_FORM = "write serial:///dev/serial/by-id/NAME?baud=115200"

_UNHEARD = (
    "the device does not answer over Bluetooth; switch it on, bring it near, and pull its USB cable out"
)

_REMEDIES = {
    errno.ENOENT: "it is not there; plug the adapter in, or look for its name with ls /dev/serial/by-id",
    errno.ENXIO: "its adapter is gone; plug it in again",
    errno.EACCES: "this user may not open it; let it join the group dialout: sudo usermod -aG dialout USER",
    errno.EBUSY: "another program has it; find it with fuser, and stop it",
    errno.EAGAIN: "another program has it; find it with fuser, and stop it",
    **dict.fromkeys((errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNREFUSED), _UNHEARD),
}


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A port of this machine; `baud` in bits per second."""

    path: str
    baud: int

    def __str__(self) -> str:
        return f"serial://{self.path}?baud={self.baud}"


Where = SerialPort | Address
"""Where the bytes of a module come from: a port of this machine, or a serial device server."""


def where(url: str, baud: int, port: int) -> Where:
    """The parts of `url`; `baud` and the TCP `port` are what the device comes with.

    Raises ValueError, whose text is "reason; remedy" and does not repeat the URL.
    """
    if not url.startswith("serial:"):
        try:
            return address(url, port, port)
        except ValueError as error:
            if "begin it with" not in str(error):
                raise
            raise ValueError(f"names no way to connect; {_FORM}, or tcp://HOST:PORT") from None
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/") or parts.fragment:
        raise ValueError(f"names no serial port; {_FORM}")
    asked = parse_qs(parts.query, keep_blank_values=True)
    values = asked.pop("baud", [str(baud)])
    if asked:
        raise ValueError(f"has the unknown option {min(asked)}; {_FORM}")
    digits = values[-1]
    if not (digits.isascii() and digits.isdigit() and 0 < int(digits[:9]) <= FASTEST):
        raise ValueError(f"the baud rate is no number from 1 to {FASTEST}; {_FORM}")
    return SerialPort(unquote(parts.path), int(digits))


class Line(Protocol):
    """An open port; the file descriptor is not blocking. `baudrate` may be set."""

    baudrate: int

    def fileno(self) -> int: ...
    def close(self) -> None: ...


class SerialTransport(asyncio.Transport):
    """Between an open port and a `Stream`. The port is closed with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, line: Line, name: str, stream: Stream) -> None:
        super().__init__()
        self._loop = loop
        self._line = line
        self._name = name
        self._stream = stream
        self._fd = line.fileno()
        self._waiting = bytearray()
        self._closed = False
        self._reading = False
        stream.connection_made(self)
        self.resume_reading()

    def resume_reading(self) -> None:
        if not self._closed and not self._reading:
            self._reading = True
            self._loop.add_reader(self._fd, self._readable)

    def pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def is_closing(self) -> bool:
        return self._closed

    def get_write_buffer_size(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closed:
            return
        idle = not self._waiting
        self._waiting += data
        if idle:
            self._writable()

    def abort(self) -> None:
        """What is not written yet stays unwritten."""
        self._close(None)

    def _readable(self) -> None:
        try:
            n = os.readv(self._fd, [self._stream.get_buffer(-1)])
        except BlockingIOError:
            return
        except OSError as error:
            self._close(error)
            return
        if n:
            self._stream.buffer_updated(n)
        else:
            self._close(OSError(errno.ENXIO, "end of file"))

    def _writable(self) -> None:
        try:
            n = os.write(self._fd, self._waiting)
        except BlockingIOError:
            n = 0
        except OSError as error:
            self._close(error)
            return
        del self._waiting[:n]
        if self._waiting:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _close(self, error: OSError | None) -> None:
        if self._closed:
            return
        self.pause_reading()
        self._closed = True
        self._loop.remove_writer(self._fd)
        with suppress(OSError, termios.error):  # what is left must not keep close(2) waiting for a dead line
            termios.tcflush(self._fd, termios.TCIOFLUSH)
            fcntl.ioctl(self._fd, termios.TIOCNXCL)  # also if another program, root's, has it open
        with suppress(OSError):  # a port that was pulled out may fail even to close
            self._line.close()
        text = (
            None
            if error is None
            else ConnectionError(f"{self._name}: its adapter is gone ({error.strerror})")
        )
        self._loop.call_soon(self._stream.connection_lost, text)


class PortStream(Stream):
    """The bytes of an open port."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line

    def set_baud(self, baud: int) -> None:
        """Another rate on the open line: to open it anew would pull its modem lines, which resets some boards.

        Raises ConnectionError if the port does not know the rate, or is gone.
        """
        try:
            self._line.baudrate = baud
        except (OSError, ValueError, termios.error) as error:
            raise ConnectionError(f"the port cannot be set to {baud} baud: {error}") from None


@asynccontextmanager
async def open_port(to: SerialPort) -> AsyncIterator[PortStream]:
    """A port of this machine, locked; closed at the end. Raises OSError as `open_bytes` does."""
    line = _open(to)
    stream = PortStream(line)
    SerialTransport(asyncio.get_running_loop(), line, to.path, stream)
    try:
        yield stream
    finally:
        await stream.close()


@asynccontextmanager
async def open_bytes(to: Where) -> AsyncIterator[Stream]:
    """The bytes of a port or of a device server; closed at the end.

    Raises OSError, for a port with a text that names it, the reason and the remedy.
    """
    if isinstance(to, Address):
        async with open_stream(to) as stream:
            yield stream
        return
    async with open_port(to) as port:
        yield port


def _open(to: SerialPort) -> Line:
    """The port, set up and locked."""
    try:
        line = serial.Serial(to.path, to.baud, timeout=0, exclusive=True)
    except (OSError, ValueError) as error:  # pyserial's own exception is an OSError
        raise _explained(to, error) from None
    try:
        fcntl.ioctl(line.fileno(), termios.TIOCEXCL)
    except OSError as error:
        line.close()
        raise _explained(to, error) from None
    opened: Line = line
    return opened


def _explained(to: SerialPort, error: OSError | ValueError) -> ConnectionError:
    number = error.errno if isinstance(error, OSError) else None
    other = f"it cannot be set up as a serial port: {error}; look for the right one with ls /dev/serial/by-id"
    return ConnectionError(f"{to.path}: {_REMEDIES.get(number or 0, other)}")
