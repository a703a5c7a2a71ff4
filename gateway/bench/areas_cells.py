"""The cells of `waypost bench areas`: an asset in a circle of 50 m that stays, or leaves it on foot or by vehicle.

Their receivers err as simulators/gps_scenario.py says. The world and its numbers are those of the published table; the
harder ones have over-confident excursions of ten minutes, or trackers that tell no speed.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.records import SECOND, Fix
from core.shapes import Shape, circle
from simulators.gps_scenario import GpsScenario
from simulators.gps_world import Asset, GpsWorld, Received
from simulators.land import Land
from simulators.local_frame import LocalFrame
from simulators.motion import Itinerary, Style

RADIUS = 50.0
"""m of the area."""
EVERY = 10.0
"""s between fixes."""
INSIDE = (5.0, 15.0, 35.0)
"""m from the edge where the asset stands."""
BEFORE, AFTER = 3600.0, 3600.0
"""s that it stands before it leaves, and that are seen after it."""
BEYOND = 30.0
"""m outside where who walks out and stops does so."""
PACE = (1.2, 1.5)
"""m/s on foot."""

Way = Literal["walks", "stops", "drives"]
"""Walks on; walks out and stops BEYOND outside; drives."""
TRACKER = "tracker:bench"


@dataclass(frozen=True, slots=True)
class Cell:
    """A kind of sky and of tracker. speeds  it tells its speed"""

    name: str
    sky: GpsScenario
    speeds: bool


PLAIN = GpsScenario()
HARD = replace(PLAIN, excursion_seconds=600.0, over_confident=1.0)
CELLS = (
    Cell("plain", PLAIN, True),
    Cell("no speed", PLAIN, False),
    Cell("10 min", HARD, True),
    Cell("10 min, no speed", HARD, False),
)


@dataclass(frozen=True, slots=True)
class Leaving:
    """Fixes of an asset that leaves. begins, crosses  when it truly begins to move, and is over the edge; microseconds"""

    fixes: list[Fix]
    begins: int
    crosses: int


def area() -> Shape:
    """The one of every cell."""
    lat, lon = PLAIN.origin
    return circle((lon, lat), RADIUS)


def parked(cell: Cell, inside: float, days: int, seed: int) -> Iterator[list[Fix]]:
    """A day of fixes each, of an asset that never moves."""
    for day in range(days):
        itinerary = Itinerary((RADIUS - inside, 0.0))
        itinerary.stay(cell.sky.seconds)
        yield _fixes(_world(cell, seed + day, cell.sky.seconds, itinerary))


def leaving(cell: Cell, inside: float, way: Way, times: int, seed: int) -> Iterator[Leaving]:
    """An asset that leaves, each time at another moment between two fixes and in another direction."""
    for number in range(times):
        rng = np.random.default_rng([seed, number])
        itinerary = Itinerary((RADIUS - inside, 0.0))
        itinerary.stay(BEFORE + rng.uniform(0.0, EVERY))
        begins = itinerary.seconds
        _leave(itinerary, way, cell.sky, rng)
        world = _world(cell, seed + number, BEFORE + AFTER, itinerary)
        _, crossed = itinerary.motion().crossings((0.0, 0.0), RADIUS)
        start = cell.sky.start
        yield Leaving(_fixes(world), start + round(begins * SECOND), start + round(crossed[0] * SECOND))


def _leave(itinerary: Itinerary, way: Way, sky: GpsScenario, rng: np.random.Generator) -> None:
    pace = float(rng.uniform(*PACE))
    on_foot = Style(pace, pace, sky.acceleration)
    bearing = float(rng.uniform(-0.4, 0.4))
    if way == "stops":
        itinerary.go([(RADIUS + BEYOND, 0.0)], on_foot)
    elif way == "walks":
        itinerary.go([(1000.0, 1000.0 * math.tan(bearing))], on_foot)
    else:
        style = Style(float(rng.choice(sky.limits)), sky.corner, sky.acceleration)
        itinerary.go([(5000.0, 5000.0 * math.tan(bearing))], style)


def _world(cell: Cell, seed: int, seconds: float, itinerary: Itinerary) -> GpsWorld:
    sky = replace(cell.sky, seed=seed, seconds=seconds)
    world = GpsWorld(sky, Land(LocalFrame(*sky.origin)))
    world.add(Asset(TRACKER, "equipment", itinerary.motion(), speeds=cell.speeds))
    return world


def _fixes(world: GpsWorld) -> list[Fix]:
    return [Fix(TRACKER, *row) for row in _rows(world.received(TRACKER, EVERY))]


def _rows(said: Received) -> Iterator[tuple[int, float, float, float, float, float, float, int]]:
    columns = (
        said.time, said.lat, said.lon, said.alt, said.speed, said.course, said.accuracy, said.satellites
    )  # fmt: skip
    return zip(*(column.tolist() for column in columns), strict=True)
