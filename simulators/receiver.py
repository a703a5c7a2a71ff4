"""The one thing that every simulated device with a position asks: where does its receiver say that it is?

`Track` answers without any error, a receiver of the GPS world (`gps_world.py`) with all that real ones get wrong.
"""

import math
from dataclasses import dataclass
from typing import Literal, Protocol

Window = tuple[int, int]
"""From when to when (not included), microseconds UTC."""

KMH = 3.6
"""Kilometres per hour of a metre per second."""

OPEN_SKY = 5.5
"""m: an HDOP of 0.9."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a receiver says about one instant.

    lat, lon    degrees;  alt  m above mean sea level
    speed       m/s;  course  degrees from true north.  NaN where the receiver tells none
    accuracy    m, one standard deviation per axis, as the receiver claims it: it may be wrong
    satellites  used; 0 without a fix
    fix         "none": it knows that it has no fix; "latched": it repeats its last one and takes it for new. lat, lon and
                alt are then those of the last fix, or of where it is if it never had one
    """

    lat: float
    lon: float
    alt: float
    speed: float
    course: float
    accuracy: float = OPEN_SKY
    satellites: int = 9
    fix: Literal["good", "none", "latched"] = "good"

    @property
    def good(self) -> bool:
        """Is it a position of this instant?"""
        return self.fix == "good"

    @property
    def kmh(self) -> float:
        """The speed in km/h, 0 where none is told: what a format says that has no word for unknown."""
        return 0.0 if math.isnan(self.speed) else self.speed * KMH

    @property
    def heading(self) -> int:
        """The course in whole degrees, 0 to 359, 0 where none is told."""
        return 0 if math.isnan(self.course) else round(self.course) % 360

    @property
    def moving(self) -> bool:
        """Does it tell a speed that is not 0?"""
        return self.speed > 0

    @property
    def hdop(self) -> float:
        """A dilution of precision that stands for the accuracy: gpsd takes 15 m of it for 95 % of the positions, which
        are 2.45 standard deviations."""
        return min(max(round(self.accuracy * 2.45 / 15.0, 2), 0.3), 50.0)


class Receiver(Protocol):
    """Where something says that it is.

    start  microseconds UTC, when it begins
    """

    @property
    def start(self) -> int: ...

    def at(self, time: int) -> Place:
        """What it says at a true time, microseconds UTC. The same time has the same answer."""
