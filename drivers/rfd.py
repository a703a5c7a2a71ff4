"""Zebra handhelds with the IoT Connector, through a broker: RFD40 and RFD90."""

from typing import Literal

from drivers.carried import Carried
from drivers.codecs import rfd
from drivers.iot_connector import IotConnector


class Rfd(Carried, IotConnector):
    """One handheld; what it reads is at port 1, what it scans at port 0.

    topic      of its data events: tags and barcodes;  events: of its heartbeats and alerts
    presence   where its last will stands
    commands   of its commands; only orders need them, its trigger does not
    """

    kind: Literal["rfd"] = "rfd"

    def session(self) -> rfd.Session:
        """What understands its messages."""
        return rfd.Session(self.told_presence(), self.commands, self.badge)
