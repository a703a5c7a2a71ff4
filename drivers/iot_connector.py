"""Zebra's IoT Connector on a broker, as fixed readers and handhelds have it."""

from drivers.subscriber import PlainTopic, Subscriber, Topic


class IotConnector(Subscriber):
    """A device with it, whose `topic` is that of its data.

    events     of its management events: heartbeats, inputs, alerts
    commands   of its commands; responses: where it answers
    """

    events: Topic | None = None
    commands: PlainTopic | None = None
    responses: Topic | None = None

    @property
    def filters(self) -> tuple[str, ...]:
        """What the broker is asked for."""
        return (*super().filters, *(one for one in (self.events, self.responses) if one is not None))
