"""Teltonika trackers that drive around and call a gateway."""

import asyncio
from collections.abc import Sequence

from drivers.codecs.teltonika import Record, datagram, frame, login
from drivers.codecs.teltonika_io import CODEC_8
from simulators.logbook import Noted
from simulators.trackers import SimulatedTracker, ask


class SimulatedTeltonika(SimulatedTracker):
    """One of them."""

    most = 20
    codec = CODEC_8

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader, writer, login(self.imei), b"\1")

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        return frame([self._record(one) for one in batch], self.codec), len(batch).to_bytes(4)

    def _record(self, one: Noted) -> Record:
        place = one.place
        return Record(
            one.dated // 1000,
            place.lat,
            place.lon,
            round(place.alt),
            place.heading,
            place.satellites,
            round(place.kmh),
            io={
                1: {239: 1, 240: int(place.moving), 21: 4, 69: 2 if one.hidden else 1},
                2: {66: 12_600, 67: 4_100, 182: 9},
                4: {16: one.number},
            },
        )


class SimulatedTeltonikaUdp(SimulatedTeltonika):
    """One that sends datagrams, and says in each who it is."""

    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Nobody does."""

    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        packet, number = batch[0].number & 0xFFFF, batch[0].number & 0xFF
        said = datagram(self.imei, packet, number, [self._record(one) for one in batch], self.codec)
        return said, b"\0\5" + packet.to_bytes(2) + bytes((1, number, len(batch)))
