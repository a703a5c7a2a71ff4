"""Trackers that speak GT06, drive around and call a gateway."""

import asyncio
from collections.abc import Sequence

from drivers.codecs import gt06
from simulators.clock import SECOND
from simulators.logbook import Noted
from simulators.trackers import SimulatedTracker, ask

_ALIVE = b"\x4b\x04\x03\x00\x01"
"""Terminal information, voltage, GSM, alarm, language."""

_QUARTER, _FARTHEST = 900 * SECOND, 14 * 3600 * SECOND


class SimulatedGt06(SimulatedTracker):
    """One of them; what it noted without a network, and what it tells again, is marked as kept."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = gt06.login(self.imei, 1, self.faults.clock.ahead if self._is_local() else None)
        await ask(reader, writer, hello, gt06.sealed(gt06.LOGIN, b"", 1))
        await ask(reader, writer, gt06.sealed(gt06.HEARTBEAT, _ALIVE, 2), gt06.sealed(gt06.HEARTBEAT, b"", 2))

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        (one,) = batch
        place, serial = one.place, (one.number + 3) & 0xFFFF
        content = gt06.located(
            one.dated,
            place.lat,
            place.lon,
            round(place.kmh),
            place.heading,
            place.satellites,
            not one.hidden,
        )
        tail = b"\1\0" + bytes((self.history(batch),)) + one.number.to_bytes(4)
        said = gt06.sealed(gt06.LOCATION_4G, content + gt06.CELL + tail, serial)
        return said, gt06.sealed(gt06.LOCATION_4G, b"", serial)

    def _is_local(self) -> bool:
        """Can what its clock is ahead be a time zone? Then it says so when it logs in."""
        ahead = self.faults.clock.ahead
        return ahead != 0 and ahead % _QUARTER == 0 and abs(ahead) <= _FARTHEST
