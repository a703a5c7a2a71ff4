"""M100, QM100, R200 and YRM100 modules on a serial port, and handhelds that have one of them inside."""

from typing import Literal

from pydantic import Field, field_validator

from drivers.base import Driver, Link
from drivers.codecs import m100
from drivers.codecs.m100_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_port import where

PORT = 6000
"""Of a serial device server, if the url names none."""


class M100(Driver):
    """One module; it has one antenna, port 1. Settings that are left out stay as the module has them.

    url     serial:///dev/serial/by-id/NAME[?baud=115200], or tcp://HOST:PORT of a serial device server
    region  which band it may use;  power  dBm
    """

    kind: Literal["m100"] = "m100"
    url: str
    region: Literal["china-900", "us", "eu", "china-800", "korea"] | None = None
    power: float | None = Field(default=None, ge=0, le=33)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        where(url, m100.BAUD, PORT)
        return url

    async def run(self, link: Link) -> None:
        """Read until the module is lost."""
        setup = Setup(self.region, self.power)
        await talk(where(self.url, m100.BAUD, PORT), lambda at: Session(setup, at), link, self.id)
