"""Where a vehicle truly is: legs of constant speed and course, one after the other, from one seed."""

import math
import random
from bisect import bisect_right

from simulators.clock import SECOND
from simulators.receiver import Place

METRES_PER_DEGREE = 111_320.0
"""Of latitude."""


class Track:
    """A receiver that is never wrong. Its way of `seconds` begins at `start` (microseconds UTC) near `origin` (lat, lon in degrees); it stands there
    before, and at its end afterwards."""

    def __init__(
        self,
        seed: int,
        start: int,
        seconds: float = 600.0,
        origin: tuple[float, float] = (53.8, -1.55),
        fastest: float = 20.0,
    ) -> None:
        chance = random.Random(seed)
        self.start = start
        self._origin = origin
        self._begins: list[float] = []
        self._legs: list[tuple[float, float, float, float]] = []
        at, east, north, course = 0.0, 0.0, 0.0, chance.uniform(0, 360)
        while at < seconds:
            speed = chance.choice((0.0, chance.uniform(1.0, fastest)))
            course = (course + chance.uniform(-60, 60)) % 360
            self._begins.append(at)
            self._legs.append((east, north, speed, course))
            lasts = min(chance.uniform(5, 30), seconds - at)
            at += lasts
            east += speed * lasts * math.sin(math.radians(course))
            north += speed * lasts * math.cos(math.radians(course))
        self._begins.append(at)
        self._legs.append((east, north, 0.0, course))

    def at(self, time: int) -> Place:
        """Where it is at `time`, microseconds UTC."""
        since = max(0.0, (time - self.start) / SECOND)
        leg = bisect_right(self._begins, since) - 1
        east, north, speed, course = self._legs[leg]
        gone = speed * (since - self._begins[leg])
        north += gone * math.cos(math.radians(course))
        east += gone * math.sin(math.radians(course))
        lat = self._origin[0] + north / METRES_PER_DEGREE
        lon = self._origin[1] + east / METRES_PER_DEGREE / math.cos(math.radians(self._origin[0]))
        return Place(lat, lon, 50.0 + north / 100, speed, course)


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Between two positions (lat, lon in degrees) that are near each other."""
    north = (one[0] - other[0]) * METRES_PER_DEGREE
    east = (one[1] - other[1]) * METRES_PER_DEGREE * math.cos(math.radians(one[0]))
    return math.hypot(north, east)
