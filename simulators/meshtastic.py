"""Nodes of a Meshtastic mesh, and the gateways that hear them and publish what they heard."""

import json
from collections.abc import Mapping, Sequence

from simulators.clock import SECOND
from simulators.lasting import Publisher
from simulators.logbook import Noted

EVERYBODY = 0xFFFFFFFF
_WHOLE = 32


class SimulatedNode:
    """One node.

    number     its id, of 32 bits
    precision  bits of the position that it lets others know
    """

    def __init__(self, number: int, precision: int = _WHOLE) -> None:
        self.number = number
        self._precision = precision

    @property
    def name(self) -> str:
        """As the apps show it."""
        return f"!{self.number:08x}"

    def message(self, noted: Noted) -> tuple[str, bytes]:
        """The channel, and a packet as it is on the air."""
        place, time = noted.place, noted.dated // SECOND
        payload = {
            "latitude_i": self._blurred(place.lat),
            "longitude_i": self._blurred(place.lon),
            "altitude": round(place.alt),
            "time": time + 1,
            "timestamp": time,
            "ground_speed": round(place.kmh),
            "ground_track": place.heading * 100,
            "sats_in_view": place.satellites,
            "HDOP": round(place.hdop * 100),
            "precision_bits": self._precision,
        }
        return "LongFast", self._packet("position", noted.number, payload)

    def telemetry(self, number: int) -> tuple[str, bytes]:
        """The channel, and what it says of its battery."""
        return "LongFast", self._packet("telemetry", number, {"battery_level": 87, "voltage": 4.05})

    def _packet(self, kind: str, number: int, payload: Mapping[str, float]) -> bytes:
        told = {"channel": 0, "from": self.number, "id": number + 1, "to": EVERYBODY, "type": kind}
        return json.dumps(told | {"payload": {name: one for name, one in payload.items() if one}}).encode()

    def _blurred(self, degrees: float) -> int:
        """The middle of the square that is left of it."""
        value = round(degrees * 1e7)
        if self._precision == _WHOLE:
            return value
        size = 1 << (_WHOLE - self._precision)
        return value // size * size + size // 2


class Gateways:
    """A `Publisher` of what is on the air: each gateway hears it a little later and weaker than the one before it."""

    def __init__(self, client: Publisher, names: Sequence[str], root: str = "msh/EU_868") -> None:
        self._client = client
        self._names = names
        self._root = root

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool = False) -> None:
        """`topic` is the channel."""
        packet = json.loads(payload)
        heard = packet["payload"].get("time", 0)
        for number, name in enumerate(self._names):
            told = {
                "sender": name,
                "timestamp": heard + number,
                "rssi": -61 - 20 * number,
                "snr": 6.25 - number,
            }
            where = f"{self._root}/2/json/{topic}/{name}"
            await self._client.publish(where, json.dumps(packet | told).encode(), qos, retain)
