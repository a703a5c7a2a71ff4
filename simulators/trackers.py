"""Trackers that drive around and call a gateway. Each keeps its own record of what it was told to forget.

A report stays in the tracker until it was acknowledged; then it is in `acknowledged`. What the journal has to hold is that
list, and nothing of it twice.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simulators.clock import SECOND, Clock
from simulators.track import Place, Track

PATIENCE = 5.0
"""Seconds that a tracker waits for an answer."""

RETRY = 1.0
KMH = 3.6
"""Of a metre per second."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong.

    lost      each so many-th acknowledgement never arrives, and the tracker calls again;  0 = none
    repeated  each so many-th message is sent once more although it was acknowledged
    ahead     microseconds that its clock is ahead
    tunnel    from when to when it has no satellite, and tells its last position: true times
    silent    from when to when it has no network, so that it keeps what it has to say
    """

    lost: int = 0
    repeated: int = 0
    ahead: int = 0
    tunnel: tuple[int, int] = (0, 0)
    silent: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Noted:
    """Where it was at a true time (microseconds UTC), with a satellite or without; the how many-th note that is."""

    time: int
    place: Place
    hidden: bool
    number: int


class SimulatedTracker(ABC):
    """One tracker, which notes where it is each `every` seconds from `since` on (microseconds UTC).

    made          all true times and places that it noted;  acknowledged: those that it was told to forget
    """

    most: ClassVar[int] = 1
    """Notes in a message."""

    def __init__(
        self, imei: str, track: Track, since: int, every: float = 1.0, faults: Faults | None = None
    ) -> None:
        self.imei = imei
        self.faults = faults or Faults()
        self.made: list[tuple[int, Place]] = []
        self.acknowledged: list[tuple[int, Place]] = []
        self._track = track
        self._since = since
        self._every = every
        self._held: deque[Noted] = deque()
        self._last: Place | None = None
        self._messages = 0

    @abstractmethod
    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What a connection begins with. Raises EOFError if it is refused."""

    @abstractmethod
    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        """What is said of these notes, and the answer that acknowledges them."""

    def note(self, now: int) -> None:
        """All that is due at the true time `now`."""
        step = round(self._every * SECOND)
        while (time := self._since + len(self.made) * step) <= now:
            hidden = self.faults.tunnel[0] <= time < self.faults.tunnel[1]
            place = self._last if hidden and self._last is not None else self._track.at(time)
            self._last = place
            self._held.append(Noted(time, place, hidden, len(self.made)))
            self.made.append((time, place))

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
            async with asyncio.timeout(PATIENCE):
                await self.greet(reader, writer)
            while self.connected(clock.now()):
                self.note(clock.now())
                await self._deliver(reader, writer)
                await asyncio.sleep(self._every / 4)
        finally:
            writer.transport.abort()

    async def _deliver(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All that it holds. Raises EOFError where an acknowledgement is lost."""
        while self._held:
            batch = [self._held[at] for at in range(min(self.most, len(self._held)))]
            said, wanted = self.message(batch)
            await ask(reader, writer, said, wanted)
            self._messages += 1
            if self.faults.lost and self._messages % self.faults.lost == 0:
                raise EOFError("the acknowledgement was lost")
            for one in batch:
                self._held.popleft()
                self.acknowledged.append((one.time, one.place))
            if self.faults.repeated and self._messages % self.faults.repeated == 0:
                await ask(reader, writer, said, wanted)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, wanted: bytes) -> None:
    """Say that, and wait for that answer. Raises EOFError if it is another one, TimeoutError if there is none."""
    writer.write(said)
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readexactly(len(wanted))
    if answer != wanted:
        raise EOFError(f"{answer.hex()} is the answer, and {wanted.hex()} is wanted")
