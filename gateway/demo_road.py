"""The van of the demo: a tracker on the road whose acknowledgements are lost now and then, and what the journal has of it."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.records import Fixes
from gateway.reader import open_read_only

if TYPE_CHECKING:
    from simulators.clock import Clock

HOST = "127.0.0.1"
IMEI = "352093086400001"
PATIENCE = 5.0
"""Seconds that the last positions get to arrive."""

_ALIKE = 1e-6
"""Degrees: 0.1 m, and ten times what the tracker's protocol rounds off."""
_POLL = 0.05
_MILLISECOND = 1000
"""Microseconds: the tracker's protocol knows no shorter time."""

Told = tuple[int, float, float]
"""Time (microseconds UTC), lat and lon (degrees)."""


@dataclass(frozen=True, slots=True)
class Positions:
    """How many the van has told, how many the journal has, and how many of these are, each once, what was told."""

    told: int
    journalled: int
    right: int

    @property
    def perfect(self) -> bool:
        return self.told == self.journalled == self.right > 0

    def __str__(self) -> str:
        return f"{self.right} of {self.told} fixes of the van, {self.journalled} in the journal"


class Van:
    """On the road from `start` (microseconds UTC) for so many seconds, with a position each second."""

    def __init__(self, seed: int, start: int, seconds: float) -> None:
        from simulators.asset_receiver import AssetReceiver
        from simulators.clock import SECOND
        from simulators.gps_scenario import GpsScenario
        from simulators.gps_world import GpsWorld
        from simulators.logbook import Faults
        from simulators.teltonika import SimulatedTeltonika

        start -= start % _MILLISECOND
        self.port = _free_port()
        self._end = start + round(seconds * SECOND)
        roads = GpsWorld(GpsScenario(seed, start, seconds, stay=(0.0, 1.0)))
        roads.asset("van", "vehicle")
        self._tracker = SimulatedTeltonika(
            IMEI, AssetReceiver(roads, "van"), start, 1.0, Faults(lost=6, repeated=5)
        )

    def table(self) -> str:
        """Its part of the configuration."""
        device = f'[[device]]\nid = "road"\nkind = "teltonika"\nurl = "listen://{HOST}:{self.port}"\n'
        return f'{device}[[item]]\nid = "van"\nkind = "vehicle"\ntags = ["tracker:{IMEI}"]\n'

    async def drive(self, clock: "Clock") -> None:
        """Until it is cancelled."""
        await self._tracker.call(HOST, self.port, clock)

    async def arrived(self) -> None:
        """Until it was told that its positions arrived, and no longer than its patience."""
        for _ in range(round(PATIENCE / _POLL)):
            if self._tracker.due >= self._end and len(self._tracker.acknowledged) >= len(self._told()):
                return
            await asyncio.sleep(_POLL)

    def score(self, journal: Path) -> Positions:
        """What a journal has of it."""
        told = {time: (lat, lon) for time, lat, lon in self._told()}
        found = [one for one in _journalled(journal) if one[0] < self._end]
        right = {time for time, lat, lon in found if time in told and _alike((lat, lon), told[time])}
        return Positions(len(told), len(found), len(right))

    def _told(self) -> list[Told]:
        """Before the end."""
        return [(time, place.lat, place.lon) for time, place in self._tracker.made if time < self._end]


def _journalled(journal: Path) -> Iterator[Told]:
    with open_read_only(journal) as past:
        for _, one in past.rows(Fixes):
            if isinstance(one.body, Fixes):
                body = one.body
                yield from zip(body.time.tolist(), body.lat.tolist(), body.lon.tolist(), strict=True)


def _alike(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return abs(one[0] - other[0]) < _ALIKE and abs(one[1] - other[1]) < _ALIKE


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port
