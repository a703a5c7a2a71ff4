"""Somebody who scans the label of each pallet that comes: a world's tags as barcodes."""

from collections.abc import Callable, Iterable, Sequence

from simulators.clock import SECOND, Clock, sleep_until
from simulators.declared import Declared, told_time
from simulators.deliveries import sightings
from simulators.labels import Printed, pallet_label
from simulators.lasting import QOS, Publisher
from simulators.llrp_reports import Sighting
from simulators.world import Sightings

AWAY = 60 * SECOND
"""Microseconds after which a pallet that was not there meanwhile has come again."""


class Newcomers:
    """Which pallets have come, for somebody who looks at each once a stay."""

    def __init__(self) -> None:
        self._last: dict[bytes, int] = {}

    def label(self, epc: bytes, time: int) -> Printed | None:
        """That of a pallet that has just come; None of one that is there, and of what is no pallet's."""
        label = pallet_label(epc)
        if label is None:
            return None
        known = time - self._last.get(epc, -AWAY) < AWAY
        self._last[epc] = time
        return None if known else label


class Clerk:
    """`read` lets the scanner read a label."""

    def __init__(self, read: Callable[[Printed], None], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._newcomers = Newcomers()

    async def play(self, pieces: Iterable[Sightings], epcs: tuple[bytes, ...]) -> None:
        """Once a stay."""
        for piece in pieces:
            for sent, sighting in sightings(piece, epcs):
                label = self._newcomers.label(sighting.epc, sent)
                if label is not None:
                    await sleep_until(self._clock, sent)
                    self._read(label)


class JsonClerk:
    """One whose scanner publishes what it reads as JSON; `unit` is that of its times."""

    def __init__(self, declared: Declared, unit: str) -> None:
        self._declared = declared
        self._unit = unit
        self._newcomers = Newcomers()

    async def tell(self, client: Publisher, seen: Sequence[tuple[Sighting, int]]) -> None:
        """Publish the labels of those that came, with their times (microseconds UTC)."""
        for sighting, time in seen:
            label = self._newcomers.label(sighting.epc, time)
            if label is not None:
                values = {"code": label.text, "time": told_time(time, self._unit), "operator": "EMP-1"}
                await client.publish(*self._declared.message(values), QOS)
