"""The simulated world of everything that has a position: where it truly is, and what its receiver says.

Nothing that is asked changes it: an asset has the same way and the same errors in whatever order assets are asked for.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators.gps_scenario import GpsScenario, Kind
from simulators.journeys import journey
from simulators.land import Circle, Land, land
from simulators.local_frame import Column
from simulators.motion import Motion, Moving
from simulators.sky import errors

SECOND = 1_000_000
GROUND = 50.0
"""m above mean sea level: the land is flat."""

_JOURNEY, _SKY = 1, 2
GOOD, NONE, LATCHED = 0, 1, 2
"""What a receiver says of its fix: it stands by it, it has none, it repeats its last one."""


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What a receiver says, fix by fix; columns of one length.

    time              int64, microseconds UTC, true;  lat, lon  degrees;  alt  m
    speed, course     m/s and degrees from true north; NaN of a receiver that tells none
    accuracy          m, one standard deviation per axis, as it is claimed
    satellites, fix   int16 and uint8; what is not GOOD is told with the position of the last one that was
    """

    time: NDArray[np.int64]
    lat: Column
    lon: Column
    alt: Column
    speed: Column
    course: Column
    accuracy: Column
    satellites: NDArray[np.int16]
    fix: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True)
class Asset:
    """Something with a receiver.

    motion   its way;  in a tunnel its receiver says that it has no fix ("none"), or repeats the last one ("latched")
    speeds   does it tell speed and course?
    """

    id: str
    kind: Kind
    motion: Motion
    tunnel: Literal["none", "latched"] = "none"
    speeds: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """An asset was truly within a place from `entered` to `left`, microseconds UTC; None = before the start, after the end."""

    asset: str
    place: str
    entered: int | None
    left: int | None


class GpsWorld:
    """Of a scenario, on its own land or on a given one. Assets are made as they are asked for, or given with `add`."""

    def __init__(self, scenario: GpsScenario | None = None, ground: Land | None = None) -> None:
        self.scenario = scenario or GpsScenario()
        self._land = ground
        self._assets: dict[str, Asset] = {}

    @cached_property
    def land(self) -> Land:
        return self._land or land(self.scenario)

    @property
    def assets(self) -> Mapping[str, Asset]:
        """By their ids, in the order in which they were made."""
        return self._assets

    @property
    def end(self) -> int:
        """Microseconds UTC."""
        return self.scenario.start + round(self.scenario.seconds * SECOND)

    def add(self, asset: Asset) -> Asset:
        """One with a way of its own. Raises ValueError if there is one of this id."""
        if self._assets.setdefault(asset.id, asset) is not asset:
            raise ValueError(f"{asset.id} is in this world already; give the other one another id")
        return asset

    def asset(
        self, id: str, kind: Kind, tunnel: Literal["none", "latched"] = "none", speeds: bool = True
    ) -> Asset:
        """The one of that id; if there is none it is made, with a journey as its kind has them."""
        if id not in self._assets:
            motion = journey(kind, self.scenario, self.land, self._chance(id, _JOURNEY))
            self.add(Asset(id, kind, motion, tunnel, speeds))
        return self._assets[id]

    def truth(self, id: str, time: NDArray[np.int64]) -> Moving:
        """Where the asset truly is at these times, microseconds UTC."""
        return self._assets[id].motion.at((time - self.scenario.start) / SECOND)

    def received(self, id: str, every: float) -> Received:
        """What the asset's receiver says each `every` seconds, from the start of the world to its end."""
        step = round(every * SECOND)
        return self.received_at(id, np.arange(self.scenario.start, self.end, step, dtype=np.int64))

    def received_at(self, id: str, time: NDArray[np.int64]) -> Received:
        """The same at these times, which ascend."""
        asset, scenario = self._assets[id], self.scenario
        rng = self._chance(id, _SKY)
        true = self.truth(id, time)
        canyon = _in_any(self.land.canyons, true)
        hidden = _in_any(self.land.tunnels, true)
        off = errors(scenario, (time - scenario.start) / SECOND, canyon, rng)
        lat, lon = self.land.frame.degrees(true.east + off.east, true.north + off.north)
        speed, course = _velocity(true, scenario.velocity_sigma, rng)
        if not asset.speeds:
            speed, course = np.full(len(time), np.nan), np.full(len(time), np.nan)
        used = np.where(
            canyon,
            rng.integers(*scenario.canyon_satellites, len(time)),
            rng.integers(*scenario.satellites, len(time)),
        )
        told = (lat, lon, GROUND + off.up, speed, course, off.claimed)
        return _held(time, told, used, hidden, LATCHED if asset.tunnel == "latched" else NONE)

    def stays(self) -> list[Stay]:
        """When each asset made so far truly came into each place and left it, in order of time."""
        found: list[Stay] = []
        for asset in self._assets.values():
            for place in self.land.places:
                found += self._stays(asset, place)
        return sorted(found, key=lambda one: (one.entered or 0, one.asset, one.place))

    def _stays(self, asset: Asset, place: Circle) -> list[Stay]:
        inside, seconds = asset.motion.crossings(place.centre, place.radius)
        times = [self.scenario.start + round(one * SECOND) for one in seconds if one < self.scenario.seconds]
        bounds: list[int | None] = [None, *times] if inside else [*times]
        if len(bounds) % 2:
            bounds.append(None)
        return [Stay(asset.id, place.id, *pair) for pair in zip(bounds[::2], bounds[1::2], strict=True)]

    def _chance(self, id: str, what: int) -> np.random.Generator:
        """Each asset has its own, so that another one changes nothing for it."""
        return np.random.default_rng([self.scenario.seed, what, zlib.crc32(id.encode())])


def _in_any(circles: tuple[Circle, ...], at: Moving) -> NDArray[np.bool_]:
    inside = np.zeros(len(at.east), np.bool_)
    for one in circles:
        inside |= one.holds(at.east, at.north)
    return inside


def _velocity(true: Moving, sigma: float, rng: np.random.Generator) -> tuple[Column, Column]:
    """As a receiver measures it, by Doppler: what is wrong with its position does not touch it."""
    east = true.east_rate + rng.normal(0.0, sigma, len(true.east))
    north = true.north_rate + rng.normal(0.0, sigma, len(true.east))
    return np.hypot(east, north), np.degrees(np.arctan2(east, north)) % 360.0


def _held(
    time: NDArray[np.int64],
    told: tuple[Column, ...],
    used: NDArray[np.int64],
    hidden: NDArray[np.bool_],
    as_fix: int,
) -> Received:
    """Where it is hidden, what was told before; of what is hidden from the beginning, what would be told."""
    rows = np.arange(len(time))
    last = np.maximum.accumulate(np.where(hidden, -1, rows))
    rows = np.where(last < 0, rows, last)
    lat, lon, alt, speed, course, accuracy = (column[rows] for column in told)
    satellites = np.where(hidden & (as_fix == NONE), 0, used[rows]).astype(np.int16)
    fix = np.where(hidden, as_fix, GOOD).astype(np.uint8)
    return Received(time, lat, lon, alt, speed, course, accuracy, satellites, fix)
