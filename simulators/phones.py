"""Phones that call a gateway over HTTP, one request a position, on a connection that they keep."""

import asyncio
import json
import math
from abc import abstractmethod
from collections.abc import Sequence
from urllib.parse import urlencode

from core.events import rfc3339
from drivers.codecs.fix_values import KNOT, RADIUS_68
from drivers.codecs.http1 import request
from drivers.codecs.http1_server import response
from simulators.clock import SECOND
from simulators.logbook import Noted
from simulators.owntracks import location
from simulators.trackers import SimulatedTracker

HOST = {"Host": "gateway"}


class SimulatedPhone(SimulatedTracker):
    """One of them; `imei` is the name that it has in its app's settings."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nobody does in HTTP."""

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        (one,) = batch
        return self.request(one), self.answer

    answer = response(200)

    @abstractmethod
    def request(self, one: Noted) -> bytes:
        """What is said of a note."""


class SimulatedOsmAnd(SimulatedPhone):
    """With an app that sends a form, in a query."""

    def request(self, one: Noted) -> bytes:
        place = one.place
        whole, rest = divmod(one.dated, SECOND)
        told = {
            "id": self.imei,
            "timestamp": one.dated // 1000 if rest else whole,
            "lat": round(place.lat, 7),
            "lon": round(place.lon, 7),
            "altitude": round(place.alt, 1),
            "speed": _known(place.speed / KNOT),
            "bearing": _known(place.course),
            "accuracy": round(place.accuracy * RADIUS_68, 2),
            "valid": str(not one.hidden).lower(),
            "batt": 87,
            "number": one.number,
        }
        return request("GET", f"/?{urlencode(told)}", HOST)


class SimulatedTraccarClient(SimulatedPhone):
    """With an app that sends JSON, in a body."""

    def request(self, one: Noted) -> bytes:
        place = one.place
        coords = {
            "latitude": round(place.lat, 7),
            "longitude": round(place.lon, 7),
            "accuracy": round(place.accuracy * RADIUS_68, 2),
            "speed": _known(place.speed),
            "heading": _known(place.course),
            "altitude": round(place.alt, 1),
        }
        told = {
            "timestamp": rfc3339(one.dated),
            "coords": coords,
            "is_moving": place.moving,
            "odometer": one.number,
            "event": "motionchange",
            "battery": {"level": 0.87, "is_charging": False},
            "activity": {"type": "in_vehicle"},
            "extras": {},
        }
        body = json.dumps({"location": told, "device_id": self.imei}).encode()
        return request("POST", "/", {**HOST, "Content-Type": "application/json"}, body)


class SimulatedOwnTracksHttp(SimulatedPhone):
    """With OwnTracks in its HTTP mode; `imei` is the user, and the device is a phone."""

    answer = response(200, b"[]")

    def request(self, one: Noted) -> bytes:
        names = {"X-Limit-U": self.imei, "X-Limit-D": "phone"}
        body = json.dumps(location(one) | {"topic": f"owntracks/{self.imei}/phone"}).encode()
        return request("POST", "/pub", {**HOST, **names, "Content-Type": "application/json"}, body)


def _known(value: float) -> float:
    """Phones say -1 where they know nothing."""
    return -1 if math.isnan(value) else round(value, 3)
