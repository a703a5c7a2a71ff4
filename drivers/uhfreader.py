"""UHFReader18 and UHFReader288 readers (Chafon, WYUAN, Yanzeo and others), on a serial port or by TCP."""

from typing import Literal, Self

from pydantic import Field, model_validator

from drivers.base import Link
from drivers.codecs import uhfreader
from drivers.codecs.uhfreader_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_device import SerialDevice

MOST_PORTS = 16


class UhfReader(SerialDevice):
    """One reader. Settings that are left out stay as the reader has them, but for those with a default here.

    url      serial:///dev/serial/by-id/NAME[?baud=57600], or tcp://HOST[:6000]
    region   which band it may use;  power  dBm
    scan     s for each antenna in turn;  session  Gen2 session;  q  Gen2: about 2**q tags at once (288 only)
    rssi     what these readers tell is no dBm
    """

    usual_baud = uhfreader.BAUD
    kind: Literal["uhfreader"] = "uhfreader"
    rssi: Literal["dbm", "raw"] = "raw"
    region: Literal["china", "us", "korea", "eu"] | None = None
    power: int | None = Field(default=None, ge=0, le=33)
    scan: float = Field(default=0.2, ge=0.1, le=2.5)
    session: int = Field(default=0, ge=0, le=3)
    q: int = Field(default=4, ge=0, le=15)

    @model_validator(mode="after")
    def _ports(self) -> Self:
        most = max((antenna.port for antenna in self.antennas), default=0)
        if most > MOST_PORTS:
            raise ValueError(f"antennas has port {most}; these readers have {MOST_PORTS} at most")
        return self

    def setup(self) -> Setup:
        """These settings as the codec takes them; port 0 (any) stands for the first."""
        ports = sorted({max(antenna.port, 1) for antenna in self.antennas}) or [1]
        return Setup(self.region, self.power, tuple(ports), self.scan, self.session, self.q)

    async def run(self, link: Link) -> None:
        """Read until the reader is lost."""
        setup = self.setup()
        await talk(self.place, lambda at: Session(setup, at), link, self.id)
