"""Phones with OwnTracks: the messages that they publish, on a broker or over HTTP."""

import json
import math

from drivers.codecs.fix_values import RADIUS_68
from simulators.clock import SECOND
from simulators.logbook import Noted

LATER = 120
"""Seconds after which a phone makes the message about what it noted without a network; assumed."""


class SimulatedOwnTracks:
    """One phone on a broker."""

    def __init__(self, user: str, device: str = "phone", base: str = "owntracks") -> None:
        self.topic = f"{base}/{user}/{device}"

    def message(self, noted: Noted) -> tuple[str, bytes]:
        """Topic and payload about one note."""
        return self.topic, json.dumps(location(noted)).encode()

    def will(self, time: int) -> tuple[str, bytes]:
        """What the broker tells when its connection is lost that it made then (microseconds UTC)."""
        return self.topic, json.dumps({"_type": "lwt", "tst": time // SECOND}).encode()

    def transition(self, noted: Noted, event: str, region: str) -> tuple[str, bytes]:
        """It has entered ("enter") or left ("leave") a region that it watches."""
        place = noted.place
        told = {
            "_type": "transition", "event": event, "desc": region, "lat": round(place.lat, 7),
            "lon": round(place.lon, 7), "acc": 0.0, "tst": noted.dated // SECOND, "t": "b", "tid": "si",
        }  # fmt: skip
        return f"{self.topic}/event", json.dumps(told).encode()


def location(noted: Noted) -> dict[str, object]:
    """The object; what is 0 is left out, as the apps do."""
    place, time = noted.place, noted.dated // SECOND
    told: dict[str, object] = {
        "_type": "location",
        "_id": f"{noted.number:08x}",
        "lat": round(place.lat, 7),
        "lon": round(place.lon, 7),
        "tst": time,
        "created_at": time + (LATER if noted.kept else 0),
        "acc": round(place.accuracy * RADIUS_68),
        "alt": round(place.alt),
        "vel": 0 if math.isnan(place.speed) else round(place.kmh),
        "cog": place.heading,
        "batt": 87,
        "bs": 1,
        "t": "t",
        "tid": "si",
        "conn": "m",
        "poi": f"note {noted.number}",
    }
    return {name: value for name, value in told.items() if value != 0 or name in ("lat", "lon", "tst")}
