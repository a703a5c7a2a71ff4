"""What an area looks like, and how far a position is from its edge: one form for every shape.

A shape is straight edges in a plane of metres around its middle. Polygons with holes and multipolygons are what lies
inside an odd number of edges (even-odd rule, as RFC 7946 section 3.1.6 has it for rings that do not cross); a circle is
all that is nearer than its radius to an edge without length; a corridor the same of a line.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]
"""lon, lat in degrees WGS 84, in the order of GeoJSON."""
Ring = Sequence[Point]
Edge = tuple[float, float, float, float]
"""x1, y1, x2, y2: m east and north."""


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Of longitude and of latitude, on the WGS 84 ellipsoid (series of Snyder, USGS paper 1395, page 25)."""
    angle = math.radians(lat)
    east = 111_412.84 * math.cos(angle) - 93.5 * math.cos(3 * angle) + 0.118 * math.cos(5 * angle)
    return east, 111_132.92 - 559.82 * math.cos(2 * angle) + 1.175 * math.cos(4 * angle)


def turned(degrees: float) -> float:
    """A difference of longitudes the short way around, -180 <= d < 180."""
    return (degrees + 180.0) % 360.0 - 180.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape in its own plane, right to 0.1 % within 10 km of its middle at latitudes up to 70.

    lon, lat  degrees of the plane's origin;  east, north  m per degree there;  edges  of all rings, or of the line
    radius    m around the edges that belong to it;  filled  what the edges enclose belongs to it too
    bounds    west, south, east, north of it in m
    """

    lon: float
    lat: float
    east: float
    north: float
    edges: tuple[Edge, ...]
    radius: float
    filled: bool
    bounds: Edge

    def distance(self, lon: float, lat: float) -> float:
        """m from the edge, negative inside."""
        x = ((lon - self.lon + 180.0) % 360.0 - 180.0) * self.east
        y = (lat - self.lat) * self.north
        least, inside = math.inf, False
        for x1, y1, x2, y2 in self.edges:
            dx, dy, px, py = x2 - x1, y2 - y1, x - x1, y - y1
            square = dx * dx + dy * dy
            share = (px * dx + py * dy) / square if square else 0.0
            if share >= 1.0:
                px, py = x - x2, y - y2
            elif share > 0.0:
                px, py = px - share * dx, py - share * dy
            far = px * px + py * py
            if far < least:
                least = far
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * dx / dy:
                inside = not inside
        away = math.sqrt(least) - self.radius
        return -away if self.filled and inside else away


def polygon(*polygons: Sequence[Ring]) -> Shape:
    """Of one or more polygons, each an outer ring and its holes; a ring may be closed or not, and cross +-180 degrees.

    Two pieces that were cut at the antimeridian are one (RFC 7946 section 3.1.9): the cut is no edge. Raises ValueError
    for a ring of fewer than three points, or without size.
    """
    rings = [ring for one in polygons for ring in one]
    for ring in rings:
        if len(set(ring)) < 3:
            raise ValueError(f"a ring of {len(set(ring))} points encloses nothing; give three or more")
    lines = [_unwrapped([*ring, ring[0]]) for ring in rings]
    return _shape(lines, 0.0, True)


def circle(centre: Point, radius: float) -> Shape:
    """Raises ValueError for a radius that is not above 0."""
    return _shape([[centre, centre]], _above_nothing(radius), False)


def corridor(line: Ring, width: float) -> Shape:
    """All that is within `width` m of a line, on either side of it. Raises ValueError for less than two points."""
    if len(set(line)) < 2:
        raise ValueError("a corridor needs a line of two points or more; a circle has one")
    return _shape([_unwrapped(line)], _above_nothing(width), False)


def _above_nothing(metres: float) -> float:
    if not 0.0 < metres < math.inf:
        raise ValueError(f"{metres} m is no size; give a number of metres above 0")
    return metres


def _unwrapped(line: Ring) -> list[Point]:
    """The same points without a leap at the antimeridian: longitudes may leave +-180."""
    found = [line[0]]
    for lon, lat in line[1:]:
        found.append((found[-1][0] + turned(lon - found[-1][0]), lat))
    return found


def _shape(lines: list[list[Point]], radius: float, filled: bool) -> Shape:
    """Around the middle of what it spans; all lines are turned to the side of the first."""
    first = lines[0][0][0]
    near = [[(lon + round((first - line[0][0]) / 360.0) * 360.0, lat) for lon, lat in line] for line in lines]
    lons, lats = zip(*(point for line in near for point in line), strict=True)
    lon, lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
    east, north = metres_per_degree(lat)
    flat = [[((x - lon) * east, (y - lat) * north) for x, y in line] for line in near]
    edges = [(*here, *there) for line in flat for here, there in itertools.pairwise(line)]
    if filled:
        edges = _without_cuts(edges)
        if not edges:
            raise ValueError(
                "the pieces cover each other exactly, and nothing is left; give each of them once"
            )
    xs, ys = zip(*(point for line in flat for point in line), strict=True)
    if filled and not (max(xs) > min(xs) and max(ys) > min(ys)):
        raise ValueError("an area without size; its points are on one line")
    bounds = (min(xs) - radius, min(ys) - radius, max(xs) + radius, max(ys) + radius)
    return Shape(turned(lon), lat, east, north, tuple(edges), radius, filled, bounds)


def _without_cuts(edges: list[Edge]) -> list[Edge]:
    """Without edges that two pieces share: there is no border between them, and the even-odd rule needs neither."""
    keys = [_undirected(edge) for edge in edges]
    times = Counter(keys)
    return [edge for edge, key in zip(edges, keys, strict=True) if times[key] % 2]


def _undirected(edge: Edge) -> tuple[tuple[int, int], ...]:
    """Its ends to the millimetre, in whichever direction it was drawn."""
    x1, y1, x2, y2 = (round(value * 1000) for value in edge)
    return tuple(sorted(((x1, y1), (x2, y2))))
