"""Zebra, Symbol and Motorola scanners and scan engines that speak the Simple Serial Interface."""

from typing import Literal

from drivers.base import Link
from drivers.carried import Carried
from drivers.codecs import ssi
from drivers.codecs.ssi_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_device import SerialDevice

PORT = 4001
"""Of a serial device server, if the url names none."""


class Ssi(Carried, SerialDevice):
    """One scanner: each code is acknowledged, and says what kind of symbol it was.

    url  serial:///dev/serial/by-id/NAME[?baud=9600], or tcp://HOST:PORT of a serial device server
    """

    usual_ports = (PORT, PORT)
    usual_baud = ssi.BAUD
    kind: Literal["ssi"] = "ssi"

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        setup = Setup(self.badge)
        await talk(self.place, lambda at: Session(setup, at), link, self.id)
