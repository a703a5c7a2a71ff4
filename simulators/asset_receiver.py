"""The receiver of one asset of the GPS world, as the simulated devices ask it."""

from functools import cached_property
from typing import Literal

from simulators.clock import SECOND
from simulators.gps_world import GpsWorld, Received
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
        said = self._said
        row = min(max((time - self.start) // self._step, 0), len(said) - 1)
        return Place(
            float(said.lat[row]),
            float(said.lon[row]),
            float(said.alt[row]),
            float(said.speed[row]),
            float(said.course[row]),
            float(said.accuracy[row]),
            int(said.satellites[row]),
            _FIXES[said.fix[row]],
        )

    @cached_property
    def _said(self) -> Received:
        return self._world.received(self.asset, self._every)
