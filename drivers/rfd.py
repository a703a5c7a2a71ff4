"""Zebra handhelds with the IoT Connector, through a broker: RFD40 and RFD90."""

from typing import Literal

from drivers.carried import Carried
from drivers.codecs import rfd
from drivers.subscriber import PlainTopic, Subscriber, Topic


class Rfd(Carried, Subscriber):
    """One handheld; what it reads is at port 1, what it scans at port 0.

    topic      of its data events: tags and barcodes;  events: of its heartbeats and alerts
    presence   where its last will stands
    commands   of its commands, responses: where it answers; only orders need them, its trigger does not
    """

    kind: Literal["rfd"] = "rfd"
    events: Topic | None = None
    commands: PlainTopic | None = None
    responses: Topic | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """What the broker is asked for."""
        return (*super().filters, *(one for one in (self.events, self.responses) if one is not None))

    def session(self) -> rfd.Session:
        """What understands its messages."""
        return rfd.Session(self.told_presence(), self.commands, self.badge)
