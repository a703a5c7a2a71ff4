"""M100, QM100, R200 and YRM100 modules on a serial port, and handhelds that have one of them inside."""

from typing import Literal

from pydantic import Field

from drivers.base import Link
from drivers.codecs import m100
from drivers.codecs.m100_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_device import SerialDevice


class M100(SerialDevice):
    """One module; it has one antenna, port 1. Settings that are left out stay as the module has them.

    url     serial:///dev/serial/by-id/NAME[?baud=115200], or tcp://HOST:PORT of a serial device server
    region  which band it may use;  power  dBm
    """

    usual_baud = m100.BAUD
    kind: Literal["m100"] = "m100"
    region: Literal["china-900", "us", "eu", "china-800", "korea"] | None = None
    power: float | None = Field(default=None, ge=0, le=33)

    async def run(self, link: Link) -> None:
        """Read until the module is lost."""
        setup = Setup(self.region, self.power)
        await talk(self.place, lambda at: Session(setup, at), link, self.id)
