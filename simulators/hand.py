"""The hand that holds a simulated handheld: it pulls the trigger for as long as there are tags before it."""

from collections.abc import Iterable

from simulators.clock import SECOND, sleep_until
from simulators.deliveries import sightings
from simulators.llrp_reports import Sighting
from simulators.serial_line import Line
from simulators.tsl import SimulatedTsl
from simulators.world import Sightings

PULL = SECOND
"""Microseconds between two pulls."""


class Hand:
    """`line` is that of a TSL handheld, `module`."""

    def __init__(self, line: Line, module: SimulatedTsl) -> None:
        self._line = line
        self._module = module

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Once a second what a world says is before the handheld, each tag once."""
        pulls = 0
        before: dict[bytes, Sighting] = {}
        for piece in pieces:
            for sent, sighting in sightings(piece, epcs):
                if before and sent >= pulls:
                    await self._pull(pulls, before)
                if not before:
                    pulls = sent + PULL
                before[sighting.epc] = sighting
        if before:
            await self._pull(pulls, before)

    async def _pull(self, time: int, before: dict[bytes, Sighting]) -> None:
        await sleep_until(self._line.clock, time)
        said = self._module.pull(list(before.values()))
        if said:
            self._line.send(said)
        before.clear()
