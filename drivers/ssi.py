"""Zebra, Symbol and Motorola scanners and scan engines that speak the Simple Serial Interface."""

from typing import Literal

from pydantic import field_validator

from drivers.base import Driver, Link
from drivers.carried import Carried
from drivers.codecs import ssi
from drivers.codecs.ssi_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_port import where

PORT = 4001
"""Of a serial device server, if the url names none."""


class Ssi(Carried, Driver):
    """One scanner: each code is acknowledged, and says what kind of symbol it was.

    url  serial:///dev/serial/by-id/NAME[?baud=9600], or tcp://HOST:PORT of a serial device server
    """

    usual_ports = (PORT, PORT)
    kind: Literal["ssi"] = "ssi"
    url: str

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        where(url, ssi.BAUD, PORT)
        return url

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        setup = Setup(self.badge)
        await talk(where(self.url, ssi.BAUD, PORT), lambda at: Session(setup, at), link, self.id)
