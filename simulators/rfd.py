"""A simulated Zebra handheld (RFD40, RFD90) with the IoT Connector: what it publishes, on a real broker."""

import json
from collections import Counter
from collections.abc import Sequence

from core.events import rfc3339
from simulators.lasting import QOS, Publisher
from simulators.llrp_reports import Sighting

UP, DOWN = "CONNECTED", "DISCONNECTED"


class SimulatedRfd:
    """Publishes data events on `topic`; `ledger` counts what it told. Its events are numbered from 1 on."""

    def __init__(self, topic: str, serial: str = "RFD40-211545201D0034") -> None:
        self.topic = topic
        self.serial = serial
        self.number = 0
        self.beats = 0
        self.battery = 85
        self.ledger: Counter[str] = Counter()

    def lose(self, events: int) -> None:
        """Out of reach of its access point: what it cannot keep is numbered too."""
        self.number += events
        self.ledger["lost"] += events

    def data(self, time: int, tags: Sequence[Sighting] = (), code: str | None = None) -> bytes:
        """One message: what a pull of its trigger brought at `time` (microseconds UTC)."""
        told: dict[str, object] = {}
        if tags:
            told["tagData"] = [self._tag(one) for one in tags]
        if code is not None:
            told["barcodeData"] = [{"symbology": "CODE_39", "decodedBarcode": code}]
        self.ledger["told"] += len(tags) + (code is not None)
        return _json({"type": "BALANCED_PERFORMANCE", "timestamp": _stamp(time), "data": told})

    def heartbeat(self, time: int) -> bytes:
        """An event of its management."""
        self.beats += 1
        battery = {"status": "HIGH", "stateOfHealth": "GOOD", "chargePercentage": self.battery}
        data = {"inventoryStatus": {"rfidStatus": "STOPPED", "tagCount": 0}, "batteryAlert": battery}
        return _json(
            {"eventName": "heartbeat", "timestamp": _stamp(time), "eventNumber": self.beats, "data": data}
        )

    def connection(self, state: str) -> bytes:
        """What it says when it connects, and by its will."""
        told = {"connectionState": state, "deviceModel": "RFD40", "deviceSerialNo": self.serial}
        return _json(told | {"apiVersion": 1.21, "mqttVersion": 3.0999999})

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish sightings with their times, in order; those of one time in one message."""
        times = dict.fromkeys(time for _, time in seen)
        for time in times:
            tags = [sighting for sighting, at in seen if at == time]
            await client.publish(self.topic, self.data(time, tags), QOS)

    def _tag(self, sighting: Sighting) -> dict[str, object]:
        self.number += 1
        return {
            "EPCid": sighting.epc.hex().upper(), "eventNum": self.number, "peakRssi": round(sighting.rssi),
            "seenCount": 256,
        }  # fmt: skip


def _stamp(time: int) -> str:
    """With milliseconds."""
    return rfc3339(time)[:-4] + "Z"


def _json(body: dict[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
