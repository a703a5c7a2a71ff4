"""Trackers of the GPS world for whoever plays it: each gets an asset, and now and then a fault."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.asset_receiver import AssetReceiver
from simulators.clock import SECOND
from simulators.gps_scenario import Kind
from simulators.gps_world import GpsWorld
from simulators.logbook import Faults
from simulators.receiver import Window
from simulators.wrong_clock import WrongClock

_KINDS: tuple[Kind, ...] = ("vehicle", "vehicle", "equipment", "person")
_HOUR = 3600 * SECOND


@dataclass(frozen=True, slots=True)
class Outages:
    """No network for `lasts` of each `every` seconds, for the first time after `first` seconds; assumed."""

    first: float = 40.0
    lasts: float = 60.0
    every: float = 300.0

    def windows(self, start: int, seconds: float) -> tuple[Window, ...]:
        """In a world that begins at `start`, microseconds UTC."""
        count = int((seconds - self.first) // self.every) + 1 if seconds > self.first else 0
        begins = [start + round((self.first + number * self.every) * SECOND) for number in range(count)]
        return tuple((begin, begin + round(self.lasts * SECOND)) for begin in begins)


class Fleet:
    """Hands out receivers of assets by their names. Of four, two are vehicles, one stands, one is somebody on foot."""

    def __init__(self, world: GpsWorld) -> None:
        self.world = world

    def receiver(self, name: str, every: float = 1.0) -> AssetReceiver:
        """That of the asset of this name, which is made if there is none."""
        if name not in self.world.assets:
            number = len(self.world.assets)
            latched = number % 8 == 5
            self.world.asset(
                name, _KINDS[number % len(_KINDS)], "latched" if latched else "none", number % 8 != 6
            )
        return AssetReceiver(self.world, name, every)

    def faults(self, number: int) -> Faults:
        """Of the `number`-th tracker of a port: none, a bad network, a week counter that has run over, local time."""
        outages = Outages().windows(self.world.scenario.start, self.world.scenario.seconds)
        kinds: Mapping[int, Faults] = {
            1: Faults(lost=7, repeated=5, silent=outages),
            2: Faults(clock=WrongClock(eras=1)),
            3: Faults(clock=WrongClock(ahead=2 * _HOUR)),
        }
        return kinds.get(number % 4, Faults())
