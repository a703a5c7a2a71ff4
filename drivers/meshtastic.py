"""Nodes of a Meshtastic mesh, whose gateways publish JSON on a broker."""

from typing import Literal

from core.records import SECOND
from drivers.codecs.meshtastic import Session
from drivers.trackers_on_broker import TrackersOnBroker


class Meshtastic(TrackersOnBroker):
    """All nodes of a topic filter: msh/EU_868/2/json/#."""

    kind: Literal["meshtastic"] = "meshtastic"

    def session(self) -> Session:
        """What understands its messages."""
        return Session(self.admits(), round(self.offset * SECOND), self.told_presence())
