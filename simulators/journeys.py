"""Who goes where and when: vehicles from place to place, equipment that stands for days, people on their rounds."""

import math

import numpy as np

from simulators.gps_scenario import GpsScenario, Kind
from simulators.land import Land, road, somewhere
from simulators.motion import Itinerary, Motion, Style

_DAY = 86_400.0
_ROUND = 2.5
"""How far a person walks from the middle of a place, in its radii; assumed."""


def journey(kind: Kind, scenario: GpsScenario, land: Land, rng: np.random.Generator) -> Motion:
    """What one of that kind does for as long as the scenario lasts."""
    if kind == "person":
        return _rounds(scenario, land, rng)
    home = int(rng.integers(len(land.places)))
    itinerary = Itinerary(somewhere(land.places[home], rng))
    while itinerary.seconds < scenario.seconds:
        if kind == "vehicle":
            itinerary.stay(float(rng.uniform(*scenario.stay)))
        else:
            itinerary.stay(float(rng.exponential(scenario.move_days * _DAY)))
        if itinerary.seconds < scenario.seconds and len(land.places) > 1:
            home = (home + int(rng.integers(1, len(land.places)))) % len(land.places)
            _drive(itinerary, home, scenario, land, rng)
    return itinerary.motion()


def _drive(
    itinerary: Itinerary, to: int, scenario: GpsScenario, land: Land, rng: np.random.Generator
) -> None:
    """By the roads between the two places, with waits at some of their corners."""
    place = land.places[to]
    corners = [*road(itinerary.at, place.centre)[:-1], somewhere(place, rng)]
    waiting = rng.random(len(corners)) < scenario.stop
    waits = np.where(waiting, rng.uniform(*scenario.stop_seconds, len(corners)), 0.0)
    limit = float(rng.choice(scenario.limits))
    itinerary.go(corners, Style(limit, scenario.corner, scenario.acceleration), waits.tolist()[:-1])


def _rounds(scenario: GpsScenario, land: Land, rng: np.random.Generator) -> Motion:
    """On foot around one place, in it and out of it."""
    place = land.places[int(rng.integers(len(land.places)))]
    itinerary = Itinerary(somewhere(place, rng))
    while itinerary.seconds < scenario.seconds:
        itinerary.stay(float(rng.uniform(*scenario.pause)))
        far, bearing = _ROUND * place.radius * math.sqrt(rng.random()), rng.uniform(0, math.tau)
        to = place.centre[0] + far * math.sin(bearing), place.centre[1] + far * math.cos(bearing)
        pace = float(rng.uniform(*scenario.walk))
        itinerary.go([to], Style(pace, pace, scenario.acceleration))
    return itinerary.motion()
