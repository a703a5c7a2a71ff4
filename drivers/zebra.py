"""Zebra fixed readers with the IoT Connector, through a broker: FX7500, FX9600, ATR7000, FXR60, FXR90."""

from typing import Literal

from drivers.codecs import zebra
from drivers.subscriber import PlainTopic, Subscriber, Topic


class Zebra(Subscriber):
    """One reader.

    topic      of its tag data; events: of its management events (heartbeats, inputs)
    commands   of its control commands, responses: where it answers; without them others have to start it
    """

    kind: Literal["zebra"] = "zebra"
    events: Topic | None = None
    commands: PlainTopic | None = None
    responses: Topic | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """What the broker is asked for."""
        return (*super().filters, *(one for one in (self.events, self.responses) if one is not None))

    def session(self) -> zebra.Session:
        """What understands its messages."""
        return zebra.Session(self.told_presence(), self.commands)
