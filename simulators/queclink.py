"""Queclink trackers that drive around and call a gateway."""

import asyncio
from collections.abc import Sequence
from itertools import takewhile

from drivers.codecs import queclink
from drivers.codecs.queclink import Point
from simulators.logbook import Faults, Noted
from simulators.receiver import Receiver
from simulators.trackers import SimulatedTracker, ask


class SimulatedQueclink(SimulatedTracker):
    """One of them; up to five positions are a message, which stays the same until it was acknowledged."""

    most = 5

    def __init__(
        self, imei: str, receiver: Receiver, since: int, every: float = 1.0, faults: Faults | None = None
    ) -> None:
        super().__init__(imei, receiver, since, every, faults)
        self._open = 0

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = queclink.heartbeat(self.imei, self._since, 0xFFFF)
        await ask(reader, writer, said, b"+SACK:GTHBD,060228,FFFF$")

    def held(self, most: int) -> list[Noted]:
        """What was told without an answer; else as many as were all noted with a network, or all without."""
        if self._open:
            return super().held(self._open)
        several = super().held(most)
        return list(takewhile(lambda one: one.kept == several[0].kept, several))

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        self._open = len(batch)
        count = batch[0].number & 0xFFFF
        said = queclink.located(
            self.imei, list(map(_point, batch)), batch[-1].dated, count, self.history(batch)
        )
        return said, f"+SACK:{count:04X}$".encode("ascii")

    def forget(self, arrived: Sequence[Noted]) -> None:
        self._open = 0
        super().forget(arrived)


def _point(one: Noted) -> Point:
    place = one.place
    return Point(
        one.dated,
        place.lat,
        place.lon,
        place.kmh,
        place.heading,
        place.alt,
        0 if one.hidden else max(1, round(place.hdop)),
        100 * one.number,
    )
