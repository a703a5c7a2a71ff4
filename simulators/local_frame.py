"""Metres around a point on the earth: a plane that is right to a few centimetres within some kilometres.

The length of a degree is that of the WGS 84 ellipsoid (series of Snyder, Map Projections, USGS paper 1395, page 25). Not
for the poles, nor across the antimeridian.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """lat, lon  degrees of the point from which east and north count"""

    lat: float
    lon: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Of latitude and of longitude."""
        angle = math.radians(self.lat)
        north = 111_132.92 - 559.82 * math.cos(2 * angle) + 1.175 * math.cos(4 * angle)
        east = 111_412.84 * math.cos(angle) - 93.5 * math.cos(3 * angle) + 0.118 * math.cos(5 * angle)
        return north, east

    def degrees(self, east: Column, north: Column) -> tuple[Column, Column]:
        """lat, lon of metres."""
        per_lat, per_lon = self.metres_per_degree
        return self.lat + north / per_lat, self.lon + east / per_lon

    def metres(self, lat: Column, lon: Column) -> tuple[Column, Column]:
        """east, north of degrees."""
        per_lat, per_lon = self.metres_per_degree
        return (lon - self.lon) * per_lon, (lat - self.lat) * per_lat
