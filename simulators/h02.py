"""Trackers that speak H02, drive around and call a gateway."""

import asyncio
from collections.abc import Sequence

from drivers.codecs import h02
from simulators.logbook import Noted
from simulators.receiver import KMH
from simulators.trackers import SimulatedTracker, ask


class SimulatedH02(SimulatedTracker):
    """One of them; there is no login, and nothing says what had been kept back."""

    foreseen = False

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = f"*HQ,{self.imei},HTBT,100#".encode("ascii")
        await ask(reader, writer, said, f"*HQ,{self.imei},HTBT#".encode("ascii"))

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        (one,) = batch
        place = one.place
        said = h02.located(
            self.imei,
            one.dated,
            place.lat,
            place.lon,
            place.kmh / KMH / h02.KNOT,
            place.heading,
            not one.hidden,
        )
        return said, f"*HQ,{self.imei},V4,V1,".encode("ascii")
