"""One instant of a receiver, as its sentences tell it: each says a part, and each may say that there is no fix."""

import math
from collections import Counter

from drivers.codecs import gps_accuracy
from drivers.codecs.nmea_fields import angle, decimals

LEAST_SATELLITES = 3
"""With fewer no position can be computed from satellites."""

MOST_LATITUDE, MOST_LONGITUDE = 90.0, 180.0

_FIX_2D = 2


class Epoch:
    """What was said so far; NaN, -1 or None = not said.

    time        microseconds since midnight UTC
    day         days since 1970, from RMC, else from ZDA;  bad_date  RMC had one that is none
    lat, lon    degrees, from the sentence with the most decimals
    alt         m above mean sea level;  speed m/s;  course degrees from true north
    hdop        of GGA or GNS, else of GSA;  sigma  m per axis, of GST
    satellites  used;  differential  the position is corrected by a reference station
    mode        the best of all GSA: 1 no fix, 2 2D, 3 3D; 0 no GSA
    """

    __slots__ = (
        "_affirmed", "_denied", "_told", "alt", "bad_date", "course", "day", "differential", "hdop", "lat", "lon",
        "mode", "needs_satellites", "places", "satellites", "sigma", "speed", "time",
    )  # fmt: skip

    def __init__(self) -> None:
        self.time: int | None = None
        self.day: int | None = None
        self.bad_date = False
        self.lat = self.lon = math.nan
        self.places = -1
        self._told = ("",) * 4
        self.alt = self.speed = self.course = self.hdop = self.sigma = math.nan
        self.satellites = -1
        self.needs_satellites = False
        self.differential = False
        self.mode = 0
        self._denied = self._affirmed = 0

    def judge(self, kind: int, fix: bool) -> bool:
        """A sentence of a kind (a bit) says whether there is a fix; of several talkers one that has it is enough."""
        if fix:
            self._affirmed |= kind
        else:
            self._denied |= kind
        return fix

    def count_satellites(self, used: int, needed: bool) -> None:
        """So many were used, -1 = it does not say; `needed` by how the position was found.

        Of several counts the largest holds. Furuno's receivers of several systems write 00 into GGA, whatever they use:
        none at all is no contradiction to a GSA that has a fix.
        """
        self.satellites = max(self.satellites, used)
        self.needs_satellites |= needed

    def place(self, lat: str, north: str, lon: str, east: str, counts: Counter[str]) -> None:
        """A position, as four fields; one that cannot be right is counted: malformed_position, zero_position."""
        told = (lat, north, lon, east)
        if told == self._told:  # most receivers say it in three sentences
            return
        self._told = told
        if not (lat or lon):
            return
        latitude = angle(lat, north, "NS", MOST_LATITUDE)
        longitude = angle(lon, east, "EW", MOST_LONGITUDE)
        if latitude is None or longitude is None:
            counts["malformed_position"] += 1
        elif latitude == longitude == 0:
            counts["zero_position"] += 1
        elif (places := decimals(lat)) >= self.places:
            self.lat, self.lon, self.places = latitude, longitude, places

    @property
    def stands(self) -> bool:
        """The receiver stands by its position, in all that it says."""
        if self._denied & ~self._affirmed or (self.mode != 0 and self.mode < _FIX_2D):
            return False
        few = self.needs_satellites and 0 <= self.satellites < LEAST_SATELLITES
        return not few or (self.satellites == 0 and self.mode >= _FIX_2D)

    @property
    def placed(self) -> bool:
        """There is a position."""
        return self.places >= 0

    @property
    def accuracy(self) -> float:
        """One standard deviation per axis in m, NaN if nothing tells it."""
        if not math.isnan(self.sigma):
            return self.sigma
        return gps_accuracy.from_hdop(self.hdop, self.differential)
