"""Barcode scanners that send text over a serial line, RS-232 or USB as a virtual COM port (CDC-ACM)."""

from typing import Literal

from pydantic import Field, field_validator

from drivers.base import Driver, Link
from drivers.carried import Carried
from drivers.codecs import scanner
from drivers.codecs.scanner import Session, Setup
from drivers.scanner_connection import listen
from drivers.serial_port import open_bytes, where

PORT = 4001
"""Of a serial device server, if the url names none."""


class Scanner(Carried, Driver):
    """One scanner, of any maker.

    url     serial:///dev/serial/by-id/NAME[?baud=9600], or tcp://HOST:PORT of a serial device server
    suffix  what it sends behind a code; "auto": CR, LF, TAB or ETX, or 50 ms of silence until one of them was seen
    prefix  what it sends before a code; a code without it is none
    """

    usual_ports = (PORT, PORT)
    kind: Literal["scanner"] = "scanner"
    url: str
    suffix: Literal["auto", "cr", "lf", "crlf", "tab", "etx", "silence"] = "auto"
    prefix: str = Field(default="", max_length=16)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        where(url, scanner.BAUD, PORT)
        return url

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        setup = Setup(self.prefix, self.suffix, self.badge)
        to = where(self.url, scanner.BAUD, PORT)
        async with open_bytes(to) as stream:
            await listen(stream, lambda at: Session(setup, at), link, self.id)
