"""Somebody who scans the label of each pallet that comes: a world's tags as barcodes."""

from collections.abc import Callable, Iterable

from simulators.clock import SECOND, Clock, sleep_until
from simulators.deliveries import sightings
from simulators.labels import Printed, pallet_label
from simulators.world import Sightings

AWAY = 60 * SECOND
"""Microseconds after which a pallet that was not there meanwhile has come again."""


class Clerk:
    """`read` lets the scanner read a label."""

    def __init__(self, read: Callable[[Printed], None], clock: Clock) -> None:
        self._read = read
        self._clock = clock

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Once a stay."""
        last: dict[bytes, int] = {}
        for piece in pieces:
            for sent, sighting in sightings(piece, epcs):
                label = pallet_label(sighting.epc)
                if label is None:
                    continue
                if sent - last.get(sighting.epc, -AWAY) >= AWAY:
                    await sleep_until(self._clock, sent)
                    self._read(label)
                last[sighting.epc] = sent
