"""Teltonika trackers that drive around and call a gateway. Each keeps its own record of what it was told to forget.

A report stays in the tracker until its frame was acknowledged with the right number; then it is `acknowledged`. What
the journal has to hold is that list, and nothing of it twice.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field

from drivers.codecs.teltonika import Record, datagram, frame, login
from drivers.codecs.teltonika_io import CODEC_8
from simulators.clock import SECOND, Clock
from simulators.track import Place, Track

MOST = 20
"""Records in a frame."""

PATIENCE = 5.0
"""Seconds that a tracker waits for an answer."""

RETRY = 1.0
_KMH = 3.6


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong.

    lost      each so many-th acknowledgement never arrives, and the tracker calls again;  0 = none
    repeated  each so many-th frame is sent once more although it was acknowledged
    ahead     microseconds that its clock is ahead
    tunnel    from when to when it has no satellite, and tells its last position: true times
    silent    from when to when it has no network, so that it keeps what it has to say
    """

    lost: int = 0
    repeated: int = 0
    ahead: int = 0
    tunnel: tuple[int, int] = (0, 0)
    silent: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class SimulatedTeltonika:
    """One tracker, which notes where it is each `every` seconds from `since` on (microseconds UTC).

    made          all true times and places that it noted;  acknowledged: those that it was told to forget
    """

    imei: str
    track: Track
    since: int
    every: float = 1.0
    faults: Faults = field(default_factory=Faults)
    codec: int = CODEC_8
    made: list[tuple[int, Place]] = field(default_factory=list)
    acknowledged: list[tuple[int, Place]] = field(default_factory=list)
    _held: deque[tuple[Record, int, Place]] = field(default_factory=deque)
    _last: Place | None = None
    _frames: int = 0

    def note(self, now: int) -> None:
        """All that is due at the true time `now`."""
        step = round(self.every * SECOND)
        while (time := self.since + len(self.made) * step) <= now:
            hidden = self.faults.tunnel[0] <= time < self.faults.tunnel[1]
            place = self._last if hidden and self._last is not None else self.track.at(time)
            self._last = place
            self.made.append((time, place))
            self._held.append((self._record(time, place, hidden), time, place))

    def connected(self, now: int) -> bool:
        """Has it a network?"""
        return not self.faults.silent[0] <= now < self.faults.silent[1]

    async def call(self, host: str, port: int, clock: Clock) -> None:
        """Over TCP, again and again, until it is cancelled."""
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await self._talk(host, port, clock)
            await asyncio.sleep(RETRY)

    async def _talk(self, host: str, port: int, clock: Clock) -> None:
        """One connection."""
        if not self.connected(clock.now()):
            return
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(login(self.imei))
            async with asyncio.timeout(PATIENCE):
                if await reader.readexactly(1) != b"\1":
                    raise EOFError("refused")
            while self.connected(clock.now()):
                self.note(clock.now())
                await self._deliver(reader, writer)
                await asyncio.sleep(self.every / 4)
        finally:
            writer.transport.abort()

    async def _deliver(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All that it holds. Raises EOFError where an acknowledgement is lost."""
        while self._held:
            batch = [self._held[at] for at in range(min(MOST, len(self._held)))]
            said = frame([record for record, _, _ in batch], self.codec)
            await self._ask(reader, writer, said, len(batch))
            self._frames += 1
            if self.faults.lost and self._frames % self.faults.lost == 0:
                raise EOFError("the acknowledgement was lost")
            for _ in batch:
                _, time, place = self._held.popleft()
                self.acknowledged.append((time, place))
            if self.faults.repeated and self._frames % self.faults.repeated == 0:
                await self._ask(reader, writer, said, len(batch))

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, count: int
    ) -> None:
        writer.write(said)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.readexactly(4)
        if int.from_bytes(answer) != count:
            raise EOFError(f"{count} records, and {answer.hex()} is the answer")

    def datagram(self, number: int) -> tuple[bytes, int]:
        """What it holds as a datagram, and how many records are in it; `acknowledge` when it was answered."""
        batch = [self._held[at][0] for at in range(min(MOST, len(self._held)))]
        return datagram(self.imei, 0xCAFE, number, batch, self.codec), len(batch)

    def acknowledge(self, count: int) -> None:
        """So many records were told to be there."""
        for _ in range(count):
            _, time, place = self._held.popleft()
            self.acknowledged.append((time, place))

    def _record(self, time: int, place: Place, hidden: bool) -> Record:
        moving = place.speed > 0
        return Record(
            (time + self.faults.ahead) // 1000,
            place.lat,
            place.lon,
            round(place.alt),
            round(place.course) % 360,
            0 if hidden else 9,
            round(place.speed * _KMH),
            io={
                1: {239: 1, 240: int(moving), 21: 4, 69: 2 if hidden else 1},
                2: {66: 12_600, 67: 4_100, 182: 9},
                4: {16: len(self.made)},
            },
        )
