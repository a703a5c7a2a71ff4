"""A simulated Impinj reader on a real broker: the events that it publishes, and its will."""

from collections import Counter
from collections.abc import Sequence

from simulators.impinj_events import Event, Fields, event, line, tag
from simulators.lasting import QOS, Publisher
from simulators.llrp_reports import Sighting


class SimulatedImpinjMqtt:
    """Publishes one event in each message; `ledger` counts the tags that it told."""

    def __init__(self, topic: str, fields: Fields | None = None, hostname: str = "impinj-14-00-01") -> None:
        self.topic = topic
        self.fields = fields or Fields()
        self.hostname = hostname
        self.ledger: Counter[str] = Counter()

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times (microseconds UTC), in order."""
        for sighting, time in seen:
            await self.publish(client, tag(sighting, time, time, self.fields, self.hostname))
        self.ledger["told"] += len(seen)

    async def say(self, client: Publisher, kind: str, time: int, about: Event) -> None:
        """Any other event."""
        await self.publish(client, event(kind, time, about, self.hostname))

    async def publish(self, client: Publisher, one: Event) -> None:
        """An event as it is."""
        await client.publish(self.topic, line(one).rstrip(), QOS)
