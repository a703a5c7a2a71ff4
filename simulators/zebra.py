"""A simulated Zebra reader with the IoT Connector: what it publishes, on a real broker."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence

from core.events import rfc3339
from simulators.lasting import QOS, Publisher
from simulators.llrp_reports import Sighting


class SimulatedZebra:
    """Publishes tag data; `ledger` counts what it told. Events are numbered from 1 on, as after a reboot.

    as_array  several tags in one message, as with batching; else one object each
    """

    def __init__(self, topic: str, as_array: bool = False) -> None:
        self.topic = topic
        self.as_array = as_array
        self.number = 0
        self.ledger: Counter[str] = Counter()

    def lose(self, events: int) -> None:
        """Its buffer overflows: events that nobody is told of have numbers too."""
        self.number += events
        self.ledger["lost"] += events

    def event(self, sighting: Sighting, time: int) -> dict[str, object]:
        """One tag, seen at `time` (microseconds UTC)."""
        self.number += 1
        data = {
            "antenna": sighting.antenna, "channel": 866.3, "eventNum": self.number, "format": "epc",
            "idHex": sighting.epc.hex(), "peakRssi": round(sighting.rssi), "phase": round(math.degrees(1.0), 3),
            "reads": 1,
        }  # fmt: skip
        stamp = rfc3339(time)[:-4] + "+0000"  # milliseconds, and no colon in the offset
        return {"data": data, "timestamp": stamp, "type": "CUSTOM"}

    def heartbeat(self, time: int) -> dict[str, object]:
        """A management event."""
        body = {"component": "RG", "data": {"radio_control": {}}, "eventNum": 1, "type": "heartbeat"}
        return body | {"timestamp": rfc3339(time)[:-4] + "+0000"}

    def payloads(self, events: Sequence[dict[str, object]]) -> Iterable[bytes]:
        """As they are published."""
        bodies: Iterable[object] = [list(events)] if self.as_array else events
        return [json.dumps(body, separators=(",", ":")).encode() for body in bodies]

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times, in order."""
        for payload in self.payloads([self.event(sighting, time) for sighting, time in seen]):
            await client.publish(self.topic, payload, QOS)
        self.ledger["told"] += len(seen)
