"""A simulated device that publishes JSON in whatever form a mapping declares: the mapping backwards."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import aiomqtt

from core.events import rfc3339
from simulators.llrp_reports import Sighting
from simulators.radio import FCC_KHZ

QOS = 1

_TIMES = {"s": 1_000_000, "ms": 1000, "us": 1}
_RSSI = {"dbm": 1, "ddbm": 10, "cdbm": 100}
_CHANNELS = {"khz": 1.0, "mhz": 0.001, "hz": 1000.0}


class SimulatedJson:
    """Publishes one tag in each message; `ledger` counts them.

    topic   the filter in which levels may have names
    places  where values stand, by what they are: `a.b` in the record, `/a.b` in the message, `{name}` in the topic
    units   what they are given in
    """

    def __init__(self, topic: str, places: Mapping[str, str | None], units: Mapping[str, str]) -> None:
        self.topic = topic
        self.places = places
        self.units = units
        self.ledger: Counter[str] = Counter()

    async def tell(self, client: aiomqtt.Client, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times (microseconds UTC), in order."""
        for sighting, time in seen:
            topic, payload = self.message(sighting, time)
            await client.publish(topic, payload, QOS)
        self.ledger["told"] += len(seen)

    def message(self, sighting: Sighting, time: int) -> tuple[str, bytes]:
        """Topic and payload about a tag, seen at `time`."""
        root: dict[str, object] = {}
        record: dict[str, object] = {}
        levels: dict[str, str] = {}
        for name, value in self._values(sighting, time).items():
            place = self.places.get(name)
            if place is None:
                continue
            if place.startswith("{"):
                levels[place.strip("{}")] = str(value)
            else:
                _put(root if place.startswith("/") else record, place.removeprefix("/"), value)
        items = self.places.get("items")
        if items is None:
            root |= record
        else:
            _put(root, items.removeprefix("/"), [record])
        return self._topic(levels), json.dumps(root, separators=(",", ":")).encode()

    def _values(self, sighting: Sighting, time: int) -> dict[str, object]:
        unit = self.units.get("time", "rfc3339")
        phase = math.degrees(sighting.phase) if self.units.get("phase") == "deg" else sighting.phase
        return {
            "tag": sighting.epc.hex().upper(),
            "time": rfc3339(time) if unit == "rfc3339" else _divided(time, _TIMES[unit]),
            "antenna": sighting.antenna,
            "rssi": round(sighting.rssi * _RSSI[self.units.get("rssi", "dbm")], 2),
            "count": 1,
            "phase": round(phase, 6),
            "channel": FCC_KHZ[sighting.channel - 1] * _CHANNELS[self.units.get("channel", "khz")],
        }

    def _topic(self, levels: Mapping[str, str]) -> str:
        """One that the filter covers."""
        return "/".join(
            levels.get(level.strip("{}"), "simulated") if level[:1] in ("{", "+", "#") else level
            for level in self.topic.split("/")
        )


def _put(inside: dict[str, object], place: str, value: object) -> None:
    """At keys with dots between them; a number is a key too."""
    *path, last = place.split(".")
    for key in path:
        inner = inside.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ValueError(f"{place}: {key} is a value already")
        inside = inner
    inside[last] = value


def _divided(time: int, unit: int) -> int | float:
    whole, rest = divmod(time, unit)
    return time / unit if rest else whole
