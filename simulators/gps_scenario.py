"""What the GPS world is like: every number of it, with its source or called assumed.

The receiver's errors (sigma to claimed_wrong) are those of the simulation whose false exits per day of parked assets are
known: 380, 22.8 and 20.1 of a raw test 5, 15 and 35 m inside a circle of 50 m with a fix each 10 s.
tests/test_sky.py holds the generator against them. What is called assumed is plausible, not measured by us.
"""

from dataclasses import dataclass
from typing import Literal

Range = tuple[float, float]
"""Least and most; what is drawn from it is uniform."""

Kind = Literal["vehicle", "equipment", "person"]


@dataclass(frozen=True, slots=True)
class GpsScenario:
    """The same settings give the same world to the last bit; what truly happens does not depend on who asks how often.

    start     microseconds UTC;  seconds  how long it lasts;  origin  lat, lon in degrees of its middle

    The land (assumed: a small town and the firms around it):
    places    that vehicles drive between, circles with a radius of place_radius m;  spread  m from the middle
    tunnels, canyons    how many, circles of tunnel_radius and canyon_radius m on the roads

    How they move (assumed, but for the limits, which are 30, 50 and 80 km/h in m/s):
    limits        of roads;  corner  m/s at which a vehicle takes one;  acceleration  m/s2, brakes too
    stop          share of corners at which a vehicle has to wait, stop_seconds long
    stay          s that a vehicle is at a place
    move_days     days between two moves of a piece of equipment, on average
    walk          m/s of a person (1.2 to 1.5: usual for pedestrian crossings);  pause  s between two walks

    The receiver:
    sigma, tau            m per axis and s of the Gauss-Markov error, whose correlation after t is exp(-t / tau)
    excursions_per_hour   constant offsets of excursion_sigma m per axis that last excursion_seconds on average,
                          exponentially; over_confident is the share of those with a claim of claimed_wrong m
    spikes_per_hour       single fixes that are spike_metres off, in any direction, and claim claimed_wrong m
    claimed               what an honest receiver claims, as a multiple of its true standard deviation; assumed
    canyon_sigma          m per axis between high buildings;  assumed
    velocity_sigma        m/s per axis; data sheets of receivers tell 0.05 to 0.1
    height_sigma          m; half as much again as along an axis; assumed
    satellites, canyon_satellites    used; assumed
    """

    seed: int = 1
    start: int = 1_767_225_600_000_000
    seconds: float = 86_400.0
    origin: tuple[float, float] = (53.8, -1.55)

    places: int = 6
    place_radius: Range = (40.0, 120.0)
    spread: float = 3000.0
    tunnels: int = 2
    tunnel_radius: Range = (60.0, 200.0)
    canyons: int = 2
    canyon_radius: Range = (150.0, 400.0)

    limits: tuple[float, ...] = (8.3, 13.9, 22.2)
    corner: float = 4.0
    acceleration: float = 1.5
    stop: float = 0.25
    stop_seconds: Range = (5.0, 60.0)
    stay: Range = (300.0, 3600.0)
    move_days: float = 3.0
    walk: Range = (1.2, 1.5)
    pause: Range = (30.0, 900.0)

    sigma: float = 4.0
    tau: float = 60.0
    excursions_per_hour: float = 1.0
    excursion_seconds: float = 60.0
    excursion_sigma: float = 40.0
    over_confident: float = 0.3
    spikes_per_hour: float = 1 / 6
    spike_metres: Range = (150.0, 300.0)
    claimed_wrong: Range = (1.5, 5.0)
    claimed: Range = (0.75, 1.5)
    canyon_sigma: float = 15.0
    velocity_sigma: float = 0.1
    height_sigma: float = 6.0
    satellites: tuple[int, int] = (7, 14)
    canyon_satellites: tuple[int, int] = (4, 7)
