"""TSL's handhelds with the ASCII 2.0 protocol (1128, 1153, 1166, 2128, 3166 and others), over Bluetooth or on a cable."""

from typing import Literal

from pydantic import Field

from drivers.base import Link
from drivers.carried import Carried
from drivers.codecs import tsl
from drivers.codecs.tsl_session import Session, Setup
from drivers.serial_connection import talk
from drivers.serial_device import SerialDevice

Action = Literal["inventory", "barcode", "off"]


class Tsl(Carried, SerialDevice):
    """One handheld; what it reads is at port 1, what it scans at port 0.

    url             serial:///dev/rfcomm0, or the port that its cable makes
    power           dBm; else as the handheld is set
    single, double  what a pull of the trigger does, and two quick ones
    continuous      it reads all the time, not only when its trigger is pulled
    alert           it sounds when it has read something
    keepalive       s between two questions whether it is there; two without an answer are its end
    """

    usual_baud = tsl.BAUD
    kind: Literal["tsl"] = "tsl"
    power: int | None = Field(default=None, ge=2, le=33)
    single: Action = "inventory"
    double: Action = "barcode"
    continuous: bool = False
    alert: bool = False
    keepalive: float = Field(default=10.0, ge=1, le=60)

    def setup(self) -> Setup:
        """These settings as the codec takes them."""
        return Setup(
            self.power, self.single, self.double, self.alert, self.badge, self.keepalive, self.continuous
        )

    async def run(self, link: Link) -> None:
        """Take what it reads until it is lost."""
        setup = self.setup()
        await talk(self.place, lambda at: Session(setup, at), link, self.id)
