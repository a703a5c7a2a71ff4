"""Linux input devices as byte streams: input:///dev/input/by-id/NAME-event-kbd, for this program alone.

The grab keeps the keys from consoles and other programs, and ends when the device is closed. A named pipe is taken as
well, for events that another program or another machine forwards; nobody else reads it, so there is nothing to grab.
"""

import asyncio
import errno
import fcntl
import os
import stat
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

from drivers.serial_port import SerialTransport
from drivers.streams import Stream

_FORM = "write input:///dev/input/by-id/NAME-event-kbd"

# linux/input.h; the numbers are those of all machines but PowerPC, MIPS and SPARC
EVIOCGRAB = 0x40044590
EVIOCGID = 0x80084502
_NAME_BYTES = 256
EVIOCGNAME = 0x80004506 | _NAME_BYTES << 16

_REMEDIES = {
    errno.ENOENT: "it is not there; plug the scanner in, or look for its name with ls /dev/input/by-id",
    errno.ENODEV: "it is gone; plug the scanner in again",
    errno.EACCES: "this user may not open it; let it join the group input: sudo usermod -aG input USER",
    errno.EBUSY: "another program has grabbed it; find it with fuser, and stop it",
    errno.ENOTTY: "it is no input device; look for the right one with ls /dev/input/by-id/*-event-kbd",
}


class InputTransport(SerialTransport):
    """Reads what there is, at once: a kernel keeps some dozens of events, which a quick scanner types in 20 ms.

    Other streams rest between two hand-overs, since a line's buffer has room; here only a full buffer makes them.
    """

    def pause_reading(self) -> None:
        if not self._stream.get_buffer(-1):
            super().pause_reading()

    def _close(self, error: OSError | None) -> None:
        super().pause_reading()
        super()._close(error)


Ioctl = Callable[[int, int, bytes], bytes]
"""fcntl.ioctl: file descriptor, request, and the bytes that go in and come out."""


def input_path(url: str) -> str:
    """The device's path. Raises ValueError, whose text is "reason; remedy"."""
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.scheme != "input" or parts.netloc or parts.query or parts.fragment or not path.strip("/"):
        raise ValueError(f"names no input device; {_FORM}")
    return path


class InputDevice:
    """An open device; a `Line` of drivers/serial_port.py. A keyboard has no rate."""

    baudrate = 0

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


@asynccontextmanager
async def open_input(path: str, ioctl: Ioctl | None = None) -> AsyncIterator[tuple[str, Stream]]:
    """What the device is called, and its events; closed at the end.

    Raises OSError with a text that names it, the reason and the remedy.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _explained(path, error) from None
    try:
        name = taken(fd, ioctl or ask_kernel)
    except OSError as error:
        os.close(fd)
        raise _explained(path, error) from None
    stream = Stream()
    InputTransport(asyncio.get_running_loop(), InputDevice(fd), path, stream)
    try:
        yield name, stream
    finally:
        await stream.close()


def taken(fd: int, ioctl: Ioctl) -> str:
    """Take the device for this program alone, and tell what it is called. Raises OSError."""
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        return "input events from a pipe"
    name = ioctl(fd, EVIOCGNAME, bytes(_NAME_BYTES)).split(b"\0")[0].decode(errors="replace")
    bus, vendor, product, _ = struct.unpack("=HHHH", ioctl(fd, EVIOCGID, bytes(8)))
    ioctl(fd, EVIOCGRAB, struct.pack("=i", 1))
    return f"{name} ({vendor:04x}:{product:04x}, bus {bus})"


def ask_kernel(fd: int, request: int, argument: bytes) -> bytes:
    """One request about an open device. Raises OSError."""
    if request == EVIOCGRAB:  # its argument is a number, not a place
        fcntl.ioctl(fd, request, int.from_bytes(argument, "little"))
        return b""
    return fcntl.ioctl(fd, request, argument)


def _explained(path: str, error: OSError) -> ConnectionError:
    return ConnectionError(f"{path}: {_REMEDIES.get(error.errno or 0, error.strerror)}")
