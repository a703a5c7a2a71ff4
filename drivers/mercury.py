"""ThingMagic modules (M6e, M6e Nano, M7e, Micro, and boards with one of them) on a serial port."""

from typing import Literal, Self

from pydantic import Field, model_validator

from drivers.base import Link
from drivers.codecs import mercury
from drivers.codecs.mercury_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_device import SerialDevice

MOST_PORTS = 15


class Mercury(SerialDevice):
    """One module.

    url     serial:///dev/serial/by-id/NAME[?baud=115200], or tcp://HOST:PORT of a serial device server
    region  which band it may use: a module does not read without one;  power  dBm, else as the module is set
    """

    usual_baud = mercury.BAUD
    kind: Literal["mercury"] = "mercury"
    region: Literal["na", "na2", "na3", "eu3", "india", "japan", "china", "korea", "australia", "new-zealand"]
    power: float | None = Field(default=None, ge=0, le=33)

    @model_validator(mode="after")
    def _ports(self) -> Self:
        most = max((antenna.port for antenna in self.antennas), default=0)
        if most > MOST_PORTS:
            raise ValueError(f"antennas has port {most}; these modules have {MOST_PORTS} at most")
        return self

    def setup(self) -> Setup:
        """These settings as the codec takes them; port 0 (any) stands for the first."""
        ports = sorted({max(antenna.port, 1) for antenna in self.antennas}) or [1]
        return Setup(self.region, self.power, tuple(ports))

    async def run(self, link: Link) -> None:
        """Read until the module is lost."""
        setup = self.setup()
        await talk(self.place, lambda at: Session(setup, at), link, self.id)
