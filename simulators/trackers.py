"""Trackers that drive around and call a gateway. What each has to say stays in its logbook until it was acknowledged."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from simulators.clock import Clock
from simulators.logbook import Faults, Logbook, Noted
from simulators.receiver import Receiver

PATIENCE = 5.0
"""Seconds that a tracker waits for an answer."""

RETRY = 1.0

Opener = Callable[[str, int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
"""What makes a connection to a host and a port."""


class SimulatedTracker(Logbook, ABC):
    """One tracker: a logbook that calls."""

    most: ClassVar[int] = 1
    """Notes in a message."""

    foreseen: ClassVar[bool] = True
    """Is an answer all that `message` says, or only its beginning, with the gateway's time and # behind it?"""

    def __init__(
        self, imei: str, receiver: Receiver, since: int, every: float = 1.0, faults: Faults | None = None
    ) -> None:
        super().__init__(receiver, since, every, faults)
        self.imei = imei
        self._every = every
        self._messages = 0
        self._told = -1

    @abstractmethod
    async def greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What a connection begins with. Raises EOFError if it is refused."""

    @abstractmethod
    def message(self, batch: Sequence[Noted]) -> tuple[bytes, bytes]:
        """What is said of these notes, and the answer that acknowledges them."""

    async def call(self, host: str, port: int, clock: Clock, over: Opener = asyncio.open_connection) -> None:
        """Over TCP, or `over` something else, again and again, until it is cancelled."""
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                if self.connected(clock.now()):
                    await self._talk(*await over(host, port), clock)
            await asyncio.sleep(RETRY)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock) -> None:
        """One connection."""
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
        while batch := self.held(self.most):
            said, wanted = self.message(batch)
            await self._ask(reader, writer, said, wanted)
            self._messages += 1
            if self.faults.lost and self._messages % self.faults.lost == 0:
                raise EOFError("the acknowledgement was lost")
            self.forget(batch)
            if self.faults.repeated and self._messages % self.faults.repeated == 0:
                await self._ask(reader, writer, said, wanted)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, wanted: bytes
    ) -> None:
        await ask(reader, writer, said, wanted)
        if not self.foreseen:
            async with asyncio.timeout(PATIENCE):
                await reader.readuntil(b"#")

    def history(self, batch: Sequence[Noted]) -> bool:
        """Were all of them noted without a network, or told before, without an answer?"""
        known = all(one.kept or one.number <= self._told for one in batch)
        self._told = max(self._told, batch[-1].number)
        return known


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, said: bytes, wanted: bytes) -> None:
    """Say that, and wait for that answer. Raises EOFError if it is another one, TimeoutError if there is none."""
    writer.write(said)
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readexactly(len(wanted))
    if answer != wanted:
        raise EOFError(f"{answer.hex()} is the answer, and {wanted.hex()} is wanted")
