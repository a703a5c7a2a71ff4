"""The land of the GPS world: places, roads between them, tunnels and streets between high buildings."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.gps_scenario import GpsScenario
from simulators.local_frame import Column, LocalFrame
from simulators.motion import Point

_APART = 200.0
"""m between the edges of two places, if there is room."""
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Circle:
    """A place, a tunnel or a canyon: its middle, east and north in m, and its radius in m."""

    id: str
    centre: Point
    radius: float

    def holds(self, east: Column, north: Column) -> NDArray[np.bool_]:
        """Which of these positions are in it."""
        inside: NDArray[np.bool_] = np.hypot(east - self.centre[0], north - self.centre[1]) <= self.radius
        return inside


@dataclass(frozen=True, slots=True)
class Land:
    """All of it; `frame` says where on the earth it lies."""

    frame: LocalFrame
    places: tuple[Circle, ...] = ()
    tunnels: tuple[Circle, ...] = ()
    canyons: tuple[Circle, ...] = ()


def land(scenario: GpsScenario) -> Land:
    """The one of a scenario."""
    rng = np.random.default_rng([scenario.seed, 0])
    places = _places(scenario, rng)
    return Land(
        LocalFrame(*scenario.origin),
        places,
        _on_roads("tunnel", places, scenario.tunnels, scenario.tunnel_radius, rng),
        _on_roads("canyon", places, scenario.canyons, scenario.canyon_radius, rng),
    )


def road(here: Point, there: Point) -> list[Point]:
    """The corners of the way from `here` to `there`, and its end: blocks of streets that run east and north.

    The same two ends have the same road, and the way back is it backwards.
    """
    if here > there:
        return [*reversed(road(there, here)[:-1]), there]
    rng = np.random.default_rng([abs(round(value * 1000)) for value in (*here, *there)])
    turns = int(rng.integers(1, 4))
    shares = np.sort(rng.random((2, turns)), axis=1)
    found: list[Point] = []
    east = here[0]
    for along, across in zip(*shares.tolist(), strict=True):
        north = here[1] + (there[1] - here[1]) * across
        found.append((east, north))
        east = here[0] + (there[0] - here[0]) * along
        found.append((east, north))
    return [*found, (east, there[1]), there]


def somewhere(place: Circle, rng: np.random.Generator) -> Point:
    """In the place, each spot as likely as another, but for its outermost tenth."""
    far, bearing = 0.9 * place.radius * math.sqrt(rng.random()), rng.uniform(0, math.tau)
    return place.centre[0] + far * math.sin(bearing), place.centre[1] + far * math.cos(bearing)


def _places(scenario: GpsScenario, rng: np.random.Generator) -> tuple[Circle, ...]:
    """Apart from each other, as long as there is room."""
    found: list[Circle] = []
    for number in range(scenario.places):
        for _ in range(_TRIES):
            east, north = (float(value) for value in rng.uniform(-scenario.spread, scenario.spread, 2))
            one = Circle(f"place-{number}", (east, north), float(rng.uniform(*scenario.place_radius)))
            if all(
                math.dist(one.centre, other.centre) > one.radius + other.radius + _APART for other in found
            ):
                break
        found.append(one)
    return tuple(found)


def _on_roads(
    kind: str, places: tuple[Circle, ...], count: int, radius: tuple[float, float], rng: np.random.Generator
) -> tuple[Circle, ...]:
    """In the middle of a stretch of some road."""
    found: list[Circle] = []
    for number in range(count if len(places) > 1 else 0):
        here, there = rng.choice(len(places), 2, replace=False).tolist()
        corners = road(places[here].centre, places[there].centre)
        at = int(rng.integers(len(corners) - 1))
        middle = tuple((one + other) / 2 for one, other in zip(corners[at], corners[at + 1], strict=True))
        found.append(Circle(f"{kind}-{number}", (middle[0], middle[1]), float(rng.uniform(*radius))))
    return tuple(found)
