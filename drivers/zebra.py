"""Zebra fixed readers with the IoT Connector, through a broker: FX7500, FX9600, ATR7000, FXR60, FXR90."""

from typing import Literal

from drivers.codecs import zebra
from drivers.iot_connector import IotConnector


class Zebra(IotConnector):
    """One reader.

    topic     of its tag data; events: of its management events (heartbeats, inputs)
    commands  of its control commands; without them others have to start it
    """

    kind: Literal["zebra"] = "zebra"

    def session(self) -> zebra.Session:
        """What understands its messages."""
        return zebra.Session(self.told_presence(), self.commands)
