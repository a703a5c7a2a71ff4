"""Reader events as an Impinj reader with the IoT device interface words them, one JSON object each."""

import json
import math
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from core.events import rfc3339
from simulators.llrp_reports import Sighting
from simulators.radio import FCC_KHZ

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fields:
    """Which values of a tag the preset asks for; antenna, RSSI and frequency always."""

    epc: bool = False
    epc_hex: bool = True
    last_seen: bool = True
    phase: bool = True


def line(event: Event) -> bytes:
    """As it stands in a stream."""
    return json.dumps(event, separators=(",", ":")).encode() + b"\r\n"


def event(kind: str, time: int, about: Event, hostname: str) -> Event:
    """Any event, queued at `time`, microseconds UTC by the reader's clock; such stamps have nanoseconds."""
    return {
        "timestamp": f"{rfc3339(time)[:-1]}184Z",
        "hostname": hostname,
        "eventType": kind,
        f"{kind}Event": about,
    }


def tag(sighting: Sighting, seen: int, queued: int, fields: Fields, hostname: str) -> Event:
    """A tag that was seen and then queued, microseconds UTC by the reader's clock."""
    about: Event = {
        "antennaPort": sighting.antenna, "peakRssiCdbm": round(sighting.rssi * 100),
        "frequency": FCC_KHZ[sighting.channel - 1], "transmitPowerCdbm": 3000,
    }  # fmt: skip
    if fields.epc:
        about["epc"] = urlsafe_b64encode(sighting.epc).decode().rstrip("=")
    if fields.epc_hex:
        about["epcHex"] = sighting.epc.hex().upper()
    if fields.last_seen:
        about["lastSeenTime"] = rfc3339(seen)
    if fields.phase:
        about["phaseAngle"] = round(math.degrees(sighting.phase), 2)
    return event("tagInventory", queued, about, hostname)
