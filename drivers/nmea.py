"""GPS receivers that speak NMEA 0183: on a serial port, behind a device server, or as UDP datagrams."""

import asyncio
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, PrivateAttr, field_validator

from core.site import ID
from drivers.base import Driver, Link
from drivers.baud_hunt import BAUDS, hunt
from drivers.bound import UDP
from drivers.codecs.nmea_session import Session
from drivers.datagrams import open_datagrams
from drivers.gps_connection import listen
from drivers.serial_port import SerialPort, Where, open_port, where
from drivers.streams import address, open_stream

PORT = 10110
"""Registered for NMEA 0183, over TCP and UDP."""


class Nmea(Driver):
    """One receiver.

    url      serial:///dev/serial/by-id/NAME[?baud=9600], tcp://HOST:PORT, or udp://0.0.0.0:PORT to listen to; without
             a baud rate the port is tried at the usual ones
    tracker  what the position is that of: the tag is "tracker:" and this; the device's id if it is not given
    """

    has_antennas = False
    usual_ports = (PORT, PORT)
    kind: Literal["nmea"] = "nmea"
    url: str
    tracker: str | None = Field(default=None, pattern=f"^{ID.pattern}$")
    _baud: int | None = PrivateAttr(default=None)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        place(url)
        return url

    async def run(self, link: Link) -> None:
        """Listen until the receiver is lost."""
        to = place(self.url)
        if isinstance(to, SerialPort):
            await self._port(to, link)
        elif to.scheme == UDP:
            async with open_datagrams(to) as stream:
                await listen(self._session("look at who sends to this port"), stream, link, self.id)
        else:
            async with open_stream(to) as stream:
                await listen(
                    self._session("look at the device server's baud rate, and at the url"),
                    stream,
                    link,
                    self.id,
                )

    async def _port(self, to: SerialPort, link: Link) -> None:
        """The rate that was right once is tried first the next time."""
        async with open_port(to) as stream:
            baud, remedy = to.baud, "leave ?baud out of the url, and the usual rates are tried"
            if not says_baud(self.url):
                baud, remedy = await hunt(stream, self._baud), "its rate may have been changed"
                self._baud = baud
            await listen(self._session(remedy), stream, link, self.id, f"; {baud} baud")

    def _session(self, remedy: str) -> Session:
        at = asyncio.get_running_loop().time()
        return Session(f"tracker:{self.tracker or self.id}", at, remedy)


def place(url: str) -> Where:
    """Where the sentences come from. Raises ValueError, whose text is "reason; remedy"."""
    if url.startswith(f"{UDP}:"):
        return address(url, PORT, PORT, (UDP,))
    return where(url, BAUDS[0], PORT)


def says_baud(url: str) -> bool:
    """Does it name a baud rate?"""
    return "baud" in parse_qs(urlsplit(url).query, keep_blank_values=True)
