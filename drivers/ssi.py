"""Zebra, Symbol and Motorola scanners and scan engines that speak the Simple Serial Interface."""

from typing import Literal

from pydantic import Field, field_validator

from drivers.base import Driver, Link
from drivers.codecs import ssi
from drivers.codecs.ssi_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_port import where

PORT = 4001
"""Of a serial device server, if the url names none."""


class Ssi(Driver):
    """One scanner: each code is acknowledged, and says what kind of symbol it was.

    url    serial:///dev/serial/by-id/NAME[?baud=9600], or tcp://HOST:PORT of a serial device server
    badge  codes that begin with it are badges, and name who scans from then on
    """

    usual_ports = (PORT, PORT)
    kind: Literal["ssi"] = "ssi"
    url: str
    badge: str | None = Field(default=None, min_length=1, max_length=64)
    handheld: bool = True
    lateness: float = Field(default=0.0, ge=0, le=60)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        where(url, ssi.BAUD, PORT)
        return url

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        setup = Setup(self.badge)
        await talk(where(self.url, ssi.BAUD, PORT), lambda at: Session(setup, at), link, self.id)
