"""Barcode scanners that send text over a serial line, RS-232 or USB as a virtual COM port (CDC-ACM)."""

from typing import Literal

from pydantic import Field

from drivers.base import Link
from drivers.carried import Carried
from drivers.codecs import scanner
from drivers.codecs.scanner import Session, Setup
from drivers.scanner_connection import listen
from drivers.serial_device import SerialDevice
from drivers.serial_port import open_bytes

PORT = 4001
"""Of a serial device server, if the url names none."""


class Scanner(Carried, SerialDevice):
    """One scanner, of any maker.

    url     serial:///dev/serial/by-id/NAME[?baud=9600], or tcp://HOST:PORT of a serial device server
    suffix  what it sends behind a code; "auto": CR, LF, TAB or ETX, or 50 ms of silence until one of them was seen
    prefix  what it sends before a code; a code without it is none
    """

    usual_ports = (PORT, PORT)
    usual_baud = scanner.BAUD
    kind: Literal["scanner"] = "scanner"
    suffix: Literal["auto", "cr", "lf", "crlf", "tab", "etx", "silence"] = "auto"
    prefix: str = Field(default="", max_length=16)

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        setup = Setup(self.prefix, self.suffix, self.badge)
        async with open_bytes(self.place) as stream:
            await listen(stream, lambda at: Session(setup, at), link, self.id)
