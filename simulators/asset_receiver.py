"""The receiver of one asset of the GPS world, as the simulated devices ask it."""

from functools import cached_property
from typing import Literal

from simulators.clock import SECOND
from simulators.gps_world import GpsWorld
from simulators.receiver import Place

_FIXES: tuple[Literal["good", "none", "latched"], ...] = ("good", "none", "latched")
"""By the world's codes GOOD, NONE and LATCHED."""


class AssetReceiver:
    """It knows something new each `every` seconds; in between, and after the world's end, it says what it last knew."""

    def __init__(self, world: GpsWorld, asset: str, every: float = 1.0) -> None:
        self.asset = asset
        self._world = world
        self._every = every
        self._step = round(every * SECOND)

    @property
    def start(self) -> int:
        """Microseconds UTC: the world's."""
        return self._world.scenario.start

    def at(self, time: int) -> Place:
        """What it says at a true time, microseconds UTC."""
        row = min(max((time - self.start) // self._step, 0), len(self._said) - 1)
        return self._said[row]

    @cached_property
    def _said(self) -> list[Place]:
        said = self._world.received(self.asset, self._every)
        columns = (said.lat, said.lon, said.alt, said.speed, said.course, said.accuracy, said.satellites)
        fixes = [_FIXES[code] for code in said.fix.tolist()]
        return [Place(*row) for row in zip(*(column.tolist() for column in columns), fixes, strict=True)]
