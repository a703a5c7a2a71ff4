"""gpsd, which reads receivers that speak other protocols than NMEA, or whose port other programs read as well."""

import asyncio
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from core.site import ID
from drivers.base import Driver, Link
from drivers.codecs.gpsd import PORT
from drivers.codecs.gpsd_session import Session
from drivers.gps_connection import listen
from drivers.streams import address, open_stream

Name = Annotated[str, StringConstraints(pattern=f"^{ID.pattern}$")]


class Gpsd(Driver):
    """One gpsd, and all of its receivers, or those that are named.

    url       tcp://HOST, port 2947
    tracker   what the position is that of: the tag is "tracker:" and this; the device's id if it is not given
    trackers  the same for each receiver, by its path: { "/dev/ttyACM0" = "van-1" }; others are left out then
    """

    has_antennas = False
    usual_ports = (PORT, PORT)
    serves_many = True
    kind: Literal["gpsd"] = "gpsd"
    url: str = "tcp://127.0.0.1"
    tracker: Name | None = None
    trackers: dict[str, Name] = Field(default={}, max_length=32)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        address(url, PORT, PORT, ("tcp",))
        return url

    async def run(self, link: Link) -> None:
        """Listen until the connection is lost."""
        async with open_stream(address(self.url, PORT, PORT, ("tcp",))) as stream:
            await listen(self._session(), stream, link, self.id)

    def _session(self) -> Session:
        tags = {path: f"tracker:{name}" for path, name in self.trackers.items()}
        return Session(f"tracker:{self.tracker or self.id}", tags, asyncio.get_running_loop().time())
