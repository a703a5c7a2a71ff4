"""A simulated device that publishes tags as JSON, in whatever form a mapping declares."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from simulators.declared import Declared, told_time
from simulators.lasting import QOS, Publisher
from simulators.llrp_reports import Sighting
from simulators.radio import FCC_KHZ

_RSSI = {"dbm": 1, "ddbm": 10, "cdbm": 100}
_CHANNELS = {"khz": 1.0, "mhz": 0.001, "hz": 1000.0}


class SimulatedJson:
    """Publishes one tag in each message; `ledger` counts them.

    topic, places  as `Declared` has them;  units  what the values are given in
    """

    def __init__(self, topic: str, places: Mapping[str, str | None], units: Mapping[str, str]) -> None:
        self.units = units
        self.ledger: Counter[str] = Counter()
        self._declared = Declared(topic, places)

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times (microseconds UTC), in order."""
        for sighting, time in seen:
            topic, payload = self.message(sighting, time)
            await client.publish(topic, payload, QOS)
        self.ledger["told"] += len(seen)

    def message(self, sighting: Sighting, time: int) -> tuple[str, bytes]:
        """Topic and payload about a tag, seen at `time`."""
        return self._declared.message(self._values(sighting, time))

    def _values(self, sighting: Sighting, time: int) -> dict[str, object]:
        phase = math.degrees(sighting.phase) if self.units.get("phase") == "deg" else sighting.phase
        return {
            "tag": sighting.epc.hex().upper(),
            "time": told_time(time, self.units.get("time", "rfc3339")),
            "antenna": sighting.antenna,
            "rssi": round(sighting.rssi * _RSSI[self.units.get("rssi", "dbm")], 2),
            "count": 1,
            "phase": round(phase, 6),
            "channel": FCC_KHZ[sighting.channel - 1] * _CHANNELS[self.units.get("channel", "khz")],
        }
